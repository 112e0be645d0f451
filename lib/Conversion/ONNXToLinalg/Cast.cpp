//===- Cast.cpp - conversions between element types -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX leaves floats outside the range of an integer type undefined, and so
// does LLVM. Here they saturate, and NaN gives 0: defined, and the same on
// every target. Integers of 4 and 2 bits wrap, as ONNX's tests have it.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include <cmath>

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;

static Value floatToInteger(ImplicitLocOpBuilder &b, Value scalar, Type to) {
  bool isUnsigned = to.isUnsignedInteger();
  unsigned width = to.getIntOrFloatBitWidth();
  Type signless = b.getIntegerType(width), type = scalar.getType();
  // Both bounds are powers of two, exact in every float type: the lowest value
  // and one more than the highest.
  double lowest = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double past = std::ldexp(1.0, isUnsigned ? width : width - 1);
  Value low = constantNumber(b, type, lowest);
  Value high = constantNumber(b, type, past);
  Value isLow = arith::CmpFOp::create(b, CmpFPredicate::OLT, scalar, low);
  Value isHigh = arith::CmpFOp::create(b, CmpFPredicate::OGE, scalar, high);
  Value isNaN = arith::CmpFOp::create(b, CmpFPredicate::UNO, scalar, scalar);
  Value outside =
      arith::OrIOp::create(b, isNaN, arith::OrIOp::create(b, isLow, isHigh));
  Value inside =
      arith::SelectOp::create(b, outside, constantNumber(b, type, 0), scalar);
  Value result = isUnsigned
                     ? Value(arith::FPToUIOp::create(b, signless, inside))
                     : Value(arith::FPToSIOp::create(b, signless, inside));
  Value smallest = constantInteger(
      b, signless,
      isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width));
  Value largest = constantInteger(b, signless,
                                  isUnsigned ? APInt::getMaxValue(width)
                                             : APInt::getSignedMaxValue(width));
  result = arith::SelectOp::create(b, isLow, smallest, result);
  return arith::SelectOp::create(b, isHigh, largest, result);
}

/// Storage types are read as f32 or i8 and written from f32, f64 or i8.
static Value castStorage(ImplicitLocOpBuilder &b, Value scalar, Type from,
                         Type to, const CastRule &rule) {
  if (isSmallFloat(from))
    return castScalar(b, decodeSmallFloat(b, scalar, cast<FloatType>(from)),
                      b.getF32Type(), to, rule);
  if (isSmallInteger(from)) {
    auto signedness = from.isUnsignedInteger() ? IntegerType::Unsigned
                                               : IntegerType::Signless;
    return castScalar(
        b, scalar, IntegerType::get(b.getContext(), 8, signedness), to, rule);
  }
  if (isSmallFloat(to)) {
    // One rounding: 32-bit integers are exact in f64, and larger ones too
    // large for any small float.
    bool wide = from.isF64() ||
                (from.isIntOrIndex() && from.getIntOrFloatBitWidth() > 16);
    Type number = wide ? Type(b.getF64Type()) : Type(b.getF32Type());
    return encodeSmallFloat(b, castScalar(b, scalar, from, number),
                            cast<FloatType>(to), rule.saturate, rule.rounding);
  }
  // By way of i32, so that floats wrap too.
  Type i32 = b.getI32Type(), i8 = b.getI8Type();
  Value number =
      isa<FloatType>(from)
          ? arith::TruncIOp::create(b, i8, castScalar(b, scalar, from, i32))
          : castScalar(b, scalar, from, i8);
  return wrapSmallInteger(b, number, to);
}

Value qopt::castScalar(ImplicitLocOpBuilder &b, Value scalar, Type from,
                       Type to, const CastRule &rule) {
  if (from == to)
    return scalar;
  if (isStorageOnly(from) || isStorageOnly(to))
    return castStorage(b, scalar, from, to, rule);
  bool toFloat = isa<FloatType>(to);
  if (isa<FloatType>(from)) {
    if (toFloat)
      return convertFloat(b, scalar, to);
    scalar = extendHalf(b, scalar);
    if (to.isInteger(1))
      return arith::CmpFOp::create(b, CmpFPredicate::UNE, scalar,
                                   constantNumber(b, scalar.getType(), 0));
    return floatToInteger(b, scalar, to);
  }
  bool isUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (toFloat) {
    Type wide = computeType(to);
    scalar = isUnsigned ? Value(arith::UIToFPOp::create(b, wide, scalar))
                        : Value(arith::SIToFPOp::create(b, wide, scalar));
    return convertFloat(b, scalar, to);
  }
  unsigned width = from.getIntOrFloatBitWidth(),
           wanted = to.getIntOrFloatBitWidth();
  if (to.isInteger(1))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, scalar,
                                 constantNumber(b, scalar.getType(), 0));
  Type signless = b.getIntegerType(wanted);
  if (width == wanted)
    return scalar;
  if (width > wanted)
    return arith::TruncIOp::create(b, signless, scalar);
  if (isUnsigned)
    return arith::ExtUIOp::create(b, signless, scalar);
  return arith::ExtSIOp::create(b, signless, scalar);
}

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

/// The rule of a Cast or CastLike.
static CastRule ruleOf(Operation *op) {
  CastRule rule;
  if (auto saturate = op->getAttrOfType<IntegerAttr>("saturate"))
    rule.saturate = saturate.getInt() != 0;
  if (auto mode = op->getAttrOfType<StringAttr>("round_mode"))
    rule.rounding = mode == "down"      ? ScaleRounding::Down
                    : mode == "nearest" ? ScaleRounding::Nearest
                                        : ScaleRounding::Up;
  return rule;
}

static Value convert(ScalarBuilder &s, ValueRange a) {
  return castScalar(s.b, a[0], elementOf(s.op->getOperand(0)),
                    elementOf(s.op->getResult(0)), ruleOf(s.op));
}

/// The second operand gives its type only, and does not broadcast.
static LogicalResult lowerCastLike(onnx::CastLikeOp op, Lowering &l) {
  Value input = op.getInput(), result = op.getOutput();
  auto element = l.typeOf(result).getElementType();
  SmallVector<OpFoldResult> dims = l.dims(result);
  l.set(result, l.parallel(dims, element, l.get(input),
                           l.b.getMultiDimIdentityMap(dims.size()),
                           [&](ImplicitLocOpBuilder &b, ValueRange a) {
                             return castScalar(b, a[0], l.elementOf(input),
                                               l.elementOf(result), ruleOf(op));
                           }));
  return success();
}

/// The bits of a scalar under another type of the same width.
static Value reinterpret(ScalarBuilder &s, ValueRange a) {
  Type from = elementOf(s.op->getOperand(0)),
       to = elementOf(s.op->getResult(0));
  Type i8 = s.b.getI8Type();
  Value bits = a[0];
  if (from.isInteger(1))
    bits = s.make<arith::ExtUIOp>(i8, bits);
  if (to.isInteger(1))
    return s.compare(arith::CmpIPredicate::ne, bits, s.like(bits, 0));
  if (isSmallInteger(to))
    return wrapSmallInteger(s.b, bits, to);
  // A small integer may be sign-extended; the bits of a float are not.
  if (isSmallInteger(from))
    return s.make<arith::AndIOp>(
        bits, s.like(bits, (1 << from.getIntOrFloatBitWidth()) - 1));
  Type target = storageType(to);
  return bits.getType() == target ? bits
                                  : s.make<arith::BitcastOp>(target, bits);
}

static LogicalResult lowerIdentity(onnx::IdentityOp op, Lowering &l) {
  if (auto elements = l.knownElements(op.getInput()))
    l.setElements(op.getOutput(), *elements);
  l.set(op.getOutput(), l.get(op.getInput()));
  return success();
}

void qopt::registerCasts(Registry &registry) {
  addElementwise<onnx::CastOp>(registry, convert, Half::Keep);
  addElementwise<onnx::BitCastOp>(registry, reinterpret, Half::Keep);
  registry.add<onnx::CastLikeOp>(lowerCastLike);
  registry.add<onnx::IdentityOp>(lowerIdentity);
}
