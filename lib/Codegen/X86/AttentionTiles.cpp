//===- AttentionTiles.cpp - products of an attention on bf16 tiles --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries, keys, exponentials and values are rounded to bf16; sums are f32. A
// tile of 16 rows takes 32 products deep. Keys meet the queries as [16 pairs of
// elements][16 keys], values the exponentials as [16 pairs of keys][16
// columns]: both are packed once per block of keys and task. Exponentials are
// stored over the scores that they were made from.
//===----------------------------------------------------------------------===//

#include "../Kernels/AttentionGenerator.h"
#include "../Kernels/Products.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Elements of a tile's row, rows of a tile, bytes of both.
constexpr int64_t kDepth = 32, kTile = 16, kRowBytes = 64, kTileBytes = 1024;

namespace {

/// The tile instructions.
struct Tiles {
  explicit Tiles(KernelBuilder &b)
      : b(b), type(LLVM::LLVMX86AMXType::get(b.getContext())),
        rows(arith::ConstantOp::create(b, b.getI16IntegerAttr(kTile))),
        width(arith::ConstantOp::create(b, b.getI16IntegerAttr(kRowBytes))) {}

  Value zero() { return call("llvm.x86.tilezero.internal", {rows, width}); }
  Value load(Value pointer, int64_t stride) {
    return call("llvm.x86.tileloadd64.internal",
                {rows, width, pointer, number(stride)});
  }
  void store(Value tile, Value pointer, int64_t stride) {
    LLVM::CallIntrinsicOp::create(
        b, b.getStringAttr("llvm.x86.tilestored64.internal"),
        {rows, width, pointer, number(stride), tile});
  }
  Value dot(Value sums, Value lhs, Value rhs) {
    return call("llvm.x86.tdpbf16ps.internal",
                {rows, width, width, sums, lhs, rhs});
  }
  /// Of a buffer with the trivial layout.
  Value pointerTo(Value memref) {
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
    return LLVM::IntToPtrOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), toI64(address));
  }
  Value advance(Value pointer, Value bytes) {
    return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                               ValueRange{toI64(bytes)});
  }

private:
  Value toI64(Value index) {
    return arith::IndexCastOp::create(b, b.getI64Type(), index);
  }
  Value number(int64_t value) {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  }
  Value call(StringRef intrinsic, ValueRange operands) {
    return callIntrinsic(b, intrinsic, type, operands);
  }

  KernelBuilder &b;
  Type type;
  Value rows, width;
};

/// Bytes from one row of a buffer to the next.
int64_t pitchOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  return type.getShape().back() * type.getElementTypeBitWidth() / 8;
}

} // namespace

Value AttentionGenerator::toHalves(Value low, Value high) {
  return callIntrinsic(b, "llvm.x86.avx512bf16.cvtne2ps2bf16.512",
                       VectorType::get({2 * kTile}, b.getBF16Type()),
                       {high, low});
}

void AttentionGenerator::packTiles(Keys keys) {
  VectorType words = vectorType(b.getF32Type());
  Value zero = b.splat(words, 0), none = b.index(0);
  Value last = b.sub(b.add(keys.from, keys.count), b.index(1));
  // Keys beyond the last repeat it; no row sees them.
  auto token = [&](Value column, int64_t i) {
    return b.min(b.add(b.add(keys.from, column), i), last);
  };
  b.loop(none, keys.count, kTile, [&](Value column) {
    Value stripe = div(column, b.index(kTile));
    for (int64_t depth = 0; depth < size; depth += kDepth) {
      SmallVector<Value> rows;
      auto half = [&](int64_t i, int64_t from) {
        int64_t count = std::min(kTile, size - from);
        return count <= 0
                   ? zero
                   : b.load(key, at(1, group, token(column, i), b.index(from)),
                            kTile, count);
      };
      for (int64_t i = 0; i < kTile; ++i)
        rows.push_back(vector::BitCastOp::create(
            b, words, toHalves(half(i, depth), half(i, depth + kTile))));
      transposeInRegisters(b, rows);
      for (int64_t i = 0; i < kTile; ++i)
        b.store(rows[i], keyTiles,
                {stripe, b.index(depth / kDepth), b.index(i), none}, kTile);
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
        Value both = toHalves(row(0), row(1));
        both = vector::ShuffleOp::create(b, both, both, pairs);
        b.store(vector::BitCastOp::create(b, words, both), valueTiles,
                {step, b.index(from / kTile), pair, none}, kTile);
      }
    });
  });
}

void AttentionGenerator::multiplyKeyTiles(Rows rows, Keys keys) {
  Tiles tiles(b);
  int64_t steps = llvm::divideCeil(size, kDepth);
  int64_t rowPitch = pitchOf(halfQueries), scorePitch = pitchOf(scores);
  Value queryRows =
      tiles.advance(tiles.pointerTo(halfQueries), b.mul(rows.row, rowPitch));
  Value packed = tiles.pointerTo(keyTiles), target = tiles.pointerTo(scores);
  b.loop(b.index(0), keys.count, kTile, [&](Value column) {
    Value stripe = tiles.advance(
        packed, b.mul(div(column, b.index(kTile)), steps * kTileBytes));
    SmallVector<Value> sums;
    for (int64_t i = 0; i < rows.count; i += kTile)
      sums.push_back(tiles.zero());
    for (int64_t step = 0; step < steps; ++step) {
      Value rhs = tiles.load(tiles.advance(stripe, b.index(step * kTileBytes)),
                             kRowBytes);
      for (auto [i, sum] : llvm::enumerate(sums)) {
        Value from = tiles.advance(
            queryRows, b.index(i * kTile * rowPitch + step * kRowBytes));
        sum = tiles.dot(sum, tiles.load(from, rowPitch), rhs);
      }
    }
    Value to = tiles.advance(target, b.mul(column, 4));
    for (auto [i, sum] : llvm::enumerate(sums))
      tiles.store(sum, tiles.advance(to, b.index(i * kTile * scorePitch)),
                  scorePitch);
  });
}

void AttentionGenerator::addValueTiles(Rows rows, Keys keys) {
  Tiles tiles(b);
  int64_t columns = llvm::divideCeil(valueSize, kTile);
  int64_t scorePitch = pitchOf(scores), sumPitch = pitchOf(sums);
  Value packed = tiles.pointerTo(valueTiles), weights = tiles.pointerTo(scores);
  Value target =
      tiles.advance(tiles.pointerTo(sums), b.mul(rows.row, sumPitch));
  Value steps = b.ceilDiv(keys.count, b.index(kDepth));
  b.loop(b.index(0), b.index(rows.count), 1, [&](Value i) {
    Value row = b.add(rows.row, i), factor = broadcastAt(factors, i);
    eachVector(columns * kTile, [&](Value column, int64_t) {
      Value sum = b.load(sums, {row, column}, isa.lanes, isa.lanes);
      b.store(arith::MulFOp::create(b, sum, factor), sums, {row, column},
              isa.lanes);
    });
  });
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
        initial.push_back(tiles.load(place(i, j), sumPitch));
    SmallVector<Value> results = b.loop(
        b.index(0), steps, 1, initial, [&](Value step, ValueRange carried) {
          SmallVector<Value> next(carried), rhs;
          Value block =
              tiles.advance(packed, b.mul(step, columns * kTileBytes));
          for (int64_t j = 0; j < count; ++j)
            rhs.push_back(tiles.load(
                tiles.advance(block, b.index((first + j) * kTileBytes)),
                kRowBytes));
          Value lhs = tiles.advance(weights, b.mul(step, kRowBytes));
          for (int64_t i = 0; i < rowTiles; ++i) {
            Value own =
                tiles.load(tiles.advance(lhs, b.index(i * kTile * scorePitch)),
                           scorePitch);
            for (int64_t j = 0; j < count; ++j)
              next[i * count + j] = tiles.dot(next[i * count + j], own, rhs[j]);
          }
          return next;
        });
    for (int64_t i = 0; i < rowTiles; ++i)
      for (int64_t j = 0; j < count; ++j)
        tiles.store(results[i * count + j], place(i, j), sumPitch);
  }
}
