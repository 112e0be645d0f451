//===- Determinant.cpp - Det ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gaussian elimination with partial pivoting on a copy of each matrix; the
// determinant is the product of the pivots, negated at every exchange of rows.
//===----------------------------------------------------------------------===//

#include "Loops.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {
class Elimination {
public:
  Elimination(Lowering &l, Value size, Type type)
      : l(l), b(l.b), size(size), type(type) {}

  Value determinant(Value matrix);

private:
  Value at(Value matrix, Value row, Value column) {
    return l.read(matrix, {row, column});
  }
  /// Row in [k, size) of the largest magnitude in column k.
  Value pivotRow(Value matrix, Value k);
  /// The matrix with two rows exchanged from column k on.
  Value exchange(Value matrix, Value k, Value row);
  /// The rows below k without their column k.
  Value eliminate(Value matrix, Value k, Value pivot);

  Lowering &l;
  ImplicitLocOpBuilder &b;
  Value size;
  Type type;
};
} // namespace

Value Elimination::pivotRow(Value matrix, Value k) {
  Value first = math::AbsFOp::create(b, at(matrix, k, k));
  auto best = forLoop(l, l.add(k, l.index(1)), size, {k, first},
                      [&](Value row, ValueRange best) -> SmallVector<Value> {
                        Value magnitude =
                            math::AbsFOp::create(b, at(matrix, row, k));
                        Value larger = arith::CmpFOp::create(
                            b, arith::CmpFPredicate::OGT, magnitude, best[1]);
                        return {l.select(larger, row, best[0]),
                                l.select(larger, magnitude, best[1])};
                      });
  return best[0];
}

Value Elimination::exchange(Value matrix, Value k, Value row) {
  return forLoop(l, k, size, matrix,
                 [&](Value column, ValueRange m) -> SmallVector<Value> {
                   Value upper = at(m[0], k, column);
                   Value lower = at(m[0], row, column);
                   Value next = tensor::InsertOp::create(b, lower, m[0],
                                                         ValueRange{k, column});
                   return {tensor::InsertOp::create(b, upper, next,
                                                    ValueRange{row, column})};
                 })
      .front();
}

Value Elimination::eliminate(Value matrix, Value k, Value pivot) {
  Value below = l.add(k, l.index(1));
  return forLoop(
             l, below, size, matrix,
             [&](Value row, ValueRange m) -> SmallVector<Value> {
               Value factor = arith::DivFOp::create(b, at(m[0], row, k), pivot);
               return forLoop(
                   l, below, size, m[0],
                   [&](Value column, ValueRange n) -> SmallVector<Value> {
                     Value product =
                         arith::MulFOp::create(b, factor, at(n[0], k, column));
                     Value rest = arith::SubFOp::create(
                         b, at(n[0], row, column), product);
                     return {tensor::InsertOp::create(b, rest, n[0],
                                                      ValueRange{row, column})};
                   });
             })
      .front();
}

Value Elimination::determinant(Value matrix) {
  Value zero = l.number(type, 0);
  return forLoop(l, l.index(0), size, {matrix, l.number(type, 1)},
                 [&](Value k, ValueRange state) -> SmallVector<Value> {
                   Value row = pivotRow(state[0], k);
                   Value moved = l.compare(arith::CmpIPredicate::ne, row, k);
                   Value sorted = exchange(state[0], k, row);
                   Value pivot = at(sorted, k, k);
                   Value isZero = arith::CmpFOp::create(
                       b, arith::CmpFPredicate::OEQ, pivot, zero);
                   // A column of zeros: the product is 0 whatever follows, and
                   // must not become NaN.
                   Value divisor = l.select(isZero, l.number(type, 1), pivot);
                   Value next = eliminate(sorted, k, divisor);
                   Value sign =
                       l.select(moved, l.number(type, -1), l.number(type, 1));
                   Value product = arith::MulFOp::create(b, state[1], pivot);
                   return {next, arith::MulFOp::create(b, product, sign)};
                 })[1];
}

static LogicalResult lowerDet(onnx::DetOp op, Lowering &l) {
  auto &b = l.b;
  Value x = op.getX(), data = l.get(x);
  int64_t rank = l.rankOf(x);
  if (failed(l.requireEqual(x, rank - 2, x, rank - 1, "rows and columns")))
    return failure();
  Type element = l.typeOf(x).getElementType(), type = computeType(element);
  SmallVector<OpFoldResult> dims = l.dims(x);
  SmallVector<OpFoldResult> matrix{dims[rank - 2], dims[rank - 1]};
  SmallVector<Value> batch;
  for (OpFoldResult size : ArrayRef(dims).drop_back(2))
    batch.push_back(l.value(size));
  Elimination elimination(l, l.value(matrix[0]), type);
  Value result = l.loopNest(
      batch, l.emptyFor(op.getY()), [&](ArrayRef<Value> indices, Value out) {
        SmallVector<Value> from(indices);
        Value copy = l.parallel(
            matrix, type, {}, {},
            [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
              SmallVector<Value> place(from);
              place.push_back(linalg::IndexOp::create(inner, 0));
              place.push_back(linalg::IndexOp::create(inner, 1));
              return extendHalf(inner,
                                tensor::ExtractOp::create(inner, data, place));
            });
        Value value = elimination.determinant(copy);
        return tensor::InsertOp::create(b, convertFloat(b, value, element), out,
                                        indices)
            .getResult();
      });
  l.set(op.getY(), result);
  return success();
}

void qopt::registerDeterminant(Registry &registry) { registry.add(lowerDet); }
