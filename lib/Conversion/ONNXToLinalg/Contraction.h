//===- Contraction.h - products over a common dim -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_CONTRACTION_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_CONTRACTION_H

#include "ConstantData.h"
#include "Lowering.h"

namespace mlir::qopt {

/// Loop nest of a NumPy matmul: batch dims, rows, columns, then the contracted
/// dim. A rank-1 operand has no rows or columns of its own.
struct Contraction {
  Value a, b;
  AffineMap aMap, bMap, resultMap;
  SmallVector<utils::IteratorType> loops;
  /// Dims of the result.
  SmallVector<OpFoldResult> dims;
  /// Loops of the rows and columns, or -1.
  int64_t rowLoop = -1, columnLoop = -1;
};

/// The loop nest for operands and result (graph values) by the rules of MatMul.
FailureOr<Contraction> contractionOf(Lowering &l, Value a, Value b,
                                     Value result);

/// A sum of products, from zero; half types are summed in f32. `inputs` with
/// their maps are read beside the operands; `term` gets all of them.
Value contract(Lowering &l, const Contraction &contraction, Type sum,
               ValueRange inputs, ArrayRef<AffineMap> maps, Body1 term);

/// qopt.matmul of a float tensor [..., K] with a constant [K, N]; f32 result.
/// The dims of lhs are given; the last is checked against K. `rounded`: bf16,
/// what both operands are rounded to, or null.
FailureOr<Value> matmulWithWeight(Lowering &l, Value lhs,
                                  ArrayRef<OpFoldResult> dims,
                                  ElementsAttr weight, Type rounded);

/// Operands of a qopt.matmul; all but lhs and rhs may be null.
struct MatmulOperands {
  Value lhs, rhs, lhsScale, rhsScale, lhsZero, tailLhs, tailRhs, columns, bias;
  IntegerAttr groupSize;
};

/// qopt.matmul with an epilogue that adds the optional bias.
Value buildMatmul(Lowering &l, Value init, const MatmulOperands &operands);

/// The kernel's form of a graph value if it has one; a constant is read from
/// the weights section. Null for null.
Value kernelOperand(Lowering &l, Value graph);

/// Integer products read rows in blocks of this many codes.
inline constexpr int64_t kCodeBlock = 64;

/// Numbers that a kernel reads, as a rank-1 tensor in the weights section.
template <typename T>
Value constantVector(Lowering &l, Type element, ArrayRef<T> numbers,
                     StringRef name) {
  auto type = RankedTensorType::get({int64_t(numbers.size())}, element);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(numbers.data()),
                       numbers.size() * sizeof(T));
  return l.weight(makeBlob(type, bytes, name));
}

/// Says of a qopt.matmul that its codes come from elsewhere than a
/// quantize_rows: they are signed, however the target stores its own.
void markSignedCodes(Value product);

/// Elementwise copy as another float type.
Value convertTensor(Lowering &l, Value tensor, Type element);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_CONTRACTION_H
