//===- RowCodes.cpp - range, scale and codes of one row -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maxima are taken on the bits of magnitudes as integers: their order is that
// of the floats, and a NaN is above all of them, where a float maximum would
// drop it. Divisions are true ones. Rounding to even is the conversion's own.
// Four vectors of codes become one of bytes by instructions that saturate, so a
// value needs a bound only where the scale was not made for it.
//===----------------------------------------------------------------------===//

#include "RowCodes.h"
#include "Instructions.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Vectors that are under way at once.
constexpr int64_t kUnroll = 4;

static int32_t bitsOf(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

RowCodes::RowCodes(KernelBuilder &b, const Isa &isa, const RowRule &rule,
                   Value input, Value mask, Value codes)
    : b(b), isa(isa), rule(rule), input(input), mask(mask), codes(codes),
      floats(VectorType::get({isa.lanes}, b.getF32Type())),
      words(VectorType::get({isa.lanes}, b.getI32Type())),
      k(cast<MemRefType>(input.getType()).getShape().back()),
      padded(cast<MemRefType>(codes.getType()).getShape().back()) {}

Value RowCodes::i32(int32_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}

SmallVector<Value>
RowCodes::eachVector(ValueRange initial, int64_t sets,
                     function_ref<Carried(Value, int64_t, ValueRange)> body) {
  size_t parts = initial.size() / sets;
  auto part = [&](ValueRange carried, int64_t i) {
    return carried.slice(i % sets * parts, parts);
  };
  auto update = [&](Carried &all, int64_t i, Value column, int64_t count) {
    Carried next = body(column, count, part(all, i));
    llvm::copy(next, all.begin() + i % sets * parts);
  };
  int64_t whole = k / isa.lanes * isa.lanes;
  int64_t step = kUnroll * isa.lanes, end = whole / step * step;
  Carried carried =
      b.loop(b.index(0), b.index(end), step, initial,
             [&](Value column, ValueRange values) {
               Carried next(values);
               for (int64_t i = 0; i < kUnroll; ++i)
                 update(next, i, b.add(column, i * isa.lanes), isa.lanes);
               return next;
             });
  for (int64_t i = 0, column = end; column < k; column += isa.lanes, ++i)
    update(carried, i, b.index(column), std::min(isa.lanes, k - column));
  return carried;
}

static SmallVector<Value> at(ValueRange row, Value column) {
  SmallVector<Value> indices(row);
  indices.push_back(column);
  return indices;
}

Value RowCodes::load(ValueRange row, Value column, int64_t count,
                     bool forRange) {
  Value value = b.load(input, at(row, column), isa.lanes, count);
  Value zero = b.splat(floats, 0), out;
  bool keepSmall = rule.keepSmall && forRange;
  if (mask) {
    Value factor = b.load(mask, {column}, isa.lanes, count);
    if (keepSmall)
      factor = math::AbsFOp::create(b, factor);
    else
      out = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, factor, zero);
    if (!rule.unitMask)
      value = arith::MulFOp::create(b, value, factor);
  }
  if (rule.threshold && (keepSmall || !rule.keepSmall)) {
    Value large = arith::CmpFOp::create(
        b, arith::CmpFPredicate::OGE, math::AbsFOp::create(b, value),
        b.splat(floats, double(*rule.threshold)));
    out = out ? Value(arith::OrIOp::create(b, out, large)) : large;
  }
  // Also where a factor of 0 has met an Inf.
  return out ? Value(arith::SelectOp::create(b, out, zero, value)) : value;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

Value RowCodes::magnitudeBits(Value values) {
  Value bits = arith::BitcastOp::create(b, words, values);
  return arith::AndIOp::create(b, bits, b.splat(words, 0x7fffffff));
}

/// Floats of both signs in the order of integers: the magnitude bits of
/// negative ones are inverted. Its own inverse, on bits.
Value RowCodes::key(Value bits) {
  Type type = bits.getType();
  auto constant = [&](int32_t value) {
    return mlir::isa<VectorType>(type) ? b.splat(words, value) : i32(value);
  };
  Value sign = arith::ShRSIOp::create(b, bits, constant(31));
  return arith::XOrIOp::create(
      b, bits, arith::AndIOp::create(b, sign, constant(0x7fffffff)));
}

RowRange RowCodes::emptyRange() {
  RowRange range;
  range.high = i32(0);
  if (rule.asymmetric)
    range.low = i32(0);
  return range;
}

RowRange RowCodes::join(RowRange a, RowRange other) {
  RowRange range;
  range.high = arith::MaxSIOp::create(b, a.high, other.high);
  if (a.low)
    range.low = arith::MinSIOp::create(b, a.low, other.low);
  return range;
}

RowRange RowCodes::range(ValueRange row) {
  size_t parts = rule.asymmetric ? 2 : 1;
  SmallVector<Value> initial(kUnroll * parts, b.splat(words, 0));
  Carried all = eachVector(
      initial, kUnroll,
      [&](Value column, int64_t count, ValueRange carried) -> Carried {
        Value values = load(row, column, count, /*forRange=*/true);
        RowRange range;
        if (rule.asymmetric)
          range.high = range.low =
              key(arith::BitcastOp::create(b, words, values));
        else
          range.high = magnitudeBits(values);
        return join(RowRange(carried), range).parts();
      });
  RowRange joined(ValueRange(all).take_front(parts));
  for (int64_t i = 1; i < kUnroll; ++i)
    joined = join(joined, RowRange(ValueRange(all).slice(i * parts, parts)));
  joined.high =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, joined.high);
  if (joined.low)
    joined.low = vector::ReductionOp::create(b, vector::CombiningKind::MINSI,
                                             joined.low);
  return joined;
}

Value RowCodes::magnitude(RowRange range) {
  if (!range.low)
    return range.high;
  auto bits = [&](Value part) {
    return arith::AndIOp::create(b, key(part), i32(0x7fffffff));
  };
  return arith::MaxSIOp::create(b, bits(range.high), bits(range.low));
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

Value RowCodes::isFiniteBits(Value magnitude) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, magnitude,
                               i32(0x7f800000));
}

Value RowCodes::nanUnlessFinite(Value scale, Value magnitude) {
  return arith::SelectOp::create(
      b, isFiniteBits(magnitude), scale,
      b.f32(std::numeric_limits<float>::quiet_NaN()));
}

RowScale RowCodes::scaleOf(RowRange range) {
  constexpr float smallest = std::numeric_limits<float>::min();
  RowScale scale;
  Value finite = magnitude(range);
  auto toFloat = [&](Value bits) {
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  };
  auto below = [&](Value bits, float limit) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits,
                                 i32(bitsOf(limit)));
  };
  if (!rule.asymmetric) {
    // Below that, 127 / absmax is no longer exact enough.
    Value zero = below(range.high, 127.0f * smallest);
    Value absmax = toFloat(range.high), steps = b.f32(127.0f);
    scale.value = arith::SelectOp::create(
        b, zero, b.f32(1), arith::DivFOp::create(b, absmax, steps));
    scale.multiplier = arith::SelectOp::create(
        b, zero, b.f32(0), arith::DivFOp::create(b, steps, absmax));
    scale.value = nanUnlessFinite(scale.value, finite);
    scale.coversRow = !rule.keepSmall;
    return scale;
  }
  Value low = toFloat(key(range.low)), high = toFloat(key(range.high));
  Value width = arith::SubFOp::create(b, high, low);
  // Not below 0, so that its bits are in order. The width of finite numbers may
  // be Inf; that of others is Inf or NaN.
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), width);
  Value zero = below(bits, 255.0f * smallest);
  Value step = arith::SelectOp::create(
      b, zero, b.f32(1), arith::DivFOp::create(b, width, b.f32(255)));
  finite = arith::MaxSIOp::create(
      b, finite, arith::AndIOp::create(b, bits, i32(0x7fffffff)));
  scale.value = scale.divisor = nanUnlessFinite(step, finite);
  scale.coversRow = true;
  Value point = arith::DivFOp::create(b, arith::NegFOp::create(b, low), step);
  scale.zeroPoint =
      math::RoundEvenOp::create(b, clamp(point, b.f32(0), b.f32(255)));
  return scale;
}

RowScale RowCodes::givenScale(Value value, Value zeroPoint) {
  RowScale scale;
  scale.value = value;
  if (!rule.asymmetric) {
    scale.multiplier = arith::DivFOp::create(b, b.f32(1), value);
    return scale;
  }
  scale.divisor = value;
  scale.zeroPoint = arith::SIToFPOp::create(b, b.getF32Type(), zeroPoint);
  return scale;
}

Value RowCodes::signedZero(const RowScale &scale) {
  Value point = arith::FPToSIOp::create(b, b.getI32Type(), scale.zeroPoint);
  return arith::SubIOp::create(b, point, i32(128));
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// The comparisons are those of minps and maxps: a NaN becomes a bound.
Value RowCodes::clamp(Value x, Value low, Value high) {
  Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, high);
  x = arith::SelectOp::create(b, below, x, high);
  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, low);
  return arith::SelectOp::create(b, above, x, low);
}

Value RowCodes::toWords(Value values, const RowScale &scale) {
  auto spread = [&](Value scalar) { return b.broadcast(scalar, isa.lanes); };
  if (!rule.asymmetric) {
    values = arith::MulFOp::create(b, values, spread(scale.multiplier));
    // From below, codes are bounded as bytes.
    if (!scale.coversRow) {
      Value high = b.splat(floats, 127);
      Value below =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, values, high);
      values = arith::SelectOp::create(b, below, values, high);
    }
    return roundToWords(b, values);
  }
  values = arith::DivFOp::create(b, values, spread(scale.divisor));
  values = clamp(values, spread(arith::NegFOp::create(b, scale.zeroPoint)),
                 spread(arith::SubFOp::create(b, b.f32(255), scale.zeroPoint)));
  return b.add(roundToWords(b, values), spread(signedZero(scale)));
}

RowRange RowCodes::emit(ValueRange row, const RowScale &scale) {
  constexpr int64_t kVectors = 4;
  int64_t step = kVectors * isa.lanes;
  auto byteType = VectorType::get({step}, b.getI8Type());
  // The largest magnitude is asked for where the scale does not tell it.
  bool track = !scale.coversRow;
  auto group = [&](Value column, int64_t count, ValueRange carried) {
    Carried largest(carried), codeWords;
    for (int64_t i = 0; i < kVectors; ++i) {
      int64_t here = std::clamp<int64_t>(count - i * isa.lanes, 0, isa.lanes);
      if (!here) {
        codeWords.push_back(b.splat(words, 0));
        continue;
      }
      Value values = load(row, b.add(column, i * isa.lanes), here,
                          /*forRange=*/false);
      codeWords.push_back(toWords(values, scale));
      if (track)
        largest[i] =
            arith::MaxSIOp::create(b, largest[i], magnitudeBits(values));
    }
    Value bytes = packWords(b, codeWords);
    if (!rule.asymmetric && track)
      bytes = arith::MaxSIOp::create(b, bytes, b.splat(byteType, -127));
    if (isa.codeOffset())
      bytes = b.add(bytes, b.splat(byteType, int8_t(isa.codeOffset())));
    b.store(bytes, codes, at(row, column), step);
    return largest;
  };
  int64_t whole = k / step * step;
  Carried initial;
  if (track)
    initial.assign(kVectors, b.splat(words, 0));
  Carried all = b.loop(b.index(0), b.index(whole), step, initial,
                       [&](Value column, ValueRange carried) {
                         return group(column, step, carried);
                       });
  // Padding is whole groups too.
  for (int64_t column = whole; column < padded; column += step)
    all = group(b.index(column), std::max<int64_t>(0, k - column), all);
  RowRange range;
  if (!track)
    return range;
  for (int64_t i = 1; i < kVectors; ++i)
    all[0] = arith::MaxSIOp::create(b, all[0], all[i]);
  range.high =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, all[0]);
  return range;
}
