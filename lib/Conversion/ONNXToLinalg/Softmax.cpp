//===- Softmax.cpp - Softmax, LogSoftmax, Hardmax -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maximum, exponential of the difference, sum, quotient: four loops over a row,
// in f32 for half types. The quotient is a product with one reciprocal per row.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Reduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {
/// What the steps of a softmax have in common.
struct Rows {
  Rows(Lowering &l, Value input, int64_t axisAttribute) : l(l) {
    int64_t rank = l.rankOf(input);
    axis = wrapAxis(axisAttribute, rank);
    tensor = l.get(input);
    dims = l.dims(input);
    element = l.typeOf(input).getElementType();
    type = computeType(element);
    identity = l.b.getMultiDimIdentityMap(rank);
    kept = mapOnto(l.b.getContext(), rank, otherAxes(rank, {axis}));
  }

  Value maximum() {
    double lowest = -std::numeric_limits<double>::infinity();
    return reduce(l, dims, {axis}, tensor, identity, l.number(type, lowest),
                  [&](ImplicitLocOpBuilder &b, ValueRange a) {
                    return maximumFreely(b, extendHalf(b, a[0]), a[1]);
                  });
  }
  /// Sum of exp(x) over an input that is shifted already.
  Value sum(Value powers, Body1 term) {
    return reduce(l, dims, {axis}, powers, identity, l.number(type, 0),
                  [&](ImplicitLocOpBuilder &b, ValueRange a) {
                    return sumFreely(b, term(b, a[0]), a[1]);
                  });
  }
  /// Elementwise over the input's shape, with one value per row.
  Value apply(Value whole, Value perRow, Type result, Body1 body) {
    return l.parallel(dims, result, {whole, perRow}, {identity, kept}, body);
  }

  Lowering &l;
  int64_t axis;
  Value tensor;
  SmallVector<OpFoldResult> dims;
  Type element, type;
  AffineMap identity, kept;
};
} // namespace

static LogicalResult lowerSoftmax(onnx::SoftmaxOp op, Lowering &l) {
  Rows rows(l, op.getInput(), op.getAxis());
  Value powers =
      rows.apply(rows.tensor, rows.maximum(), rows.type,
                 [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                   return math::ExpOp::create(
                       b, arith::SubFOp::create(b, extendHalf(b, a[0]), a[1]));
                 });
  Value sum = rows.sum(
      powers, [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
  SmallVector<OpFoldResult> outer;
  for (int64_t axis : otherAxes(rows.dims.size(), {rows.axis}))
    outer.push_back(rows.dims[axis]);
  Value reciprocal = l.parallel(
      outer, rows.type, sum, l.b.getMultiDimIdentityMap(outer.size()),
      [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        return arith::DivFOp::create(b, constantNumber(b, rows.type, 1), a[0]);
      });
  l.set(op.getOutput(),
        rows.apply(powers, reciprocal, rows.element,
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     return convertFloat(
                         b, arith::MulFOp::create(b, a[0], a[1]), rows.element);
                   }));
  return success();
}

/// x - max - log(sum(exp(x - max)))
static LogicalResult lowerLogSoftmax(onnx::LogSoftmaxOp op, Lowering &l) {
  Rows rows(l, op.getInput(), op.getAxis());
  Value shifted =
      rows.apply(rows.tensor, rows.maximum(), rows.type,
                 [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                   return arith::SubFOp::create(b, extendHalf(b, a[0]), a[1]);
                 });
  Value sum =
      rows.sum(shifted, [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        return math::ExpOp::create(b, a[0]);
      });
  l.set(op.getOutput(), rows.apply(shifted, sum, rows.element,
                                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                                     Value difference = arith::SubFOp::create(
                                         b, a[0], math::LogOp::create(b, a[1]));
                                     return convertFloat(b, difference,
                                                         rows.element);
                                   }));
  return success();
}

/// 1 at the first maximum of a row, 0 elsewhere.
static LogicalResult lowerHardmax(onnx::HardmaxOp op, Lowering &l) {
  Rows rows(l, op.getInput(), op.getAxis());
  Value largest = rows.maximum();
  Type index = l.b.getI64Type();
  Value first =
      reduce(l, rows.dims, {rows.axis}, {rows.tensor, largest},
             {rows.identity, rows.kept},
             constantInteger(l.b, index, APInt::getSignedMaxValue(64)),
             [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
               Value here = arith::IndexCastOp::create(
                   b, index, linalg::IndexOp::create(b, rows.axis));
               Value isLargest = arith::CmpFOp::create(
                   b, arith::CmpFPredicate::OEQ, extendHalf(b, a[0]), a[1]);
               return arith::SelectOp::create(
                   b, isLargest, arith::MinSIOp::create(b, here, a[2]), a[2]);
             });
  l.set(op.getOutput(),
        l.parallel(rows.dims, rows.element, first, rows.kept,
                   [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     Value here = arith::IndexCastOp::create(
                         b, index, linalg::IndexOp::create(b, rows.axis));
                     Value isFirst = arith::CmpIOp::create(
                         b, arith::CmpIPredicate::eq, here, a[0]);
                     return arith::SelectOp::create(
                         b, isFirst, constantNumber(b, rows.element, 1),
                         constantNumber(b, rows.element, 0));
                   }));
  return success();
}

void qopt::registerSoftmax(Registry &registry) {
  registry.add(lowerSoftmax);
  registry.add(lowerLogSoftmax);
  registry.add(lowerHardmax);
}
