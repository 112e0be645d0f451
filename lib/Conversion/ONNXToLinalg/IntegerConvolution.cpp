//===- IntegerConvolution.cpp - ConvInteger, QLinearConv ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Zero points are taken off in front, so that padding is zero; the sums are
// those of Conv in i32. QLinearConv rounds as ONNX Runtime does.
//===----------------------------------------------------------------------===//

#include "Convolution.h"
#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"

using namespace mlir;
using namespace mlir::qopt;

/// `graph` minus its zero point, in i32. The zero point is absent, one element,
/// or one per entry of dim 0.
static FailureOr<Value> subtractZeroPoint(Lowering &l, Value graph,
                                          Value zeroPoint) {
  Type element = l.elementOf(graph), i32 = l.b.getI32Type();
  int64_t rank = l.rankOf(graph);
  SmallVector<Value> inputs{l.get(graph)};
  SmallVector<AffineMap> maps{l.b.getMultiDimIdentityMap(rank)};
  Value scalar;
  bool isVector = false;
  if (l.present(zeroPoint)) {
    isVector = l.rankOf(zeroPoint) == 1 && !l.expr(zeroPoint, 0).isConstant(1);
    if (isVector) {
      if (failed(l.requireEqual(zeroPoint, 0, graph, 0, "zero points")))
        return failure();
      inputs.push_back(l.get(zeroPoint));
      maps.push_back(mapOnto(l.b.getContext(), rank, {0}));
    } else {
      auto given = l.scalarOf(zeroPoint);
      if (failed(given))
        return failure();
      scalar = castScalar(l.b, *given, element, i32);
    }
  }
  return l.parallel(
      l.dims(graph), i32, inputs, maps,
      [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        Value x = castScalar(b, a[0], element, i32);
        if (isVector)
          return arith::SubIOp::create(b, x, castScalar(b, a[1], element, i32));
        return scalar ? Value(arith::SubIOp::create(b, x, scalar)) : x;
      });
}

template <typename OpTy>
static FailureOr<Value> integerSums(OpTy op, Lowering &l) {
  Convolution c = describeConvolution(l, op, op.getX(), op.getW());
  auto x = subtractZeroPoint(l, op.getX(), op.getXZeroPoint());
  auto w = subtractZeroPoint(l, op.getW(), op.getWZeroPoint());
  if (failed(x) || failed(w))
    return failure();
  c.x = *x;
  c.w = *w;
  return convolve(l, c);
}

static LogicalResult lowerConvInteger(onnx::ConvIntegerOp op, Lowering &l) {
  auto sums = integerSums(op, l);
  if (failed(sums))
    return failure();
  l.set(op.getY(), *sums);
  return success();
}

/// ONNX Runtime's arithmetic: the factor of a channel in f32, the product
/// clamped to the range of the result, then rounded.
static LogicalResult lowerQLinearConv(onnx::QLinearConvOp op, Lowering &l) {
  auto sums = integerSums(op, l);
  if (failed(sums))
    return failure();
  Value result = op.getY();
  Type element = l.elementOf(result), f32 = l.b.getF32Type(),
       i32 = l.b.getI32Type();
  int64_t rank = l.rankOf(result);
  auto xScale = l.scalarOf(op.getXScale()), yScale = l.scalarOf(op.getYScale()),
       zero = l.scalarOf(op.getYZeroPoint());
  if (failed(xScale) || failed(yScale) || failed(zero))
    return failure();
  AffineMap channels = mapOnto(l.b.getContext(), rank, {1});
  SmallVector<Value> inputs{*sums};
  SmallVector<AffineMap> maps{l.b.getMultiDimIdentityMap(rank)};
  Value wScale = op.getWScale(), scalarScale;
  bool perChannel = l.rankOf(wScale) == 1 && !l.expr(wScale, 0).isConstant(1);
  if (perChannel) {
    if (failed(l.requireEqual(wScale, 0, result, 1, "scales of w")))
      return failure();
    inputs.push_back(l.get(wScale));
    maps.push_back(channels);
  } else {
    auto given = l.scalarOf(wScale);
    if (failed(given))
      return failure();
    scalarScale = convertFloat(l.b, *given, f32);
  }
  bool hasBias = l.present(op.getB());
  if (hasBias) {
    if (failed(l.requireEqual(op.getB(), 0, result, 1, "entries of the bias")))
      return failure();
    inputs.push_back(l.get(op.getB()));
    maps.push_back(channels);
  }
  Value x = convertFloat(l.b, *xScale, f32),
        y = convertFloat(l.b, *yScale, f32);
  Value offset =
      arith::SIToFPOp::create(l.b, f32, castScalar(l.b, *zero, element, i32));
  bool isUnsigned = element.isUnsignedInteger();
  unsigned width = element.getIntOrFloatBitWidth();
  double least = isUnsigned ? 0 : -std::ldexp(1.0, width - 1),
         most = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1;
  l.set(result,
        l.parallel(
            l.dims(result), l.typeOf(result).getElementType(), inputs, maps,
            [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
              Value sum = a[0];
              if (hasBias)
                sum = arith::AddIOp::create(b, sum, a[perChannel ? 2 : 1]);
              Value w = perChannel ? convertFloat(b, a[1], f32) : scalarScale;
              Value factor =
                  arith::DivFOp::create(b, arith::MulFOp::create(b, x, w), y);
              Value value = arith::MulFOp::create(
                  b, arith::SIToFPOp::create(b, f32, sum), factor);
              auto bound = [&](double limit) {
                return arith::SubFOp::create(b, constantNumber(b, f32, limit),
                                             offset);
              };
              value = arith::MaxNumFOp::create(b, value, bound(least));
              value = arith::MinNumFOp::create(b, value, bound(most));
              value = math::RoundEvenOp::create(b, value);
              value = arith::AddFOp::create(b, value, offset);
              Value whole = arith::FPToSIOp::create(b, i32, value);
              return arith::TruncIOp::create(
                  b, l.typeOf(result).getElementType(), whole);
            }));
  return success();
}

void qopt::registerIntegerConvolution(Registry &registry) {
  registry.add(lowerConvInteger);
  registry.add(lowerQLinearConv);
}
