//===- ProductsSigns.cpp - products of a single row without VNNI ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A single row meets each weight once, and as long as the weights come from L2
// it is bound by the number of instructions. Here the magnitudes of the row are
// the unsigned operand of vpmaddubsw and the weights take its signs: w, or
// -1 - w where a code is negative, which is one vpxor as + 128 is. No pair
// saturates, whatever the codes are, and
//   sum |x| (w ^ sign) = sum x w - sum of |x| over negative x,
// where the last sum is the same for all columns. Products of two quads are
// added in 16 bits: that holds as long as the magnitudes of a lane add up to
// 256, since 256 * -128 = -2^15. Where they do not, which is rare, the second
// of the quads is taken out of the row, to a list.
//===----------------------------------------------------------------------===//

#include "Bytes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Magnitudes of a lane of two quads whose sum is within bounds.
constexpr int64_t kMostOfLane = 256;

/// Rows of lhsNear.
constexpr int64_t kMagnitudes = 0, kSigns = 1;

/// -1 where a code is negative.
static Value signsOf(KernelBuilder &b, Value codes) {
  auto type = cast<VectorType>(codes.getType());
  Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, codes,
                                         b.splat(type, 0));
  return arith::ExtSIOp::create(b, type, negative);
}

static Value magnitudesOf(KernelBuilder &b, Value codes, Value signs) {
  return b.sub(arith::XOrIOp::create(b, codes, signs), signs);
}

/// Splits 32 codes, and returns `sum` less the magnitudes of negative ones.
static Value splitCodes(KernelBuilder &b, const Operands &in, Value k,
                        Value sum) {
  auto bytes = VectorType::get({32}, b.getI8Type());
  auto words = VectorType::get({16}, b.getI16Type());
  auto quads = VectorType::get({8}, b.getI32Type());
  Value row = b.index(0);
  Value codes = b.load(in.lhs, {row, k}, 32, 32);
  Value signs = signsOf(b, codes);
  Value magnitudes = magnitudesOf(b, codes, signs);
  sum = addWords(b, sum, multiplyBytes(b, magnitudes, signs));

  Value pairs = multiplyBytes(b, magnitudes, b.splat(bytes, 1));
  SmallVector<int64_t> otherQuad;
  SmallVector<int32_t> isSecond;
  for (int64_t i = 0; i < 16; ++i)
    otherQuad.push_back(i ^ 2);
  for (int64_t i = 0; i < 8; ++i)
    isSecond.push_back(i % 2 ? -1 : 0);
  Value lanes =
      b.add(pairs, vector::ShuffleOp::create(b, pairs, pairs, otherQuad));
  Value large = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, lanes,
                                      b.splat(words, kMostOfLane));
  Value eitherLane = vector::BitCastOp::create(
      b, quads, arith::ExtSIOp::create(b, words, large));
  Value bits = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, eitherLane,
                                     b.splat(quads, 0));
  Value second = arith::ConstantOp::create(
      b, DenseElementsAttr::get(quads, ArrayRef<int32_t>(isSecond)));
  Value out =
      arith::AndIOp::create(b, arith::ExtSIOp::create(b, quads, bits), second);
  Value near =
      arith::AndIOp::create(b, vector::BitCastOp::create(b, quads, magnitudes),
                            arith::XOrIOp::create(b, out, b.splat(quads, -1)));
  b.store(vector::BitCastOp::create(b, bytes, near), in.lhsNear,
          {b.index(kMagnitudes), k}, 32);
  b.store(signs, in.lhsNear, {b.index(kSigns), k}, 32);

  Value first = arith::DivUIOp::create(b, k, b.index(4));
  b.ifElse(
      anyOf(b, bits),
      [&] {
        appendFar(b, in, row, bits, {1, 3, 5, 7}, [&](int64_t lane) {
          return arith::IndexCastOp::create(b, b.getI64Type(),
                                            b.add(first, lane))
              .getResult();
        });
      },
      [] {});
  return sum;
}

void x86::splitAlone(KernelBuilder &b, const Operands &in, int64_t depth) {
  auto sums = VectorType::get({8}, b.getI32Type());
  Value none = b.index(0);
  Value zero = arith::ConstantIntOp::create(b, b.getI32Type(), 0);
  memref::StoreOp::create(b, zero, in.lhsStart,
                          ValueRange{none, b.index(kFarQuads)});
  Value sum =
      b.loop(none, b.index(depth), 32, ValueRange{b.splat(sums, 0)},
             [&](Value k, ValueRange carried) {
               return SmallVector<Value>{splitCodes(b, in, k, carried[0])};
             })[0];
  Value all = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum);
  memref::StoreOp::create(b, b.sub(zero, all), in.lhsStart,
                          ValueRange{none, b.index(kFirstSum)});
}

Value x86::isAlone(KernelBuilder &b, const Operands &in) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, b.dim(in.lhs, 0),
                               b.index(1));
}

/// The products in 16 bits of a quad, with 8 columns of its weights.
static Value multiplyQuad(KernelBuilder &b, const Operands &in,
                          const Tile &block, int64_t v, Value kBlock,
                          Value quad, Value magnitudes, Value signs) {
  Value weights = loadPacked(b, in.rhs, block, 8 * v, kBlock, quad, 32);
  return multiplyBytes(b, magnitudes, arith::XOrIOp::create(b, weights, signs));
}

/// What sums begin with, and the quads of the list.
static Accumulators sumFar(KernelBuilder &b, const Isa &isa, const Operands &in,
                           const Tile &block) {
  int64_t vectors = block.vectors(isa);
  Value row = b.index(0);
  auto startOf = [&](int64_t column) {
    return memref::LoadOp::create(b, in.lhsStart,
                                  ValueRange{row, b.index(column)});
  };
  Value count =
      arith::IndexCastUIOp::create(b, b.getIndexType(), startOf(kFarQuads));
  SmallVector<Value> sums(vectors, b.broadcast(startOf(kFirstSum), isa.lanes));
  return b.loop(b.index(0), count, 1, sums, [&](Value j, ValueRange carried) {
    Value quad = arith::IndexCastUIOp::create(
        b, b.getIndexType(),
        memref::LoadOp::create(b, in.lhsFar, ValueRange{row, j}));
    Value codes = broadcastQuad(b, isa, in.lhs, row, b.mul(quad, 4));
    Value signs = signsOf(b, codes);
    Value magnitudes = magnitudesOf(b, codes, signs);
    Value kBlock = arith::DivUIOp::create(b, quad, b.index(16));
    Value inBlock = arith::RemUIOp::create(b, quad, b.index(16));
    Accumulators next;
    for (int64_t v = 0; v < vectors; ++v)
      next.push_back(addWords(
          b, carried[v],
          multiplyQuad(b, in, block, v, kBlock, inBlock, magnitudes, signs)));
    b.disableUnrolling();
    return next;
  });
}

Accumulators x86::signProduct(KernelBuilder &b, const Isa &isa,
                              const Operands &in, const Tile &block,
                              const Fetch &fetch) {
  int64_t blocksOfK = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
  auto step = [&](Value kBlock, Value first, ValueRange carried) {
    Value quads[2], magnitudes[2], signs[2];
    for (int64_t i = 0; i < 2; ++i) {
      quads[i] = b.add(first, i);
      Value k = b.add(b.mul(kBlock, 64), b.mul(quads[i], 4));
      magnitudes[i] =
          broadcastQuad(b, isa, in.lhsNear, b.index(kMagnitudes), k);
      signs[i] = broadcastQuad(b, isa, in.lhsNear, b.index(kSigns), k);
      if (fetch.streamed)
        fetchAhead(b, in.rhs, block, kBlock, quads[i]);
    }
    // Both quads of a vector before the next: 8 sums leave few registers.
    Accumulators sums;
    for (size_t v = 0; v < carried.size(); ++v) {
      auto words = [&](int64_t i) {
        return multiplyQuad(b, in, block, v, kBlock, quads[i], magnitudes[i],
                            signs[i]);
      };
      Value first = words(0);
      sums.push_back(addWords(b, carried[v], b.add(first, words(1))));
    }
    return sums;
  };
  return b.loop(b.index(0), b.index(blocksOfK), 1, sumFar(b, isa, in, block),
                [&](Value kBlock, ValueRange outer) {
                  if (fetch.part)
                    fetchNext(b, isa, in.rhs, block, kBlock, fetch.part);
                  return b.loop(b.index(0), b.index(16), 2, outer,
                                [&](Value quad, ValueRange carried) {
                                  Accumulators next =
                                      step(kBlock, quad, carried);
                                  b.unrollBy(2);
                                  return next;
                                });
                });
}
