//===- Broadcast.h - elementwise code with ONNX's broadcasting ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linalg has no size-1 broadcast: an operand dim that is 1 has to be known as 1
// when the indexing map is made. What is not proved is checked at run time, and
// the operand is read through an index that is 0 where its dim is 1.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_BROADCAST_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_BROADCAST_H

#include "Lowering.h"

namespace mlir::qopt {

/// Dims of `result`, to which all operands (graph values) broadcast. Checks at
/// run time what is not proved, and computes what the analysis leaves open.
FailureOr<SmallVector<OpFoldResult>> broadcastDims(Lowering &l, Value result,
                                                   ValueRange operands);

/// Dim i of `result`, to which some dims of graph values broadcast; none of
/// them is known to be 1. Checks and computes as broadcastDims does.
FailureOr<OpFoldResult> broadcastDim(Lowering &l, Value result, int64_t i,
                                     ArrayRef<std::pair<Value, int64_t>> parts);

/// How an operand is read in a loop nest over a broadcast shape.
struct BroadcastOperand {
  /// Splat constant, or null.
  TypedAttr splat;
  Value tensor;
  /// Indexing map; null if the operand is read with `indices`.
  AffineMap map;
  /// For operands with unproved dims: whether the operand's dim is 1; null
  /// where it is the loop's, a true constant where it is known to be 1.
  SmallVector<Value> isOne;
  SmallVector<bool> one;
};

/// The shape broadcast to is that of the graph value `result`.
BroadcastOperand mapOperand(Lowering &l, Value operand, Value result);

/// Computes `body` over the elements of all operands (graph values; absent ones
/// give null arguments), of element type `element`, in the shape of `result`.
FailureOr<Value> elementwise(Lowering &l, Value result, Type element,
                             ValueRange operands, Body1 body);

/// The same in a shape that is known to fit: no checks. `tensors` with their
/// maps come in front of the operands.
Value elementwiseOver(Lowering &l, Value result, ArrayRef<OpFoldResult> dims,
                      Type element, ValueRange tensors,
                      ArrayRef<AffineMap> tensorMaps, ValueRange operands,
                      Body1 body);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_BROADCAST_H
