//===- QuantLinear.cpp - ONNX's own quantization operators ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear: round half to even,
// saturate. Codes may be storage types: integers of 4 and 2 bits, floats of 8
// and 4 bits.
//===----------------------------------------------------------------------===//

#include "QuantLinear.h"
#include "Broadcast.h"
#include "Reduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// Range of an integer type, in float.
static std::pair<double, double> rangeOf(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0.0, std::ldexp(1.0, width) - 1};
  return {-std::ldexp(1.0, width - 1), std::ldexp(1.0, width - 1) - 1};
}

Value qopt::quantizeScalar(ImplicitLocOpBuilder &b, Value scaled,
                           Value zeroPoint, Type zeroType, Type to,
                           const CastRule &rule) {
  Type number = scaled.getType();
  Value shifted =
      isSmallFloat(to) ? scaled : Value(math::RoundEvenOp::create(b, scaled));
  if (zeroPoint)
    shifted = arith::AddFOp::create(b, shifted,
                                    castScalar(b, zeroPoint, zeroType, number));
  if (isSmallFloat(to))
    return castScalar(b, shifted, number, to, rule);
  auto [low, high] = rangeOf(to);
  Value inside =
      arith::MaximumFOp::create(b, shifted, constantNumber(b, number, low));
  inside =
      arith::MinimumFOp::create(b, inside, constantNumber(b, number, high));
  return castScalar(b, inside, number, to);
}

//===----------------------------------------------------------------------===//
// QuantizeLinear, DequantizeLinear
//===----------------------------------------------------------------------===//

/// Whether a vector of scales may have one element for all, or one per index of
/// the axis: that shows at run time only.
static bool isOpenVector(Lowering &l, Value x, Value parameter,
                         int64_t axisAttribute, int64_t blockSize) {
  if (l.rankOf(parameter) != 1 || blockSize != 0)
    return false;
  const onnx::DimExpr &length = l.expr(parameter, 0);
  int64_t rank = l.rankOf(x), axis = wrapAxis(axisAttribute, rank);
  return !length.getConstant() &&
         (axis < 0 || axis >= rank || length != l.expr(x, axis));
}

Value qopt::spreadVector(Lowering &l, Value parameter, OpFoldResult size) {
  Value have = l.dimValue(parameter, 0), want = l.value(size);
  Value isOne = l.compare(CmpIPredicate::eq, have, l.index(1));
  l.require(arith::OrIOp::create(l.b, isOne,
                                 l.compare(CmpIPredicate::eq, have, want)),
            "{0} zero points or scales for a dim of {1}", {have, want});
  Value tensor = l.get(parameter);
  return l.parallel(size, l.typeOf(parameter).getElementType(), {}, {},
                    [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                      Value at = arith::SelectOp::create(
                          b, isOne, arith::ConstantIndexOp::create(b, 0),
                          linalg::IndexOp::create(b, 0));
                      return tensor::ExtractOp::create(b, tensor, at);
                    });
}

/// Map onto a scale or zero point: one value, one per index of the axis, or one
/// per block of the axis.
static FailureOr<AffineMap> parameterMap(Lowering &l, Value x, Value parameter,
                                         int64_t axisAttribute,
                                         int64_t blockSize) {
  MLIRContext *context = l.b.getContext();
  int64_t rank = l.rankOf(x), own = l.rankOf(parameter);
  if (own == 0)
    return AffineMap::get(rank, 0, context);
  int64_t axis = wrapAxis(axisAttribute, rank);
  bool isOpen = isOpenVector(l, x, parameter, axisAttribute, blockSize);
  if (own == 1 && blockSize == 0 &&
      (l.expr(parameter, 0).isConstant(1) ||
       (isOpen && (axis < 0 || axis >= rank))))
    return AffineMap::get(rank, 0, getAffineConstantExpr(0, context));
  if (axis < 0 || axis >= rank)
    return l.fail("axis " + Twine(axisAttribute) + " is outside the operand");
  if (own == 1 && blockSize == 0) {
    if (!isOpen &&
        failed(l.requireEqual(parameter, 0, x, axis, "scale and axis")))
      return failure();
    return mapOnto(context, rank, {axis});
  }
  if (own != rank || blockSize <= 0)
    return l.fail("the scale does not fit the operand");
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i) {
    AffineExpr loop = getAffineDimExpr(i, context);
    exprs.push_back(i == axis ? loop.floorDiv(blockSize) : loop);
  }
  return AffineMap::get(rank, 0, exprs, context);
}

/// Reads a tensor at the indices that a map gives for the loops.
static Value readAt(ImplicitLocOpBuilder &b, Value tensor, AffineMap map) {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      indices.push_back(arith::ConstantIndexOp::create(b, constant.getValue()));
    } else if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      indices.push_back(linalg::IndexOp::create(b, dim.getPosition()));
    } else {
      auto division = cast<AffineBinaryOpExpr>(expr);
      auto loop = cast<AffineDimExpr>(division.getLHS());
      auto block = cast<AffineConstantExpr>(division.getRHS());
      indices.push_back(arith::DivUIOp::create(
          b, linalg::IndexOp::create(b, loop.getPosition()),
          arith::ConstantIndexOp::create(b, block.getValue())));
    }
  }
  return tensor::ExtractOp::create(b, tensor, indices);
}

namespace {
/// Scale and zero point beside x in a linalg.generic. Those per block are read
/// in its body: sizes cannot be inferred from a map onto blocks.
struct Parameters {
  Value scale, zeroPoint;
  AffineMap scaleMap, zeroMap;
  Type scaleType, zeroType;

  /// Inputs and maps: x, then what is read by a map.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;

  /// As f32.
  Value readScale(ImplicitLocOpBuilder &b, ValueRange arguments) {
    return castScalar(b, read(b, scale, scaleMap, arguments), scaleType,
                      b.getF32Type());
  }
  Value readZero(ImplicitLocOpBuilder &b, ValueRange arguments) {
    return zeroPoint ? read(b, zeroPoint, zeroMap, arguments) : Value();
  }

private:
  Value read(ImplicitLocOpBuilder &b, Value tensor, AffineMap map,
             ValueRange arguments) {
    for (unsigned i = 1; i < inputs.size(); ++i)
      if (inputs[i] == tensor)
        return arguments[i];
    return readAt(b, tensor, map);
  }
};
} // namespace

static FailureOr<Parameters> parametersOf(Lowering &l, Value x, Value scale,
                                          Value zeroPoint, int64_t axis,
                                          int64_t blockSize) {
  Parameters p;
  auto read = [&](Value parameter) {
    if (!isOpenVector(l, x, parameter, axis, blockSize))
      return l.get(parameter);
    // A tensor without that axis has one scale.
    int64_t rank = l.rankOf(x), wrapped = wrapAxis(axis, rank);
    bool hasAxis = wrapped >= 0 && wrapped < rank;
    return spreadVector(l, parameter,
                        hasAxis ? l.dim(x, wrapped)
                                : OpFoldResult(l.b.getIndexAttr(1)));
  };
  auto scaleMap = parameterMap(l, x, scale, axis, blockSize);
  if (failed(scaleMap))
    return failure();
  p.scale = read(scale);
  p.scaleMap = *scaleMap;
  p.scaleType = l.elementOf(scale);
  if (l.present(zeroPoint)) {
    auto zeroMap = parameterMap(l, x, zeroPoint, axis, blockSize);
    if (failed(zeroMap))
      return failure();
    p.zeroPoint = read(zeroPoint);
    p.zeroMap = *zeroMap;
    p.zeroType = l.elementOf(zeroPoint);
  }
  p.inputs = {l.get(x)};
  p.maps = {l.b.getMultiDimIdentityMap(l.rankOf(x))};
  if (blockSize != 0)
    return p;
  p.inputs.push_back(p.scale);
  p.maps.push_back(p.scaleMap);
  if (p.zeroPoint) {
    p.inputs.push_back(p.zeroPoint);
    p.maps.push_back(p.zeroMap);
  }
  return p;
}

/// The type in which x is divided by the scale: that of the scale, unless
/// `precision` (a number of ONNX) names another.
static FailureOr<Type> divisionType(onnx::QuantizeLinearOp op, Lowering &l) {
  switch (op.getPrecision()) {
  case 0: {
    Type scale = l.elementOf(op.getYScale());
    return isa<FloatType>(scale) && !isSmallFloat(scale)
               ? scale
               : Type(l.b.getF32Type());
  }
  case 1:
    return Type(l.b.getF32Type());
  case 10:
    return Type(l.b.getF16Type());
  case 16:
    return Type(l.b.getBF16Type());
  default:
    return l.fail("not implemented for precision " + Twine(op.getPrecision()));
  }
}

static LogicalResult lowerQuantizeLinear(onnx::QuantizeLinearOp op,
                                         Lowering &l) {
  Value x = op.getX(), result = op.getY();
  Type to = l.elementOf(result), from = l.elementOf(x);
  auto integer = dyn_cast<IntegerType>(to);
  if (!isSmallFloat(to) &&
      !(integer && integer.getWidth() > 1 && integer.getWidth() <= 16))
    return l.fail("not implemented for element type " + toText(to));
  FailureOr<Type> division = divisionType(op, l);
  if (failed(division))
    return failure();
  auto p = parametersOf(l, x, op.getYScale(), op.getYZeroPoint(), op.getAxis(),
                        op.getBlockSize());
  if (failed(p))
    return failure();
  CastRule rule;
  rule.saturate = op.getSaturate() != 0;
  Type f32 = l.b.getF32Type();
  l.set(result,
        l.parallel(
            l.dims(x), l.typeOf(result).getElementType(), p->inputs, p->maps,
            [&](ImplicitLocOpBuilder &b, ValueRange a) {
              Value number = castScalar(b, a[0], from, f32);
              Value scale = p->readScale(b, a);
              Value zero = p->readZero(b, a);
              Value scaled = arith::DivFOp::create(b, number, scale);
              // A quotient of halves is the rounded one of floats.
              scaled = convertFloat(b, convertFloat(b, scaled, *division), f32);
              return quantizeScalar(b, scaled, zero, p->zeroType, to, rule);
            }));
  return success();
}

static LogicalResult lowerDequantizeLinear(onnx::DequantizeLinearOp op,
                                           Lowering &l) {
  Value x = op.getX(), result = op.getY();
  Type from = l.elementOf(x), to = l.typeOf(result).getElementType();
  auto p = parametersOf(l, x, op.getXScale(), op.getXZeroPoint(), op.getAxis(),
                        op.getBlockSize());
  if (failed(p))
    return failure();
  Type f32 = l.b.getF32Type(), i32 = l.b.getI32Type();
  // Differences of integers are exact in i32, those of floats in f32.
  bool isInteger = isa<IntegerType>(from);
  Type exact = isInteger ? i32 : f32;
  l.set(result,
        l.parallel(l.dims(x), to, p->inputs, p->maps,
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     Value number = castScalar(b, a[0], from, exact);
                     if (Value zero = p->readZero(b, a)) {
                       zero = castScalar(b, zero, p->zeroType, exact);
                       number =
                           isInteger
                               ? Value(arith::SubIOp::create(b, number, zero))
                               : Value(arith::SubFOp::create(b, number, zero));
                     }
                     if (isInteger)
                       number = arith::SIToFPOp::create(b, f32, number);
                     Value y =
                         arith::MulFOp::create(b, number, p->readScale(b, a));
                     return convertFloat(b, y, to);
                   }));
  return success();
}

/// Range of x with 0 in it onto 0..255.
static LogicalResult
lowerDynamicQuantizeLinear(onnx::DynamicQuantizeLinearOp op, Lowering &l) {
  Value x = op.getX();
  int64_t rank = l.rankOf(x);
  Type f32 = l.b.getF32Type(), ui8 = l.elementOf(op.getYZeroPoint());
  SmallVector<OpFoldResult> dims = l.dims(x);
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  AffineMap identity = l.b.getMultiDimIdentityMap(rank);
  Value zero = l.number(f32, 0);
  Value high = l.read(reduce(l, dims, all, l.get(x), identity, zero,
                             [](ImplicitLocOpBuilder &b, ValueRange a) {
                               return maximumFreely(b, a[0], a[1]);
                             }),
                      {});
  Value low = l.read(reduce(l, dims, all, l.get(x), identity, zero,
                            [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                              return arith::MinimumFOp::create(b, a[0], a[1]);
                            }),
                     {});
  auto &b = l.b;
  Value scale = arith::DivFOp::create(b, arith::SubFOp::create(b, high, low),
                                      l.number(f32, 255));
  // A tensor of zeros has scale 1 and codes 0.
  Value isZero =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, zero);
  scale = l.select(isZero, l.number(f32, 1), scale);
  Value shift = arith::DivFOp::create(b, arith::NegFOp::create(b, low), scale);
  Value zeroPoint = quantizeScalar(b, shift, Value(), Type(), ui8);
  l.set(op.getY(),
        l.parallel(dims, l.typeOf(op.getY()).getElementType(), l.get(x),
                   identity, [&](ImplicitLocOpBuilder &inner, ValueRange a) {
                     Value scaled = arith::DivFOp::create(inner, a[0], scale);
                     return quantizeScalar(inner, scaled, zeroPoint, ui8, ui8);
                   }));
  l.set(op.getYScale(), tensor::FromElementsOp::create(
                            b, RankedTensorType::get({}, f32), scale));
  l.set(op.getYZeroPoint(),
        tensor::FromElementsOp::create(
            b, RankedTensorType::get({}, b.getI8Type()), zeroPoint));
  return success();
}

void qopt::registerQuantLinear(Registry &registry) {
  registry.add(lowerQuantizeLinear);
  registry.add(lowerDequantizeLinear);
  registry.add(lowerDynamicQuantizeLinear);
  registerQuantProducts(registry);
}
