//===- Evaluate.h - ops on constants -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes the results of an op whose operands are constants. An evaluator that
// does not know the op, or does not want to, returns nothing: never an error,
// as the op can still be compiled.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EVALUATE_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EVALUATE_H

#include "HostTensor.h"

#include "mlir/IR/Operation.h"

namespace mlir::onnx {

// Operands; null for those of type none.
using HostOperands = ArrayRef<const HostTensor *>;
// One tensor per result; empty if the op was not evaluated.
using HostResults = SmallVector<HostTensor, 1>;

inline HostResults single(HostTensor &&tensor) {
  HostResults results;
  results.push_back(std::move(tensor));
  return results;
}

HostResults evaluateElementwise(Operation *op, HostOperands operands);
HostResults evaluateMovement(Operation *op, HostOperands operands);
HostResults evaluateIndexing(Operation *op, HostOperands operands);
HostResults evaluateQuantization(Operation *op, HostOperands operands);
HostResults evaluateReduction(Operation *op, HostOperands operands);

// Copies the element at `start + sum(index[i] * strides[i])` of `from` for
// every index of `to`, in row-major order.
void copyStrided(const HostTensor &from, int64_t start,
                 ArrayRef<int64_t> strides, HostTensor &to);
SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape);

// The static type of a result; null if a dim is not known or the element type
// is not supported.
RankedTensorType staticResultType(Operation *op, unsigned result = 0);

// All elements of an integer tensor.
SmallVector<int64_t> toInts(const HostTensor &tensor);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_EVALUATE_H
