//===- AttentionFewRows.cpp - attention of a step of decoding -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A few rows wait for the cache of keys and values, and packing keys for them
// would cost more than their products. Keys are read where they lie: products
// of a vector of keys with the row are summed over lanes side by side. While
// keys of a block are read the values of it are asked for, and while values
// are, the keys of the next.
//===----------------------------------------------------------------------===//

#include "AttentionGenerator.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

/// Keys of a block: for all rows they come out of L1, or L2.
constexpr int64_t kFewRowsKeys = 128;
/// Floats of a cache line.
constexpr int64_t kLineFloats = 16;

/// Lane i: the sum of the lanes of `rows[i]`. As many rows as lanes.
static Value sumsOfLanes(KernelBuilder &b, SmallVector<Value> rows) {
  int64_t lanes = rows.size();
  for (int64_t width = 1; width < lanes; width *= 2) {
    ExchangeMasks masks(lanes, width);
    SmallVector<Value> halves;
    for (size_t i = 0; i < rows.size(); i += 2)
      halves.push_back(arith::AddFOp::create(
          b, vector::ShuffleOp::create(b, rows[i], rows[i + 1], masks.upper),
          vector::ShuffleOp::create(b, rows[i], rows[i + 1], masks.lower)));
    rows = halves;
  }
  return rows.front();
}

void AttentionGenerator::prefetchToken(unsigned operand, Value token) {
  Value memref = operand == 1 ? key : value;
  int64_t count = operand == 1 ? size : valueSize;
  for (int64_t column = 0; column < count; column += kLineFloats)
    memref::PrefetchOp::create(b, memref,
                               at(operand, group, token, b.index(column)),
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
}

void AttentionGenerator::multiplyByKeysInPlace(Value count, Keys keys) {
  Value last = b.sub(b.add(keys.from, keys.count), b.index(1));
  int64_t wholeVectors = size / isa.lanes, rest = size % isa.lanes;
  SmallVector<Value> zeros(isa.lanes, b.splat(vectorType(b.getF32Type()), 0));
  auto multiply = [&](Value column, bool whole) {
    SmallVector<Value> tokens;
    for (int64_t i = 0; i < isa.lanes; ++i) {
      Value token = b.add(b.add(keys.from, column), i);
      // Keys beyond the last repeat it; no row sees them.
      tokens.push_back(whole ? token : b.min(token, last));
      prefetchToken(2, tokens.back());
    }
    b.loop(b.index(0), count, 1, [&](Value row) {
      auto add = [&](Value depth, int64_t lanes, ValueRange current) {
        SmallVector<Value> next(current);
        Value own = b.load(ownQueries, {row, depth}, isa.lanes, isa.lanes);
        for (auto [sum, token] : llvm::zip(next, tokens))
          sum = vector::FMAOp::create(
              b, own, b.load(key, at(1, group, token, depth), isa.lanes, lanes),
              sum);
        return next;
      };
      SmallVector<Value> products =
          b.unrolled(wholeVectors, /*unroll=*/8, zeros,
                     [&](Value base, int64_t offset, ValueRange current) {
                       Value vector = b.add(base, offset);
                       return add(b.mul(vector, isa.lanes), isa.lanes, current);
                     });
      if (rest)
        products = add(b.index(wholeVectors * isa.lanes), rest, products);
      b.store(sumsOfLanes(b, products), scores, {row, column}, isa.lanes);
    });
  };
  Value whole = b.sub(keys.count, rem(keys.count, b.index(isa.lanes)));
  b.loop(b.index(0), whole, isa.lanes,
         [&](Value column) { multiply(column, /*whole=*/true); });
  b.loop(whole, keys.count, isa.lanes,
         [&](Value column) { multiply(column, /*whole=*/false); });
}

void AttentionGenerator::emitFewRows(Value count, Value seen) {
  int64_t block = std::min(blockKeys, kFewRowsKeys);
  Value last = b.sub(seen, b.index(1));
  b.loop(b.index(0), seen, block, [&](Value from) {
    Keys keys{from, b.min(b.sub(seen, from), b.index(block))};
    multiplyByKeysInPlace(count, keys);
    b.loop(b.index(0), count, 1, [&](Value row) {
      Rows one{row, 1, row};
      Value first =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, row, b.index(0));
      auto fetchKeys = [&](Value position, int64_t tokens) {
        b.ifElse(
            first,
            [&] {
              for (int64_t i = 0; i < tokens; ++i)
                prefetchToken(
                    1, b.min(b.add(b.add(from, position), block + i), last));
            },
            [] {});
      };
      auto emit = [&](Keys own) {
        exponentials(one, own);
        addValues(one, own, fetchKeys);
      };
      if (!past)
        return emit(keys);
      Value limit = memref::LoadOp::create(b, limits, ValueRange{row});
      Value any =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, limit, keys.from);
      b.ifElse(
          any, [&] { emit({from, b.min(keys.count, b.sub(limit, from))}); },
          [] {});
    });
  });
}
