//===- AttentionBytes.cpp - products of an attention by vpdpbusd ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries and keys become codes with a scale each, columns of values codes with
// a scale for the keys of a block, exponentials integers from 0 to 255. Sums
// are exact and become floats at the end of a block. Queries are stored + 128,
// for vpdpbusd; 128 times the sum of a key is taken off in advance.
//
// What is not finite gives a scale that is not, and so a NaN.
//===----------------------------------------------------------------------===//

#include "../Kernels/AttentionGenerator.h"
#include "../Kernels/Instructions.h"
#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// An exponential of 1 as an integer.
constexpr float kOne = 255;
/// Added to a number up to 255, it leaves code - 128 in the low bits.
constexpr float kToInteger = 12582912, kToCode = kToInteger - 128;

namespace {

/// One scale or a vector of them, and what codes are made with.
struct ByteScale {
  Value scale, multiplier;
};

} // namespace

/// Of the bits of largest magnitudes, as i32.
static ByteScale scaleOf(KernelBuilder &b, Value magnitude) {
  Type type = b.getF32Type();
  if (auto vector = dyn_cast<VectorType>(magnitude.getType()))
    type = VectorType::get(vector.getShape(), type);
  auto number = [&](float value) -> Value {
    if (auto vector = dyn_cast<VectorType>(type))
      return b.splat(vector, value);
    return b.f32(value);
  };
  Value largest = arith::BitcastOp::create(b, type, magnitude);
  // Below that, 127 / largest is no longer exact enough.
  Value small =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, largest,
                            number(127 * std::numeric_limits<float>::min()));
  return {
      arith::MulFOp::create(b, largest, number(1.0f / 127)),
      arith::SelectOp::create(b, small, number(0),
                              arith::DivFOp::create(b, number(127), largest))};
}

static Value magnitudeBits(KernelBuilder &b, Value values) {
  auto words = VectorType::get(cast<VectorType>(values.getType()).getShape(),
                               b.getI32Type());
  return arith::AndIOp::create(b, arith::BitcastOp::create(b, words, values),
                               b.splat(words, 0x7fffffff));
}

/// The low bytes of four vectors, side by side in each lane.
static Value joinBytes(KernelBuilder &b, ArrayRef<Value> four) {
  auto words = cast<VectorType>(four[0].getType());
  Value joined;
  for (int64_t i = 0; i < 4; ++i) {
    Value word = four[i];
    if (i < 3)
      word = arith::AndIOp::create(b, word, b.splat(words, 255));
    if (i)
      word = arith::ShLIOp::create(b, word, b.splat(words, 8 * i));
    joined = joined ? Value(arith::OrIOp::create(b, joined, word)) : word;
  }
  return vector::BitCastOp::create(
      b, VectorType::get({4 * words.getNumElements()}, b.getI8Type()), joined);
}

void AttentionGenerator::allocateBytes() {
  auto stack = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element),
                                    b.getI64IntegerAttr(64));
  };
  Type f32 = b.getF32Type(), i32 = b.getI32Type(), i8 = b.getI8Type();
  int64_t lanes = isa.lanes, stripes = blockKeys / lanes;
  int64_t quads = llvm::divideCeil(size, 4),
          columns = llvm::divideCeil(valueSize, lanes);
  queryCodes = stack({taskRows, int64_t(llvm::alignTo(size, 64)) + 64}, i8);
  queryScales = stack({taskRows}, f32);
  keyCodes = stack({stripes, quads, 4 * lanes}, i8);
  keyStarts = stack({stripes, lanes}, i32);
  keyScales = stack({stripes, lanes}, f32);
  valueCodes = stack({blockKeys / 4, columns, 4 * lanes}, i8);
  valueScales = stack({columns, lanes}, f32);
  weightCodes = stack({isa.floatRows, blockKeys + 64}, i8);
}

void AttentionGenerator::copyQueryCodes(Value i) {
  VectorType words = vectorType(b.getI32Type());
  Value zero = b.splat(words, 0), largest = zero;
  auto own = [&](int64_t column) {
    return b.load(ownQueries, {i, b.index(column)}, isa.lanes, isa.lanes);
  };
  for (int64_t column = 0; column < size; column += isa.lanes)
    largest = arith::MaxSIOp::create(b, largest, magnitudeBits(b, own(column)));
  ByteScale scale = scaleOf(
      b, vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, largest));
  memref::StoreOp::create(b, scale.scale, queryScales, i);
  Value multiplier = b.broadcast(scale.multiplier, isa.lanes);
  int64_t step = 4 * isa.lanes;
  auto bytes = VectorType::get({step}, b.getI8Type());
  for (int64_t column = 0; column < size; column += step) {
    SmallVector<Value> four;
    for (int64_t from = column; from < column + step; from += isa.lanes)
      four.push_back(
          from < size
              ? roundToWords(b, arith::MulFOp::create(b, own(from), multiplier))
              : zero);
    b.store(arith::XOrIOp::create(b, packWords(b, four), b.splat(bytes, -128)),
            queryCodes, {i, b.index(column)}, step);
  }
}

void AttentionGenerator::packBytes(Keys keys) {
  packKeys(keys);
  VectorType words = vectorType(b.getI32Type());
  auto bytes = VectorType::get({4 * isa.lanes}, b.getI8Type());
  Value zero = b.splat(words, 0), none = b.index(0);
  int64_t step = vectorsOf(/*rows=*/1);
  // All stripes that products go on to; behind the last key they are zero.
  Value stripes = b.ceilDiv(keys.count, b.index(isa.lanes));
  stripes = b.min(b.mul(b.ceilDiv(stripes, b.index(step)), step),
                  b.index(blockKeys / isa.lanes));
  b.loop(none, stripes, 1, [&](Value stripe) {
    auto element = [&](Value depth) {
      return b.load(panel, {stripe, depth, none}, isa.lanes, isa.lanes);
    };
    Value largest = b.loop(
        none, b.index(size), 1, zero, [&](Value depth, ValueRange carried) {
          return SmallVector<Value>{arith::MaxSIOp::create(
              b, carried[0], magnitudeBits(b, element(depth)))};
        })[0];
    ByteScale scale = scaleOf(b, largest);
    b.store(scale.scale, keyScales, {stripe, none}, isa.lanes);
    auto quad = [&](Value first, int64_t count, Value start) {
      SmallVector<Value> four;
      for (int64_t i = 0; i < 4; ++i)
        four.push_back(i < count
                           ? roundToWords(b, arith::MulFOp::create(
                                                 b, element(b.add(first, i)),
                                                 scale.multiplier))
                           : zero);
      Value codes = joinBytes(b, four);
      b.store(codes, keyCodes, {stripe, div(first, b.index(4)), none},
              4 * isa.lanes);
      return x86::dotBytes(b, isa, start, b.splat(bytes, -128), codes);
    };
    int64_t whole = size / 4 * 4;
    Value sum = b.loop(none, b.index(whole), 4, zero,
                       [&](Value first, ValueRange carried) {
                         return SmallVector<Value>{quad(first, 4, carried[0])};
                       })[0];
    if (whole < size)
      sum = quad(b.index(whole), size - whole, sum);
    b.store(b.sub(zero, sum), keyStarts, {stripe, none}, isa.lanes);
  });
  packValueBytes(keys);
}

void AttentionGenerator::packValueBytes(Keys keys) {
  int64_t columns = llvm::divideCeil(valueSize, isa.lanes);
  Value none = b.index(0), zero = b.splat(vectorType(b.getI32Type()), 0);
  auto element = [&](Value position, int64_t c) {
    return b.load(
        value, at(2, group, b.add(keys.from, position), b.index(c * isa.lanes)),
        isa.lanes, std::min(isa.lanes, valueSize - c * isa.lanes));
  };
  SmallVector<Value> largest =
      b.loop(none, keys.count, 1, SmallVector<Value>(columns, zero),
             [&](Value position, ValueRange carried) {
               SmallVector<Value> next;
               for (int64_t c = 0; c < columns; ++c)
                 next.push_back(arith::MaxSIOp::create(
                     b, carried[c], magnitudeBits(b, element(position, c))));
               return next;
             });
  SmallVector<Value> multipliers;
  for (int64_t c = 0; c < columns; ++c) {
    ByteScale scale = scaleOf(b, largest[c]);
    b.store(scale.scale, valueScales, {b.index(c), none}, isa.lanes);
    multipliers.push_back(scale.multiplier);
  }
  auto quads = [&](Value begin, Value end, bool whole) {
    Value last = b.sub(keys.count, b.index(1));
    b.loop(begin, end, 4, [&](Value position) {
      for (int64_t c = 0; c < columns; ++c) {
        SmallVector<Value> four;
        for (int64_t i = 0; i < 4; ++i) {
          Value own = b.add(position, i);
          four.push_back(
              roundToWords(b, arith::MulFOp::create(
                                  b, element(whole ? own : b.min(own, last), c),
                                  multipliers[c])));
        }
        b.store(joinBytes(b, four), valueCodes,
                {div(position, b.index(4)), b.index(c), none}, 4 * isa.lanes);
      }
    });
  };
  // Keys beyond the last repeat it; their exponentials are 0.
  Value whole = b.sub(keys.count, rem(keys.count, b.index(4)));
  quads(none, whole, true);
  quads(whole, keys.count, false);
}

/// Four codes of a row of `codes` by each of `rhs`, added to the sums.
static void addQuad(KernelBuilder &b, const Isa &isa, Value codes, Value row,
                    Value column, ArrayRef<Value> rhs,
                    MutableArrayRef<Value> sums) {
  Value quad = broadcastQuad(b, isa, codes, row, column);
  for (auto [sum, own] : llvm::zip(sums, rhs))
    sum = x86::dotBytes(b, isa, sum, quad, own);
}

void AttentionGenerator::multiplyByKeyBytes(Rows rows, Keys keys) {
  int64_t vectors = vectorsOf(rows.count), bytes = 4 * isa.lanes;
  Value none = b.index(0);
  b.loop(none, keys.count, vectors * isa.lanes, [&](Value column) {
    Value stripe = div(column, b.index(isa.lanes));
    auto perStripe = [&](Value from, int64_t v) {
      return b.load(from, {b.add(stripe, v), none}, isa.lanes, isa.lanes);
    };
    SmallVector<Value> starts;
    for (int64_t i = 0; i < rows.count * vectors; ++i)
      starts.push_back(perStripe(keyStarts, i % vectors));
    auto add = [&](Value quad, ValueRange current) {
      SmallVector<Value> next(current), rhs;
      for (int64_t v = 0; v < vectors; ++v)
        rhs.push_back(
            b.load(keyCodes, {b.add(stripe, v), quad, none}, bytes, bytes));
      for (int64_t i = 0; i < rows.count; ++i)
        addQuad(b, isa, queryCodes, b.add(rows.row, i), b.mul(quad, 4), rhs,
                MutableArrayRef<Value>(next).slice(i * vectors, vectors));
      // Of longer steps LLVM's scheduler makes spills.
      b.unrollBy(2);
      return next;
    };
    SmallVector<Value> products =
        b.loop(none, b.index(llvm::divideCeil(size, 4)), 1, starts, add);
    for (int64_t i = 0; i < rows.count; ++i) {
      Value own = broadcastAt(queryScales, b.add(rows.row, i));
      for (int64_t v = 0; v < vectors; ++v) {
        Value score = arith::SIToFPOp::create(b, vectorType(b.getF32Type()),
                                              products[i * vectors + v]);
        Value scale = arith::MulFOp::create(b, own, perStripe(keyScales, v));
        b.store(arith::MulFOp::create(b, score, scale), scores,
                {slotOf(rows, i), b.add(column, v * isa.lanes)}, isa.lanes);
      }
    }
  });
}

Value AttentionGenerator::toCode(Value exponential, Value &total) {
  VectorType floats = vectorType(b.getF32Type()),
             words = vectorType(b.getI32Type());
  Value shifted = vector::FMAOp::create(b, exponential, b.splat(floats, kOne),
                                        b.splat(floats, kToCode));
  // What is added up is what the values are multiplied by.
  total = arith::AddFOp::create(
      b, total, arith::SubFOp::create(b, shifted, b.splat(floats, kToCode)));
  return b.sub(arith::BitcastOp::create(b, words, shifted),
               b.splat(words, llvm::bit_cast<int32_t>(kToInteger)));
}

void AttentionGenerator::storeCodes(Value slot, Value column,
                                    ArrayRef<Value> four) {
  int64_t step = 4 * isa.lanes;
  auto bytes = VectorType::get({step}, b.getI8Type());
  b.store(arith::XOrIOp::create(b, packWords(b, four), b.splat(bytes, -128)),
          weightCodes, {slot, column}, step);
}

void AttentionGenerator::addValueBytes(Rows rows, Keys keys) {
  int64_t vectors = vectorsOf(rows.count), bytes = 4 * isa.lanes;
  int64_t columns = llvm::divideCeil(valueSize, isa.lanes);
  Value none = b.index(0), end = b.ceilDiv(keys.count, b.index(4));
  for (int64_t first = 0; first < columns; first += vectors) {
    int64_t used = std::min(vectors, columns - first);
    SmallVector<Value> zeros(rows.count * used,
                             b.splat(vectorType(b.getI32Type()), 0));
    SmallVector<Value> products =
        b.loop(none, end, 1, zeros, [&](Value quad, ValueRange current) {
          SmallVector<Value> next(current), rhs;
          for (int64_t v = 0; v < used; ++v)
            rhs.push_back(b.load(valueCodes, {quad, b.index(first + v), none},
                                 bytes, bytes));
          for (int64_t i = 0; i < rows.count; ++i)
            addQuad(b, isa, weightCodes, slotOf(rows, i), b.mul(quad, 4), rhs,
                    MutableArrayRef<Value>(next).slice(i * used, used));
          b.unrollBy(2);
          return next;
        });
    for (int64_t i = 0; i < rows.count; ++i) {
      Value factor = broadcastAt(factors, slotOf(rows, i));
      for (int64_t v = 0; v < used; ++v) {
        SmallVector<Value> place{b.add(rows.row, i),
                                 b.index((first + v) * isa.lanes)};
        Value before = arith::MulFOp::create(
            b, b.load(sums, place, isa.lanes, isa.lanes), factor);
        Value product = arith::SIToFPOp::create(b, before.getType(),
                                                products[i * used + v]);
        Value scale = b.load(valueScales, {b.index(first + v), none}, isa.lanes,
                             isa.lanes);
        b.store(vector::FMAOp::create(b, product, scale, before), sums, place,
                isa.lanes);
      }
    }
  }
}
