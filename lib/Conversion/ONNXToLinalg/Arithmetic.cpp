//===- Arithmetic.cpp - arithmetic, comparison and logic ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators on numbers of any type. Integers wrap; what C leaves undefined
// (division by zero, the smallest number by -1, shifts past the width) has a
// defined result here, since a model's data must not be able to trap.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

static Value add(ScalarBuilder &s, ValueRange a) {
  return s.make2<arith::AddFOp, arith::AddIOp>(a);
}
static Value subtract(ScalarBuilder &s, ValueRange a) {
  return s.make2<arith::SubFOp, arith::SubIOp>(a);
}
static Value multiply(ScalarBuilder &s, ValueRange a) {
  return s.make2<arith::MulFOp, arith::MulIOp>(a);
}

/// A divisor without the values that trap: 1 in place of 0, and of -1 in signed
/// division.
static Value safeDivisor(ScalarBuilder &s, Value divisor) {
  Value one = s.like(divisor, 1);
  Value isZero = s.compare(CmpIPredicate::eq, divisor, s.like(divisor, 0));
  Value safe = s.select(isZero, one, divisor);
  if (s.isUnsigned())
    return safe;
  Value isMinusOne = s.compare(CmpIPredicate::eq, divisor, s.like(divisor, -1));
  return s.select(isMinusOne, one, safe);
}

/// Truncating division; 0 for a divisor of 0.
static Value divide(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.make<arith::DivFOp>(a[0], a[1]);
  Value zero = s.like(a[1], 0), safe = safeDivisor(s, a[1]);
  Value isZero = s.compare(CmpIPredicate::eq, a[1], zero);
  if (s.isUnsigned())
    return s.select(isZero, zero, s.make<arith::DivUIOp>(a[0], safe));
  Value quotient = s.make<arith::DivSIOp>(a[0], safe);
  Value isMinusOne = s.compare(CmpIPredicate::eq, a[1], s.like(a[1], -1));
  quotient = s.select(isMinusOne, s.make<arith::SubIOp>(zero, a[0]), quotient);
  return s.select(isZero, zero, quotient);
}

static Value modulo(ScalarBuilder &s, ValueRange a) {
  bool likeC = cast<onnx::ModOp>(s.op).getFmod();
  if (s.isFloat())
    return likeC ? s.make<arith::RemFOp>(a[0], a[1]) : Value();
  Value safe = safeDivisor(s, a[1]), zero = s.like(a[1], 0);
  if (s.isUnsigned())
    return s.make<arith::RemUIOp>(a[0], safe);
  Value rest = s.make<arith::RemSIOp>(a[0], safe);
  if (likeC)
    return rest;
  // Python's sign: move a rest of the other sign into the divisor's range.
  Value differs =
      s.compare(CmpIPredicate::slt, s.make<arith::XOrIOp>(rest, a[1]), zero);
  Value notZero = s.compare(CmpIPredicate::ne, rest, zero);
  return s.select(s.make<arith::AndIOp>(differs, notZero),
                  s.make<arith::AddIOp>(rest, a[1]), rest);
}

Value qopt::maximum(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.make<arith::MaximumFOp>(a[0], a[1]);
  if (s.isUnsigned())
    return s.make<arith::MaxUIOp>(a[0], a[1]);
  return s.make<arith::MaxSIOp>(a[0], a[1]);
}
Value qopt::minimum(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.make<arith::MinimumFOp>(a[0], a[1]);
  if (s.isUnsigned())
    return s.make<arith::MinUIOp>(a[0], a[1]);
  return s.make<arith::MinSIOp>(a[0], a[1]);
}

template <Value (*combine)(ScalarBuilder &, ValueRange)>
static Value fold(ScalarBuilder &s, ValueRange a) {
  Value result = a[0];
  for (Value next : a.drop_front())
    result = combine(s, {result, next});
  return result;
}

static Value mean(ScalarBuilder &s, ValueRange a) {
  if (!s.isFloat())
    return nullptr;
  return s.make<arith::DivFOp>(fold<add>(s, a), s.like(a[0], a.size()));
}

static Value clip(ScalarBuilder &s, ValueRange a) {
  Value result = a[0];
  if (a[1])
    result = maximum(s, {result, a[1]});
  if (a[2])
    result = minimum(s, {result, a[2]});
  return result;
}

static Value absolute(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.make<math::AbsFOp>(a[0]);
  return s.isUnsigned() ? a[0] : s.make<math::AbsIOp>(a[0]);
}

static Value negate(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.make<arith::NegFOp>(a[0]);
  return s.make<arith::SubIOp>(s.like(a[0], 0), a[0]);
}

/// -1, 0 or 1; NaN and the sign of zero stay, as in NumPy.
static Value sign(ScalarBuilder &s, ValueRange a) {
  Value zero = s.like(a[0], 0), one = s.like(a[0], 1);
  if (s.isFloat()) {
    Value below = s.compare(CmpFPredicate::OLT, a[0], zero);
    Value above = s.compare(CmpFPredicate::OGT, a[0], zero);
    return s.select(above, one, s.select(below, s.like(a[0], -1), a[0]));
  }
  if (s.isUnsigned())
    return s.select(s.compare(CmpIPredicate::ne, a[0], zero), one, zero);
  Value below = s.compare(CmpIPredicate::slt, a[0], zero);
  Value above = s.compare(CmpIPredicate::sgt, a[0], zero);
  return s.select(above, one, s.select(below, s.like(a[0], -1), zero));
}

static Value relu(ScalarBuilder &s, ValueRange a) {
  return maximum(s, {a[0], s.like(a[0], 0)});
}

static Value prelu(ScalarBuilder &s, ValueRange a) {
  Value zero = s.like(a[0], 0), scaled = multiply(s, a);
  Value below = s.isFloat() ? s.compare(CmpFPredicate::OLT, a[0], zero)
                            : s.compare(s.isUnsigned() ? CmpIPredicate::ult
                                                       : CmpIPredicate::slt,
                                        a[0], zero);
  return s.select(below, scaled, a[0]);
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

static Value invert(ScalarBuilder &s, ValueRange a) {
  return s.make<arith::XOrIOp>(
      a[0], constantInteger(
                s.b, a[0].getType(),
                APInt::getAllOnes(a[0].getType().getIntOrFloatBitWidth())));
}
template <typename OpTy> static Value bits(ScalarBuilder &s, ValueRange a) {
  return s.make<OpTy>(a[0], a[1]);
}
/// A shift by the width or more gives 0.
static Value shift(ScalarBuilder &s, ValueRange a) {
  Value zero = s.like(a[0], 0);
  Value inside =
      s.compare(CmpIPredicate::ult, a[1],
                s.like(a[1], a[1].getType().getIntOrFloatBitWidth()));
  Value amount = s.select(inside, a[1], zero);
  bool left = cast<onnx::BitShiftOp>(s.op).getDirection() == "LEFT";
  Value shifted = left ? s.make<arith::ShLIOp>(a[0], amount)
                       : s.make<arith::ShRUIOp>(a[0], amount);
  return s.select(inside, shifted, zero);
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

template <CmpFPredicate onFloat, CmpIPredicate onSigned,
          CmpIPredicate onUnsigned>
static Value compare(ScalarBuilder &s, ValueRange a) {
  if (s.isFloat())
    return s.compare(onFloat, a[0], a[1]);
  return s.compare(s.isUnsigned() ? onUnsigned : onSigned, a[0], a[1]);
}

static Value isNaN(ScalarBuilder &s, ValueRange a) {
  if (!s.isFloat())
    return s.make<arith::ConstantOp>(s.b.getBoolAttr(false));
  return s.compare(CmpFPredicate::UNO, a[0], a[0]);
}
static Value isInf(ScalarBuilder &s, ValueRange a) {
  auto op = cast<onnx::IsInfOp>(s.op);
  Value result = s.make<arith::ConstantOp>(s.b.getBoolAttr(false));
  double infinity = std::numeric_limits<double>::infinity();
  for (double bound : {infinity, -infinity})
    if (bound > 0 ? op.getDetectPositive() : op.getDetectNegative())
      result = s.make<arith::OrIOp>(
          result, s.compare(CmpFPredicate::OEQ, a[0], s.like(a[0], bound)));
  return result;
}

static Value where(ScalarBuilder &s, ValueRange a) {
  return s.select(a[0], a[1], a[2]);
}

void qopt::registerArithmetic(Registry &registry) {
  addElementwise<onnx::AddOp>(registry, add);
  addElementwise<onnx::SubOp>(registry, subtract);
  addElementwise<onnx::MulOp>(registry, multiply);
  addElementwise<onnx::DivOp>(registry, divide);
  addElementwise<onnx::ModOp>(registry, modulo);
  addElementwise<onnx::MaxOp>(registry, fold<maximum>);
  addElementwise<onnx::MinOp>(registry, fold<minimum>);
  addElementwise<onnx::SumOp>(registry, fold<add>);
  addElementwise<onnx::MeanOp>(registry, mean);
  addElementwise<onnx::ClipOp>(registry, clip);
  addElementwise<onnx::AbsOp>(registry, absolute);
  addElementwise<onnx::NegOp>(registry, negate);
  addElementwise<onnx::SignOp>(registry, sign);
  addElementwise<onnx::ReluOp>(registry, relu);
  addElementwise<onnx::PReluOp>(registry, prelu);
  addElementwise<onnx::NotOp>(registry, invert);
  addElementwise<onnx::BitwiseNotOp>(registry, invert);
  addElementwise<onnx::AndOp>(registry, bits<arith::AndIOp>);
  addElementwise<onnx::OrOp>(registry, bits<arith::OrIOp>);
  addElementwise<onnx::XorOp>(registry, bits<arith::XOrIOp>);
  addElementwise<onnx::BitwiseAndOp>(registry, bits<arith::AndIOp>);
  addElementwise<onnx::BitwiseOrOp>(registry, bits<arith::OrIOp>);
  addElementwise<onnx::BitwiseXorOp>(registry, bits<arith::XOrIOp>);
  addElementwise<onnx::BitShiftOp>(registry, shift);
  addElementwise<onnx::EqualOp>(
      registry,
      compare<CmpFPredicate::OEQ, CmpIPredicate::eq, CmpIPredicate::eq>);
  addElementwise<onnx::LessOp>(
      registry,
      compare<CmpFPredicate::OLT, CmpIPredicate::slt, CmpIPredicate::ult>);
  addElementwise<onnx::LessOrEqualOp>(
      registry,
      compare<CmpFPredicate::OLE, CmpIPredicate::sle, CmpIPredicate::ule>);
  addElementwise<onnx::GreaterOp>(
      registry,
      compare<CmpFPredicate::OGT, CmpIPredicate::sgt, CmpIPredicate::ugt>);
  addElementwise<onnx::GreaterOrEqualOp>(
      registry,
      compare<CmpFPredicate::OGE, CmpIPredicate::sge, CmpIPredicate::uge>);
  addElementwise<onnx::IsNaNOp>(registry, isNaN);
  addElementwise<onnx::IsInfOp>(registry, isInf);
  addElementwise<onnx::WhereOp>(registry, where, Half::Keep);
}
