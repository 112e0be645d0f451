//===- SmallTypes.cpp - types of less than one byte, and 8-bit floats -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions of the small floats on their bits, since no target has them all.
// Every format has a sign (but the scales of e8m0), an exponent with its bias
// and a mantissa; they differ in what the last codes mean.
//===----------------------------------------------------------------------===//

#include "SmallTypes.h"
#include "Lowering.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

bool qopt::isSmallInteger(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer && integer.getWidth() > 1 && integer.getWidth() < 8;
}

bool qopt::isSmallFloat(Type element) {
  auto number = dyn_cast<FloatType>(element);
  return number && number.getWidth() <= 8;
}

Type qopt::storageType(Type element) {
  if (isStorageOnly(element))
    return IntegerType::get(element.getContext(), 8);
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

ElementsAttr qopt::storageForm(ElementsAttr value) {
  Type element = value.getElementType();
  if (!isStorageOnly(element))
    return value;
  ShapedType type = value.getShapedType().clone(storageType(element));
  // In attributes the upper bits are zero.
  auto integer = dyn_cast<IntegerType>(element);
  unsigned shift =
      integer && !integer.isUnsigned() ? 8 - integer.getWidth() : 0;
  auto extended = [&](ArrayRef<char> bytes) {
    std::vector<char> result(bytes.begin(), bytes.end());
    for (char &byte : result)
      byte = static_cast<int8_t>(static_cast<uint8_t>(byte) << shift) >> shift;
    return result;
  };
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    if (shift == 0)
      return DenseResourceElementsAttr::get(type, resource.getRawHandle());
    std::vector<char> bytes = extended(resource.getData());
    return DenseResourceElementsAttr::get(
        type, resource.getRawHandle().getKey(),
        HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/64,
                                                      /*dataIsMutable=*/false));
  }
  if (shift == 0)
    return DenseElementsAttr::getFromRawBuffer(
        type, cast<DenseElementsAttr>(value).getRawData());
  return DenseElementsAttr::getFromRawBuffer(
      type, extended(cast<DenseElementsAttr>(value).getRawData()));
}

bool qopt::takesStorageTypes(Operation *op) {
  using namespace mlir::onnx;
  if (auto scatter = dyn_cast<ScatterElementsOp>(op))
    return scatter.getReduction() == "none";
  if (auto scatter = dyn_cast<ScatterNDOp>(op))
    return scatter.getReduction() == "none";
  return isa<ConstantOp, ConstantOfShapeOp, IdentityOp, CastOp, CastLikeOp,
             BitCastOp, QuantizeLinearOp, DequantizeLinearOp, ReshapeOp,
             FlattenOp, SqueezeOp, UnsqueezeOp, TransposeOp, ConcatOp, SplitOp,
             SliceOp, GatherOp, GatherElementsOp, GatherNDOp, ExpandOp, TileOp,
             PadOp, WhereOp, ShapeOp, SizeOp, CompressOp, ReverseSequenceOp,
             DepthToSpaceOp, SpaceToDepthOp>(op) ||
         op->getNumRegions() > 0;
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

namespace {
/// What tells the small floats apart. They have a sign, an exponent and a
/// mantissa; but for the scales of float8e8m0, which are exponents alone.
struct Format {
  unsigned exponent, mantissa;
  int bias;
  /// Code of the largest number, the one beyond it (without saturation), and
  /// of NaN.
  uint8_t largest, overflow, nan;
  bool hasNegativeZero = true;

  unsigned magnitudeBits() const { return exponent + mantissa; }
  bool hasInfinity() const { return overflow > largest && overflow != nan; }
};

Format formatOf(FloatType type) {
  if (isa<Float8E4M3FNType>(type))
    return {4, 3, 7, 0x7e, 0x7f, 0x7f};
  if (isa<Float8E4M3FNUZType>(type))
    return {4, 3, 8, 0x7f, 0x80, 0x80, false};
  if (isa<Float8E5M2Type>(type))
    return {5, 2, 15, 0x7b, 0x7c, 0x7e};
  if (isa<Float8E5M2FNUZType>(type))
    return {5, 2, 16, 0x7f, 0x80, 0x80, false};
  // float4e2m1 has neither infinity nor NaN; NaN becomes -0.
  return {2, 1, 1, 0x7, 0x7, 0x8};
}

/// Arithmetic on the bits of f32 or f64.
struct Bits {
  ImplicitLocOpBuilder &b;
  FloatType number;
  Type integer;
  unsigned mantissa;
  int bias;

  Bits(ImplicitLocOpBuilder &b, Type type)
      : b(b), number(cast<FloatType>(type)),
        integer(b.getIntegerType(number.getWidth())),
        mantissa(number.isF64() ? 52 : 23), bias(number.isF64() ? 1023 : 127) {}

  Value constant(uint64_t value) {
    return constantInteger(b, integer, APInt(number.getWidth(), value));
  }
  Value constantFloat(double value) { return constantNumber(b, number, value); }
  Value bitsOf(Value value) {
    return arith::BitcastOp::create(b, integer, value);
  }
  Value numberOf(Value bits) {
    return arith::BitcastOp::create(b, number, bits);
  }
  template <typename OpTy> Value with(Value x, uint64_t value) {
    return OpTy::create(b, x, constant(value));
  }
  Value compare(CmpIPredicate predicate, Value x, uint64_t value) {
    return arith::CmpIOp::create(b, predicate, x, constant(value));
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value absolute(Value number) {
    return with<arith::AndIOp>(
        bitsOf(number),
        llvm::maskTrailingOnes<uint64_t>(this->number.getWidth() - 1));
  }
  Value isNaN(Value number) {
    return arith::CmpFOp::create(b, CmpFPredicate::UNO, number, number);
  }
  /// The bits of a positive power of two.
  uint64_t powerOfTwo(int exponent) const {
    return static_cast<uint64_t>(exponent + bias) << mantissa;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// float8e8m0: powers of two
//===----------------------------------------------------------------------===//

static Value decodeScale(ImplicitLocOpBuilder &b, Value code) {
  Bits f(b, b.getF32Type());
  // 2^-127 is subnormal in f32.
  Value bits = f.select(f.compare(CmpIPredicate::eq, code, 0),
                        f.constant(uint64_t(1) << 22),
                        f.with<arith::ShLIOp>(code, f.mantissa));
  return f.numberOf(f.select(f.compare(CmpIPredicate::eq, code, 0xff),
                             f.constant(0x7fc00000), bits));
}

/// In f64, where all scales and all numbers of f32 are normal.
static Value encodeScale(ImplicitLocOpBuilder &b, Value number, bool saturate,
                         ScaleRounding rounding) {
  Bits f(b, b.getF64Type());
  number = convertFloat(b, number, f.number);
  Value magnitude = f.absolute(number);
  Value exponent = f.with<arith::ShRUIOp>(magnitude, f.mantissa);
  Value code = f.with<arith::SubIOp>(exponent, f.bias - 127);
  Value isSmall = f.compare(CmpIPredicate::slt, code, 0);
  if (rounding != ScaleRounding::Down) {
    Value fraction = f.with<arith::AndIOp>(
        magnitude, llvm::maskTrailingOnes<uint64_t>(f.mantissa));
    uint64_t atLeast =
        rounding == ScaleRounding::Up ? 1 : uint64_t(1) << (f.mantissa - 1);
    Value up = f.compare(CmpIPredicate::uge, fraction, atLeast);
    code = arith::AddIOp::create(b, code,
                                 arith::ExtUIOp::create(b, f.integer, up));
  }
  Value isLarge = f.compare(CmpIPredicate::sgt, code, 0xfe);
  code = f.select(isLarge, f.constant(saturate ? 0xfe : 0xff), code);
  code = f.select(isSmall, f.constant(saturate ? 0 : 0xff), code);
  return f.select(f.isNaN(number), f.constant(0xff), code);
}

//===----------------------------------------------------------------------===//
// The formats with a mantissa
//===----------------------------------------------------------------------===//

Value qopt::decodeSmallFloat(ImplicitLocOpBuilder &b, Value bits,
                             FloatType from) {
  Bits f(b, b.getF32Type());
  Value code = arith::ExtUIOp::create(b, f.integer, bits);
  if (isa<Float8E8M0FNUType>(from))
    return decodeScale(b, code);
  Format format = formatOf(from);
  unsigned width = format.magnitudeBits();
  Value magnitude =
      f.with<arith::AndIOp>(code, llvm::maskTrailingOnes<uint64_t>(width));
  // Normal numbers: the exponent is rebased. Subnormal ones are integers.
  Value normal = f.with<arith::AddIOp>(
      f.with<arith::ShLIOp>(magnitude, f.mantissa - format.mantissa),
      f.powerOfTwo(-format.bias));
  Value subnormal = f.bitsOf(
      arith::MulFOp::create(b, arith::UIToFPOp::create(b, f.number, magnitude),
                            f.constantFloat(std::ldexp(
                                1.0, 1 - format.bias - int(format.mantissa)))));
  Value result =
      f.select(f.compare(CmpIPredicate::ult, magnitude, 1u << format.mantissa),
               subnormal, normal);
  constexpr uint64_t infinity = 0x7f800000, nan = 0x7fc00000;
  if (format.hasInfinity()) {
    result = f.select(
        f.compare(CmpIPredicate::uge, magnitude, format.overflow),
        f.select(f.compare(CmpIPredicate::eq, magnitude, format.overflow),
                 f.constant(infinity), f.constant(nan)),
        result);
  } else if (width == 7 && format.hasNegativeZero) {
    result = f.select(f.compare(CmpIPredicate::eq, magnitude, format.nan),
                      f.constant(nan), result);
  }
  Value sign = f.with<arith::ShLIOp>(
      f.with<arith::AndIOp>(code, uint64_t(1) << width), 31 - width);
  result = arith::OrIOp::create(b, result, sign);
  if (!format.hasNegativeZero)
    result = f.select(f.compare(CmpIPredicate::eq, code, format.nan),
                      f.constant(nan), result);
  return f.numberOf(result);
}

Value qopt::encodeSmallFloat(ImplicitLocOpBuilder &b, Value number,
                             FloatType to, bool saturate,
                             ScaleRounding rounding) {
  Type i8 = b.getI8Type();
  if (isa<Float8E8M0FNUType>(to))
    return arith::TruncIOp::create(b, i8,
                                   encodeScale(b, number, saturate, rounding));
  Format format = formatOf(to);
  Bits f(b, number.getType());
  Value magnitude = f.absolute(number);
  unsigned dropped = f.mantissa - format.mantissa;

  // Normal numbers: half of the last place less one is added, and one more
  // where the last bit is set; what carries raises the exponent.
  Value odd =
      f.with<arith::AndIOp>(f.with<arith::ShRUIOp>(magnitude, dropped), 1);
  Value rounded = arith::AddIOp::create(
      b,
      f.with<arith::AddIOp>(magnitude,
                            llvm::maskTrailingOnes<uint64_t>(dropped - 1)),
      odd);
  Value normal = f.with<arith::SubIOp>(
      f.with<arith::ShRUIOp>(rounded, dropped),
      static_cast<uint64_t>(f.bias - format.bias) << format.mantissa);

  // Subnormal ones are integers in units of the smallest.
  Value isSubnormal =
      f.compare(CmpIPredicate::ult, magnitude, f.powerOfTwo(1 - format.bias));
  Value units = arith::MulFOp::create(
      b, f.select(isSubnormal, f.numberOf(magnitude), f.constantFloat(0)),
      f.constantFloat(std::ldexp(1.0, format.bias - 1 + int(format.mantissa))));
  Value subnormal = arith::FPToUIOp::create(
      b, f.integer, math::RoundEvenOp::create(b, units));
  Value code = f.select(isSubnormal, subnormal, normal);

  Value isLarge = f.compare(CmpIPredicate::ugt, code, format.largest);
  code = f.select(
      isLarge, f.constant(saturate ? format.largest : format.overflow), code);
  code = f.select(f.isNaN(number), f.constant(format.nan), code);
  unsigned width = format.magnitudeBits();
  Value sign = f.with<arith::ShLIOp>(
      f.with<arith::ShRUIOp>(f.bitsOf(number), f.number.getWidth() - 1), width);
  Value negative = arith::OrIOp::create(b, code, sign);
  // Where -0 is NaN there is no negative zero.
  if (!format.hasNegativeZero)
    negative = f.select(f.compare(CmpIPredicate::eq, code, 0), code, negative);
  return arith::TruncIOp::create(b, i8, negative);
}

Value qopt::wrapSmallInteger(ImplicitLocOpBuilder &b, Value number, Type to) {
  unsigned width = to.getIntOrFloatBitWidth();
  Type i8 = b.getI8Type();
  if (to.isUnsignedInteger())
    return arith::AndIOp::create(
        b, number, constantInteger(b, i8, APInt(8, (1u << width) - 1)));
  Value shift = constantInteger(b, i8, APInt(8, 8 - width));
  return arith::ShRSIOp::create(b, arith::ShLIOp::create(b, number, shift),
                                shift);
}
