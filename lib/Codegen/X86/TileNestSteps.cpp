//===- TileNestSteps.cpp - steps of K, and epilogues among them -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TileNest.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

TileNest::Streams TileNest::streamsOf(ArrayRef<Value> rows, Value panel,
                                      Value ahead) {
  Streams from;
  for (Value row : rows)
    from.lhs.push_back(tiles.advance(lhs.pointer, b.mul(row, lhs.rowBytes)));
  from.rhs =
      tiles.advance(rhsPointer, b.mul(panel, plan.steps * kTileStepBytes));
  from.ahead = ahead;
  return from;
}

SmallVector<Value> TileNest::step(const Streams &from, Value position,
                                  ValueRange sums, ArrayRef<Value> stores) {
  SmallVector<Value> next(sums), lhsTiles, rhsTiles;
  if (from.ahead && linesIntoL1)
    prefetch(from, position, linesIntoL1, kStepLines, /*locality=*/3);
  Value rhsStep = tiles.advance(from.rhs, b.mul(position, kTileStepBytes));
  for (int64_t half = 0; half < 2; ++half)
    rhsTiles.push_back(
        tiles.load(tiles.advance(rhsStep, b.index(half * kTileBytes)),
                   tiles.i64(64), /*streamed=*/true));
  auto loadLhs = [&](Value row) {
    lhsTiles.push_back(
        tiles.load(tiles.advance(row, b.mul(position, lhs.stepBytes)),
                   lhs.stride, /*streamed=*/false));
  };
  // Loads do not wait for what is stored behind them.
  if (!stores.empty())
    llvm::for_each(from.lhs, loadLhs);
  for (auto [i, row] : llvm::enumerate(from.lhs)) {
    if (stores.empty())
      loadLhs(row);
    for (int64_t half = 0; half < 2; ++half) {
      Value &sum = next[2 * i + half];
      if (!stores.empty()) {
        tiles.store(sum, stores[2 * i + half], tiles.i64(4 * kTileBlock));
        sum = tiles.zero();
      }
      sum = bf16 ? tiles.dotHalf(sum, lhsTiles[i], rhsTiles[half])
                 : tiles.dot(sum, lhsTiles[i], rhsTiles[half]);
    }
  }
  if (from.ahead)
    prefetch(from, position, linesIntoL2, /*lines=*/4, /*locality=*/2);
  return next;
}

SmallVector<Value> TileNest::steps(const Streams &from, Value begin, Value end,
                                   ValueRange sums) {
  return b.loop(begin, end, 1, sums, [&](Value position, ValueRange current) {
    b.disableUnrolling();
    return step(from, position, current);
  });
}

SmallVector<Value> TileNest::placesOf(Value buffer, Value second) {
  SmallVector<Value> places;
  for (Value row : {b.index(0), second})
    for (int64_t half = 0; half < 2; ++half)
      places.push_back(
          tiles.advance(buffer, b.add(b.mul(row, 4 * kTileBlock), 64 * half)));
  return places;
}

SmallVector<Value> TileNest::zeros(size_t count) {
  SmallVector<Value> sums;
  while (sums.size() < count)
    sums.push_back(tiles.zero());
  return sums;
}

void TileNest::multiply(ArrayRef<Value> rows, Value base, Value panel,
                        Value begin, Value end) {
  SmallVector<Value> sums =
      steps(streamsOf(rows, panel), begin, end, zeros(2 * rows.size()));
  tiles.storeBlock(sums, rows, base, scratchPointer);
}

void TileNest::multiply(const Rows &rows, Value panel, Value begin, Value end) {
  b.ifElse(
      rows.two,
      [&] {
        multiply({rows.first, rows.second}, rows.base, panel, begin, end);
      },
      [&] { multiply({rows.base}, rows.base, panel, begin, end); });
}

void TileNest::finishChunk(const Block &block, Value r, int64_t count) {
  Value end = b.add(r, count);
  Value whole =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ule, end, block.rows);
  b.ifElse(
      whole,
      [&] {
        for (int64_t i = 0; i < count; i += kFinishRows)
          finishRows(block, b.add(r, i), std::min(kFinishRows, count - i),
                     kTileBlock);
      },
      [&] {
        b.loop(r, b.min(end, block.rows), 1,
               [&](Value row) { finishRows(block, row, 1, kTileBlock); });
      });
}

void TileNest::prefetch(const Streams &from, Value position, Value count,
                        int64_t lines, int32_t locality) {
  Value first =
      b.add(from.ahead, b.mul(b.mul(position, linesAhead), kLineBytes));
  Value pointer = tiles.advance(rhsPointer, first);
  b.loop(b.index(0), count, lines, [&](Value line) {
    b.disableUnrolling();
    Value at = tiles.advance(pointer, b.mul(line, kLineBytes));
    for (int64_t i = 0; i < lines; ++i)
      LLVM::Prefetch::create(b, tiles.advance(at, b.index(kLineBytes * i)),
                             /*rw=*/0, locality, /*cache=*/1);
  });
}

void TileNest::finishRows(const Block &block, Value r, int64_t count,
                          int64_t columns) {
  Tile tile{b.add(block.row, r), block.column, count, columns};
  Value row = b.add(block.offset, r);
  Accumulators sums = loadSums(scratch, row, tile);
  Accumulators outliers;
  if (tail)
    outliers = loadSums(tail, row, tile);
  finish(tile, sums, outliers);
}

Accumulators TileNest::loadSums(Value from, Value row, const Tile &block) {
  Accumulators sums;
  for (int64_t i = 0; i < block.rows; ++i)
    for (int64_t v = 0; v < block.vectors(isa); ++v)
      sums.push_back(b.load(from, {b.add(row, i), b.index(v * isa.lanes)},
                            isa.lanes, isa.lanes));
  return sums;
}

void TileNest::storeSums(ArrayRef<Value> sums, Value row, const Tile &block) {
  int64_t vectors = block.vectors(isa);
  for (auto [i, sum] : llvm::enumerate(sums))
    b.store(sum, groupSums,
            {b.add(row, i / vectors), b.index(i % vectors * isa.lanes)},
            isa.lanes);
}

Value TileNest::allocate(int64_t rows, Type element) {
  return memref::AllocaOp::create(
      b, MemRefType::get({rows, kTileBlock}, element), b.getI64IntegerAttr(64));
}
