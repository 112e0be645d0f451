//===- Normalization.cpp - LayerNormalization, RMSNormalization -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mean, then variance of the deviations (not the difference of two large sums),
// then one elementwise loop. Statistics are in f32, or in f64 for f64 data.
//===----------------------------------------------------------------------===//

#include "Broadcast.h"
#include "Elementwise.h"
#include "Reduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {
/// The normalized dims of an input and the loops over it.
struct NormRows {
  NormRows(Lowering &l, Value input, int64_t axisAttribute)
      : l(l), input(input) {
    int64_t rank = l.rankOf(input);
    axes = llvm::to_vector(
        llvm::seq<int64_t>(wrapAxis(axisAttribute, rank), rank));
    dims = l.dims(input);
    type = computeType(l.typeOf(input).getElementType());
    identity = l.b.getMultiDimIdentityMap(rank);
    kept = mapOnto(l.b.getContext(), rank, otherAxes(rank, axes));
    for (int64_t axis : otherAxes(rank, axes))
      outer.push_back(dims[axis]);
    rowMap = l.b.getMultiDimIdentityMap(outer.size());
    count = countOf(l, input, axes, type);
  }

  /// Mean over the row of a term of its elements and, if given, a value per
  /// row.
  Value mean(Value perRow, Body1 term) {
    SmallVector<Value> inputs{l.get(input)};
    SmallVector<AffineMap> maps{identity};
    if (perRow) {
      inputs.push_back(perRow);
      maps.push_back(kept);
    }
    Value sum = reduce(l, dims, axes, inputs, maps, l.number(type, 0),
                       [&](ImplicitLocOpBuilder &b, ValueRange a) {
                         SmallVector<Value> terms(a.drop_back());
                         terms[0] = extendHalf(b, terms[0]);
                         return sumFreely(b, term(b, terms), a.back());
                       });
    return rowwise(sum, [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
      return arith::DivFOp::create(b, a[0], count);
    });
  }
  Value rowwise(Value rows, Body1 body) {
    return l.parallel(outer, type, rows, rowMap, body);
  }
  /// 1 / sqrt(variance + epsilon)
  Value inverseRoot(Value variance, float epsilon) {
    return rowwise(
        variance, [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
          Value sum =
              arith::AddFOp::create(b, a[0], constantNumber(b, type, epsilon));
          return arith::DivFOp::create(b, constantNumber(b, type, 1),
                                       math::SqrtOp::create(b, sum));
        });
  }

  Lowering &l;
  Value input, count;
  SmallVector<int64_t> axes;
  SmallVector<OpFoldResult> dims, outer;
  Type type;
  AffineMap identity, kept, rowMap;
};
} // namespace

/// (x - mean) * inverse * scale + bias, with mean and bias where they are
/// given.
static LogicalResult finishNorm(NormRows &rows, Value result, Value mean,
                                Value inverse, Value scale, Value bias) {
  Lowering &l = rows.l;
  // Scale and bias broadcast to x; whatever is not proved is checked.
  SmallVector<Value> operands{rows.input, scale};
  if (bias && l.present(bias))
    operands.push_back(bias);
  if (failed(broadcastDims(l, result, operands)))
    return failure();
  SmallVector<Value> inputs{l.get(rows.input), inverse};
  SmallVector<AffineMap> maps{rows.identity, rows.kept};
  if (mean) {
    inputs.push_back(mean);
    maps.push_back(rows.kept);
  }
  unsigned parameters = inputs.size();
  Type element = l.typeOf(result).getElementType();
  l.set(result,
        elementwiseOver(l, result, rows.dims, element, inputs, maps,
                        ValueRange(operands).drop_front(),
                        [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                          Value y = extendHalf(b, a[0]);
                          if (mean)
                            y = arith::SubFOp::create(b, y, a[2]);
                          y = arith::MulFOp::create(b, y, a[1]);
                          y = arith::MulFOp::create(
                              b, y, convertFloat(b, a[parameters], rows.type));
                          if (a.size() > parameters + 1)
                            y = arith::AddFOp::create(
                                b, y, convertFloat(b, a.back(), rows.type));
                          return convertFloat(b, y, element);
                        }));
  return success();
}

/// A value per row as a result with unit dims, if anyone reads it.
static void setStatistic(NormRows &rows, Value result, Value perRow) {
  if (result.use_empty())
    return;
  Lowering &l = rows.l;
  RankedTensorType type = l.typeOf(result);
  Value converted = perRow;
  if (type.getElementType() != rows.type)
    converted =
        l.parallel(rows.outer, type.getElementType(), perRow, rows.rowMap,
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     return convertFloat(b, a[0], type.getElementType());
                   });
  l.set(result, insertUnitDims(l, converted, rows.axes, type));
}

static LogicalResult lowerLayerNorm(onnx::LayerNormalizationOp op,
                                    Lowering &l) {
  NormRows rows(l, op.getX(), op.getAxis());
  Value mean = rows.mean(
      Value(), [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
  Value variance =
      rows.mean(mean, [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        Value deviation = arith::SubFOp::create(b, a[0], a[1]);
        return arith::MulFOp::create(b, deviation, deviation);
      });
  Value inverse = rows.inverseRoot(variance, op.getEpsilon().convertToFloat());
  setStatistic(rows, op.getMean(), mean);
  setStatistic(rows, op.getInvStdDev(), inverse);
  if (op.getY().use_empty())
    return success();
  return finishNorm(rows, op.getY(), mean, inverse, op.getScale(), op.getB());
}

static LogicalResult lowerRMSNorm(onnx::RMSNormalizationOp op, Lowering &l) {
  NormRows rows(l, op.getX(), op.getAxis());
  Value squares =
      rows.mean(Value(), [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        return arith::MulFOp::create(b, a[0], a[0]);
      });
  Value inverse = rows.inverseRoot(squares, op.getEpsilon().convertToFloat());
  return finishNorm(rows, op.getY(), Value(), inverse, op.getScale(), Value());
}

void qopt::registerNormalization(Registry &registry) {
  registry.add(lowerLayerNorm);
  registry.add(lowerRMSNorm);
}
