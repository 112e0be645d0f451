//===- FloatMath.cpp - functions of one float -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions stay operations of the math dialect, which a later pass
// expands to polynomials; what the math dialect has no word for is composed.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Elementwise.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

template <typename OpTy> static Value unary(ScalarBuilder &s, ValueRange a) {
  return isa<FloatType>(a[0].getType()) ? s.make<OpTy>(a[0]) : Value();
}

static Value reciprocal(ScalarBuilder &s, ValueRange a) {
  return s.make<arith::DivFOp>(s.like(a[0], 1), a[0]);
}

//===----------------------------------------------------------------------===//
// Pow
//===----------------------------------------------------------------------===//

/// Integer power by squaring; wraps. A negative exponent gives the power
/// truncated: 1 for base 1, 1 or -1 for base -1, else 0.
static Value integerPower(ScalarBuilder &s, Value base, Value exponent,
                          bool unsignedExponent) {
  auto &b = s.b;
  Type type = base.getType();
  Value one = constantNumber(b, type, 1), zero = constantNumber(b, type, 0);
  Type exponentType = exponent.getType();
  Value exponentOne = constantNumber(b, exponentType, 1);
  Value first = arith::ConstantIndexOp::create(b, 0);
  Value step = arith::ConstantIndexOp::create(b, 1);
  Value bits =
      arith::ConstantIndexOp::create(b, exponentType.getIntOrFloatBitWidth());
  auto loop =
      scf::ForOp::create(b, first, bits, step, ValueRange{one, base, exponent});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(loop.getBody());
    Value power = loop.getRegionIterArgs()[0],
          square = loop.getRegionIterArgs()[1],
          rest = loop.getRegionIterArgs()[2];
    Value isOdd = arith::TruncIOp::create(
        b, b.getI1Type(), arith::AndIOp::create(b, rest, exponentOne));
    Value next = arith::SelectOp::create(
        b, isOdd, arith::MulIOp::create(b, power, square), power);
    scf::YieldOp::create(
        b, ValueRange{next, arith::MulIOp::create(b, square, square),
                      arith::ShRUIOp::create(b, rest, exponentOne)});
  }
  Value result = loop.getResult(0);
  if (unsignedExponent)
    return result;
  Value isNegative = s.compare(CmpIPredicate::slt, exponent,
                               constantNumber(b, exponentType, 0));
  Value isOne = s.compare(CmpIPredicate::eq, base, one);
  Value isMinusOne =
      s.compare(CmpIPredicate::eq, base, constantNumber(b, type, -1));
  // (-1)^e for a negative e is what the loop gives for its two's complement.
  Value kept = s.make<arith::OrIOp>(isOne, isMinusOne);
  return s.select(isNegative, s.select(kept, result, zero), result);
}

/// The exponent, if it is one constant number.
static std::optional<double> constantExponent(Operation *op) {
  auto constant = op->getOperand(1).getDefiningOp<onnx::ConstantOp>();
  if (!constant || !constant.getValue().isSplat() ||
      constant.getValue().getNumElements() == 0)
    return std::nullopt;
  Attribute number = asInline(constant.getValue()).getSplatValue<Attribute>();
  if (auto real = dyn_cast<FloatAttr>(number))
    return real.getValueAsDouble();
  return cast<IntegerAttr>(number).getValue().signedRoundToDouble();
}

static Value power(ScalarBuilder &s, ValueRange a) {
  Type baseType =
      cast<ShapedType>(s.op->getOperand(0).getType()).getElementType();
  Type exponentType =
      cast<ShapedType>(s.op->getOperand(1).getType()).getElementType();
  bool floatBase = isa<FloatType>(baseType);
  if (auto exponent = constantExponent(s.op); exponent && floatBase) {
    Value x = a[0];
    if (*exponent == 1)
      return x;
    if (*exponent == 2)
      return s.make<arith::MulFOp>(x, x);
    if (*exponent == 3)
      return s.make<arith::MulFOp>(s.make<arith::MulFOp>(x, x), x);
    if (*exponent == 0.5)
      return s.make<math::SqrtOp>(x);
    if (*exponent == -1)
      return reciprocal(s, x);
  }
  if (!floatBase && !isa<FloatType>(exponentType))
    return integerPower(s, a[0], a[1], exponentType.isUnsignedInteger());
  // In the wider of the two float types, in f64 where the base has more digits
  // than f32; the result has the type of the base.
  Type type = floatBase ? s.type : computeType(exponentType);
  if (!floatBase && baseType.getIntOrFloatBitWidth() > 16)
    type = s.b.getF64Type();
  if (exponentType.isF64())
    type = exponentType;
  Value base = castScalar(s.b, a[0], floatBase ? s.type : baseType, type);
  Value exponent = castScalar(
      s.b, a[1],
      isa<FloatType>(exponentType) ? computeType(exponentType) : exponentType,
      type);
  Value result = s.make<math::PowFOp>(base, exponent);
  return castScalar(s.b, result, type, floatBase ? s.type : baseType);
}

void qopt::registerFloatMath(Registry &registry) {
  addElementwise<onnx::CeilOp>(registry, unary<math::CeilOp>);
  addElementwise<onnx::FloorOp>(registry, unary<math::FloorOp>);
  addElementwise<onnx::RoundOp>(registry, unary<math::RoundEvenOp>);
  addElementwise<onnx::ReciprocalOp>(registry, reciprocal);
  addElementwise<onnx::SqrtOp>(registry, unary<math::SqrtOp>);
  addElementwise<onnx::ExpOp>(registry, unary<math::ExpOp>);
  addElementwise<onnx::LogOp>(registry, unary<math::LogOp>);
  addElementwise<onnx::ErfOp>(registry, unary<math::ErfOp>);
  addElementwise<onnx::SinOp>(registry, unary<math::SinOp>);
  addElementwise<onnx::CosOp>(registry, unary<math::CosOp>);
  addElementwise<onnx::TanOp>(registry, unary<math::TanOp>);
  addElementwise<onnx::AsinOp>(registry, unary<math::AsinOp>);
  addElementwise<onnx::AcosOp>(registry, unary<math::AcosOp>);
  addElementwise<onnx::AtanOp>(registry, unary<math::AtanOp>);
  addElementwise<onnx::SinhOp>(registry, unary<math::SinhOp>);
  addElementwise<onnx::CoshOp>(registry, unary<math::CoshOp>);
  addElementwise<onnx::TanhOp>(registry, unary<math::TanhOp>);
  addElementwise<onnx::AsinhOp>(registry, unary<math::AsinhOp>);
  addElementwise<onnx::AcoshOp>(registry, unary<math::AcoshOp>);
  addElementwise<onnx::AtanhOp>(registry, unary<math::AtanhOp>);
  addElementwise<onnx::PowOp>(registry, power);
}
