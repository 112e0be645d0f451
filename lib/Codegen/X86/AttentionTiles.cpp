//===- AttentionTiles.cpp - products of an attention on bf16 tiles --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries, keys, exponentials and values are rounded to bf16, or written as a
// sum of two bf16, of whose four products three count: then products are within
// 2^-16 of those in f32. Sums are f32. A tile of 16 rows takes 32 products
// deep. Keys meet the queries as [16 pairs of elements][16 keys], values the
// exponentials as [16 pairs of keys][16 columns]: both are packed once per
// block of keys and task. Exponentials are stored over the scores that they
// were made from.
//===----------------------------------------------------------------------===//

#include "../Kernels/AttentionGenerator.h"
#include "../Kernels/Products.h"
#include "AMX.h"
#include "Vectors.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Elements of a tile's row, bytes of it.
constexpr int64_t kDepth = 32, kRowBytes = 64;
constexpr int64_t kTile = x86::kTileRows, kTileBytes = x86::kTileBytes;

/// Bytes from one row of a buffer to the next.
static int64_t pitchOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  return type.getShape().back() * type.getElementTypeBitWidth() / 8;
}

SmallVector<Value> AttentionGenerator::toHalves(Value low, Value high) {
  auto join = [&](Value first, Value second) {
    return callIntrinsic(b, "llvm.x86.avx512bf16.cvtne2ps2bf16.512",
                         VectorType::get({2 * kTile}, b.getBF16Type()),
                         {second, first});
  };
  if (parts == 1)
    return {join(low, high)};
  Value lowHalf = x86::roundToHalf(b, low),
        highHalf = x86::roundToHalf(b, high);
  return {join(lowHalf, highHalf),
          join(arith::SubFOp::create(b, low, lowHalf),
               arith::SubFOp::create(b, high, highHalf))};
}

void AttentionGenerator::packTiles(Keys keys) {
  VectorType words = vectorType(b.getF32Type());
  Value zero = b.splat(words, 0), none = b.index(0);
  Value last = b.sub(b.add(keys.from, keys.count), b.index(1));
  int64_t steps = llvm::divideCeil(size, kDepth),
          columns = llvm::divideCeil(valueSize, kTile);
  // Keys beyond the last repeat it; no row sees them.
  auto token = [&](Value column, int64_t i) {
    return b.min(b.add(b.add(keys.from, column), i), last);
  };
  // Whole pairs of tiles.
  Value end = b.mul(b.ceilDiv(keys.count, b.index(kDepth)), kDepth);
  b.loop(none, end, kTile, [&](Value column) {
    Value stripe = div(column, b.index(kTile));
    for (int64_t depth = 0; depth < size; depth += kDepth) {
      SmallVector<SmallVector<Value>> rows(parts);
      auto half = [&](int64_t i, int64_t from) {
        int64_t count = std::min(kTile, size - from);
        return count <= 0
                   ? zero
                   : b.load(key, at(1, group, token(column, i), b.index(from)),
                            kTile, count);
      };
      for (int64_t i = 0; i < kTile; ++i)
        for (auto [own, halves] :
             llvm::zip(rows, toHalves(half(i, depth), half(i, depth + kTile))))
          own.push_back(vector::BitCastOp::create(b, words, halves));
      for (auto [part, own] : llvm::enumerate(rows)) {
        transposeInRegisters(b, own);
        Value tile = b.index(part * steps + depth / kDepth);
        for (int64_t i = 0; i < kTile; ++i)
          b.store(own[i], keyTiles, {stripe, tile, b.index(i), none}, kTile);
      }
    }
  });
  SmallVector<int64_t> pairs;
  for (int64_t i = 0; i < kTile; ++i)
    pairs.append({i, i + kTile});
  b.loop(none, keys.count, kDepth, [&](Value column) {
    Value step = div(column, b.index(kDepth));
    b.loop(none, b.index(kTile), 1, [&](Value pair) {
      Value first = b.add(column, b.mul(pair, 2));
      for (int64_t from = 0; from < valueSize; from += kTile) {
        auto row = [&](int64_t i) {
          return b.load(value, at(2, group, token(first, i), b.index(from)),
                        kTile, std::min(kTile, valueSize - from));
        };
        for (auto [part, both] : llvm::enumerate(toHalves(row(0), row(1)))) {
          Value paired = vector::ShuffleOp::create(b, both, both, pairs);
          b.store(vector::BitCastOp::create(b, words, paired), valueTiles,
                  {step, b.index(part * columns + from / kTile), pair, none},
                  kTile);
        }
      }
    });
  });
}

void AttentionGenerator::eachProduct(
    function_ref<void(int64_t left, int64_t right)> body) {
  // The product of what both roundings leave is below what they lose.
  for (int64_t right = 0; right < parts; ++right)
    for (int64_t left = 0; left + right < parts; ++left)
      body(left, right);
}

void AttentionGenerator::multiplyKeyTiles(Rows rows, Keys keys) {
  x86::TileOps tiles(b);
  auto load = [&](Value pointer, int64_t pitch) {
    return tiles.load(pointer, tiles.i64(pitch), /*streamed=*/false);
  };
  int64_t steps = llvm::divideCeil(size, kDepth);
  int64_t rowPitch = pitchOf(halfQueries), scorePitch = pitchOf(scores);
  Value queryRows =
      tiles.advance(tiles.pointerTo(halfQueries), b.mul(rows.row, rowPitch));
  Value packed = tiles.pointerTo(keyTiles), target = tiles.pointerTo(scores);
  // Two tiles of keys: four sums do not wait for each other.
  int64_t rowTiles = rows.count / kTile;
  b.loop(b.index(0), keys.count, 2 * kTile, [&](Value column) {
    Value stripe = tiles.advance(
        packed, b.mul(div(column, b.index(kTile)), parts * steps * kTileBytes));
    SmallVector<Value> sums;
    for (int64_t i = 0; i < 2 * rowTiles; ++i)
      sums.push_back(tiles.zero());
    eachProduct([&](int64_t left, int64_t right) {
      for (int64_t step = 0; step < steps; ++step) {
        SmallVector<Value> rhs;
        for (int64_t j = 0; j < 2; ++j) {
          int64_t tile = (j * parts + right) * steps + step;
          rhs.push_back(load(tiles.advance(stripe, b.index(tile * kTileBytes)),
                             kRowBytes));
        }
        for (int64_t i = 0; i < rowTiles; ++i) {
          Value from = tiles.advance(
              queryRows, b.index(i * kTile * rowPitch +
                                 (left * steps + step) * kRowBytes));
          Value lhs = load(from, rowPitch);
          for (int64_t j = 0; j < 2; ++j)
            sums[2 * i + j] = tiles.dotHalf(sums[2 * i + j], lhs, rhs[j]);
        }
      }
    });
    Value to = tiles.advance(target, b.mul(column, 4));
    for (int64_t i = 0; i < rowTiles; ++i)
      for (int64_t j = 0; j < 2; ++j)
        tiles.store(
            sums[2 * i + j],
            tiles.advance(to, b.index(i * kTile * scorePitch + j * kRowBytes)),
            tiles.i64(scorePitch));
  });
}

void AttentionGenerator::scaleSums(Value row, Value factor) {
  int64_t width = llvm::alignTo(valueSize, kTile);
  for (int64_t column = 0; column < width; column += isa.lanes) {
    Value sum = b.load(sums, {row, b.index(column)}, isa.lanes, isa.lanes);
    b.store(arith::MulFOp::create(b, sum, factor), sums, {row, b.index(column)},
            isa.lanes);
  }
}

void AttentionGenerator::addValueTiles(Rows rows, Keys keys) {
  x86::TileOps tiles(b);
  auto load = [&](Value pointer, int64_t pitch) {
    return tiles.load(pointer, tiles.i64(pitch), /*streamed=*/false);
  };
  int64_t columns = llvm::divideCeil(valueSize, kTile);
  int64_t scorePitch = pitchOf(scores), sumPitch = pitchOf(sums);
  Value packed = tiles.pointerTo(valueTiles), weights = tiles.pointerTo(scores);
  Value target =
      tiles.advance(tiles.pointerTo(sums), b.mul(rows.row, sumPitch));
  Value steps = b.ceilDiv(keys.count, b.index(kDepth));
  for (int64_t first = 0; first < columns; first += 2) {
    int64_t count = std::min<int64_t>(2, columns - first);
    auto place = [&](int64_t i, int64_t j) {
      return tiles.advance(
          target, b.index(i * kTile * sumPitch + (first + j) * kRowBytes));
    };
    int64_t rowTiles = rows.count / kTile;
    SmallVector<Value> initial;
    for (int64_t i = 0; i < rowTiles; ++i)
      for (int64_t j = 0; j < count; ++j)
        initial.push_back(load(place(i, j), sumPitch));
    SmallVector<Value> results = b.loop(
        b.index(0), steps, 1, initial, [&](Value step, ValueRange carried) {
          SmallVector<Value> next(carried);
          Value block =
              tiles.advance(packed, b.mul(step, parts * columns * kTileBytes));
          Value lhs = tiles.advance(weights, b.mul(step, parts * kRowBytes));
          eachProduct([&](int64_t left, int64_t right) {
            SmallVector<Value> rhs;
            for (int64_t j = 0; j < count; ++j)
              rhs.push_back(load(
                  tiles.advance(block, b.index((right * columns + first + j) *
                                               kTileBytes)),
                  kRowBytes));
            for (int64_t i = 0; i < rowTiles; ++i) {
              Value own =
                  load(tiles.advance(lhs, b.index(i * kTile * scorePitch +
                                                  left * kRowBytes)),
                       scorePitch);
              for (int64_t j = 0; j < count; ++j)
                next[i * count + j] =
                    tiles.dotHalf(next[i * count + j], own, rhs[j]);
            }
          });
          return next;
        });
    for (int64_t i = 0; i < rowTiles; ++i)
      for (int64_t j = 0; j < count; ++j)
        tiles.store(results[i * count + j], place(i, j), tiles.i64(sumPitch));
  }
}
