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

void TileNest::multiply(ArrayRef<Value> rows, Value base, Value panel,
                        Value begin, Value end, bool interleaved, Value ahead) {
  Value rhs =
      tiles.advance(rhsPointer, b.mul(panel, plan.steps * kTileStepBytes));
  Value rhsStride = tiles.i64(64);
  SmallVector<Value> lhsRows, sums;
  for (Value row : rows)
    lhsRows.push_back(tiles.advance(lhs.pointer, b.mul(row, lhs.rowBytes)));
  for (size_t i = 0; i < 2 * rows.size(); ++i)
    sums.push_back(tiles.zero());
  auto step = [&](Value position, ValueRange carried) {
    SmallVector<Value> next(carried), rhsTiles;
    Value rhsStep = tiles.advance(rhs, b.mul(position, kTileStepBytes));
    for (int64_t half = 0; half < 2; ++half)
      rhsTiles.push_back(
          tiles.load(tiles.advance(rhsStep, b.index(half * kTileBytes)),
                     rhsStride, /*streamed=*/true));
    for (auto [i, row] : llvm::enumerate(lhsRows)) {
      Value lhsTile =
          tiles.load(tiles.advance(row, b.mul(position, lhs.stepBytes)),
                     lhs.stride, /*streamed=*/false);
      for (int64_t half = 0; half < 2; ++half)
        next[2 * i + half] =
            bf16 ? tiles.dotHalf(next[2 * i + half], lhsTile, rhsTiles[half])
                 : tiles.dot(next[2 * i + half], lhsTile, rhsTiles[half]);
    }
    if (ahead)
      prefetch(b.add(ahead, b.mul(b.mul(position, linesAhead), kLineBytes)));
    return next;
  };
  auto steps = [&](Value from, Value to, ValueRange carried) {
    return b.loop(from, to, 1, carried,
                  [&](Value position, ValueRange current) {
                    b.disableUnrolling();
                    return step(position, current);
                  });
  };

  if (interleaved) {
    Pending waiting = getPending();
    sums = b.loop(
        b.index(0), b.index(plan.finishTimes()), 1, sums,
        [&](Value time, ValueRange carried) {
          b.disableUnrolling();
          Value from = b.mul(time, plan.finishSteps);
          SmallVector<Value> next =
              plan.finishSteps == 1
                  ? step(from, carried)
                  : steps(from, b.add(from, plan.finishSteps), carried);
          finishChunk(waiting, b.mul(time, plan.finishRows), plan.finishRows);
          return next;
        });
    begin = b.index(plan.finishTimes() * plan.finishSteps);
  }
  sums = steps(begin, end, sums);

  tiles.storeBlock(sums, rows, base, scratchPointer);
}

void TileNest::finishChunk(const Pending &block, Value r, int64_t count) {
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

void TileNest::prefetch(Value from) {
  constexpr int64_t lines = 4;
  Value pointer = tiles.advance(rhsPointer, from);
  b.loop(b.index(0), linesAhead, lines, [&](Value line) {
    b.disableUnrolling();
    Value at = tiles.advance(pointer, b.mul(line, kLineBytes));
    for (int64_t i = 0; i < lines; ++i)
      LLVM::Prefetch::create(b, tiles.advance(at, b.index(kLineBytes * i)),
                             /*rw=*/0, /*hint=*/2, /*cache=*/1);
  });
}

void TileNest::finishRows(const Pending &block, Value r, int64_t count,
                          int64_t columns) {
  Tile tile{b.add(block.row, r), block.column, count, columns};
  Value row = b.add(block.offset, r);
  Accumulators sums = loadSums(scratch, row, tile);
  Accumulators outliers;
  if (tail)
    outliers = loadSums(tail, row, tile);
  finish(tile, sums, outliers);
}

void TileNest::flush() {
  Pending block = getPending();
  b.loop(b.index(0), block.rows, 1,
         [&](Value r) { finishRows(block, r, 1, kTileBlock); });
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

Value TileNest::isEqual(Value value, int64_t number) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, value,
                               b.index(number));
}

TileNest::Pending TileNest::getPending() {
  Pending pending;
  for (auto [i, part] : llvm::enumerate(pending.parts()))
    *part = memref::LoadOp::create(b, state, ValueRange{b.index(i)});
  return pending;
}

void TileNest::setPending(Pending pending) {
  for (auto [i, part] : llvm::enumerate(pending.parts()))
    memref::StoreOp::create(b, *part, state, ValueRange{b.index(i)});
}

TileNest::Pending TileNest::noBlock() {
  Value zero = b.index(0);
  return {zero, zero, zero, zero};
}
