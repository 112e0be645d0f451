//===- ProductsAMX.cpp - products on AMX tiles: tasks and blocks ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TileNest.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

TileNest::TileNest(const TiledProduct &product)
    : TiledProduct(product),
      bf16(cast<MemRefType>(in.lhs.getType()).getElementType().isBF16()),
      tiles(b) {
  Type sum = bf16 ? Type(b.getF32Type()) : b.getI32Type();
  scratch = allocate(kTileBlock, sum);
  scratchPointer = tiles.pointerTo(scratch);
  if (in.groupRows)
    groupSums = allocate(kTileBlock, b.getF32Type());
  if (in.tailRows) {
    tail = allocate(kTileBlock, b.getF32Type());
    tailPointer = tiles.pointerTo(tail);
  }
  rhsPointer = tiles.pointerTo(in.rhs);
  Value rowBytes, pointer = tiles.pointerTo(in.lhs, &rowBytes);
  lhs = {pointer, rowBytes, b.index(kTileDepth), rowBytes};
  if (in.lhsTiles) {
    Value rows = b.dim(in.lhsTiles, 0);
    copied =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rows, b.index(0));
    auto choose = [&](Value &value, Value other) {
      value = arith::SelectOp::create(b, copied, other, value);
    };
    choose(lhs.pointer, tiles.pointerTo(in.lhsTiles));
    choose(lhs.rowBytes, b.index(plan.steps * kTileDepth));
    choose(lhs.stepBytes, b.index(kTileBytes));
    choose(lhs.stride, b.index(kTileDepth));
  }
  lhs.stride = tiles.toI64(lhs.stride);
}

void TileNest::emitTasks(Value begin, Value end) {
  // A range of tasks is a range of panels for each part of the rows.
  Value panels = b.index(plan.panels);
  Value first = arith::DivUIOp::create(b, begin, panels);
  b.loop(first, b.ceilDiv(end, panels), 1, [&](Value rowTask) {
    Value task = b.mul(rowTask, panels);
    Value from = arith::MaxUIOp::create(b, task, begin);
    Value to = b.min(b.add(task, panels), end);
    Value row = b.mul(rowTask, rowsPerTask);
    emitPanels(row, b.min(b.add(row, rowsPerTask), m), b.sub(from, task),
               b.sub(to, task));
  });
}

void TileNest::emitPanels(Value row, Value rowEnd, Value begin, Value end) {
  auto eachBlock = [&](function_ref<void(Value, Value)> body) {
    b.loop(row, rowEnd, kTileBlock, [&](Value first) {
      body(first, b.min(b.add(first, kTileBlock), rowEnd));
    });
  };
  if (in.groupRows)
    return b.loop(begin, end, 1, [&](Value panel) {
      eachBlock([&](Value first, Value last) {
        emitGroupedBlock(first, last, panel);
      });
    });
  Value full = b.min(end, b.index(plan.fullPanels()));
  emitFullPanels(row, rowEnd, begin, full);
  // The last panel's columns are masked: code of its own.
  if (int64_t columns = plan.n % kTileBlock)
    b.loop(full, end, 1, [&](Value panel) {
      eachBlock([&](Value first, Value last) {
        emitApart(first, last, panel, columns);
      });
    });
}

void TileNest::emitFullPanels(Value row, Value rowEnd, Value begin, Value end) {
  auto compare = [&](arith::CmpIPredicate how, Value left, Value right) {
    return arith::CmpIOp::create(b, how, left, right);
  };
  auto choose = [&](Value condition, Value left, Value right) -> Value {
    return arith::SelectOp::create(b, condition, left, right);
  };
  // Rows that fit a single tile are left for one.
  Value count = b.sub(rowEnd, row);
  Value blocks = arith::DivUIOp::create(b, b.add(count, kTileRows - 1),
                                        b.index(kTileBlock));
  Value left = b.add(row, b.mul(blocks, kTileBlock));
  Value none = compare(arith::CmpIPredicate::uge, left, rowEnd);
  Value single = compare(arith::CmpIPredicate::ule, count, b.index(kTileBlock));
  if (plan.prefetch) {
    linesAhead = b.ceilDiv(b.index(kStepLines),
                           arith::MaxUIOp::create(b, blocks, b.index(1)));
    linesIntoL2 = choose(single, b.index(0), linesAhead);
    if (plan.prefetchesForFew)
      linesIntoL1 = choose(single, linesAhead, b.index(0));
  }
  // Where rows stay in L1 a chunk passes over one block of them after the
  // other; otherwise one panel does. All panels are a chunk if neither rows nor
  // panels have to be kept for another one.
  Value all = arith::MaxUIOp::create(b, b.sub(end, begin), b.index(1));
  Value width =
      choose(plan.resident ? single : none, all, b.index(plan.chunkPanels));
  b.loop(b.index(0), b.ceilDiv(b.sub(end, begin), width), 1, [&](Value i) {
    Value chunk = b.add(begin, b.mul(i, width));
    Value chunkEnd = b.min(b.add(chunk, width), end);
    Value panels = b.sub(chunkEnd, chunk);
    emitRun(b.mul(blocks, panels), [&](Value i) {
      Value fastest = plan.resident ? panels : blocks;
      Value slow = arith::DivUIOp::create(b, i, fastest);
      Value fast = arith::RemUIOp::create(b, i, fastest);
      Value panel = b.add(chunk, plan.resident ? fast : slow);
      Value first = b.add(row, b.mul(plan.resident ? slow : fast, kTileBlock));
      Item item{first, b.min(b.add(first, kTileBlock), rowEnd), panel, {}};
      if (plan.prefetch) {
        int64_t panelBytes = plan.steps * kTileStepBytes;
        Value next = plan.resident ? chunkEnd : b.add(panel, 1);
        Value before = b.mul(plan.resident ? i : fast, linesAhead);
        item.ahead = choose(
            single,
            b.add(b.mul(panel, panelBytes), kStepsAhead * kTileStepBytes),
            b.add(b.mul(next, panelBytes),
                  b.mul(before, plan.steps * kLineBytes)));
      }
      return item;
    });
    b.loop(chunk, choose(none, chunk, chunkEnd), 1,
           [&](Value panel) { emitApart(left, rowEnd, panel, kTileBlock); });
  });
}

TileNest::Rows TileNest::rowsOf(Value first, Value end) {
  // Copied rows are whole blocks.
  Value lastTile = b.sub(m, b.index(kTileRows));
  if (copied)
    lastTile = arith::SelectOp::create(b, copied, end, lastTile);
  Rows rows{first, end, Value(), b.min(first, lastTile),
            b.min(b.add(first, kTileRows), lastTile)};
  rows.two = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt,
                                   b.sub(end, first), b.index(kTileRows));
  return rows;
}

void TileNest::emitRun(Value count, function_ref<Item(Value)> itemAt) {
  // The block before: its rows, their number, the column and the place of its
  // second tile. Then its sums, or those of its outliers: these have been what
  // the tiles held at last.
  constexpr size_t parts = 4;
  Value zero = b.index(0);
  SmallVector<Value> carried{zero, zero, zero, b.index(kTileRows)};
  carried.append(zeros(4));
  Value kept = tail ? tailPointer : scratchPointer;
  auto blockOf = [&](ValueRange values) {
    return Block{values[0], values[1], values[2], zero};
  };
  carried = b.loop(zero, count, 1, carried, [&](Value i, ValueRange values) {
    Item item = itemAt(i);
    Rows rows = rowsOf(item.first, item.end);
    Block before = blockOf(values);
    Streams from = streamsOf({rows.first, rows.second}, item.panel, item.ahead);
    SmallVector<Value> sums =
        step(from, zero, values.drop_front(parts), placesOf(kept, values[3]));
    sums = b.loop(
        zero, b.index(plan.finishTimes()), 1, sums,
        [&](Value time, ValueRange current) {
          b.disableUnrolling();
          Value begin = b.add(b.mul(time, plan.finishSteps), 1);
          SmallVector<Value> next(current);
          if (plan.finishSteps == 1)
            next = step(from, begin, current);
          else if (plan.finishSteps)
            next = steps(from, begin, b.add(begin, plan.finishSteps), current);
          finishChunk(before, b.mul(time, plan.finishRows), plan.finishRows);
          return next;
        });
    sums = steps(from, b.index(1 + plan.finishTimes() * plan.finishSteps),
                 b.index(plan.steps), sums);
    SmallVector<Value> next{item.first, b.sub(item.end, item.first),
                            b.mul(item.panel, kTileBlock),
                            b.sub(rows.second, rows.first)};
    if (tail)
      sums = emitTailSteps(b, tiles, in, {rows.first, rows.second}, item.panel,
                           sums, placesOf(scratchPointer, next[3]));
    next.append(sums);
    return next;
  });
  for (auto [sum, place] : llvm::zip_equal(
           ValueRange(carried).drop_front(parts), placesOf(kept, carried[3])))
    tiles.store(sum, place, tiles.i64(4 * kTileBlock));
  Block last = blockOf(carried);
  b.loop(zero, last.rows, 1,
         [&](Value r) { finishRows(last, r, 1, kTileBlock); });
}

void TileNest::emitApart(Value first, Value end, Value panel, int64_t columns) {
  Rows rows = rowsOf(first, end);
  multiply(rows, panel, b.index(0), b.index(plan.steps));
  auto addTail = [&](ArrayRef<Value> starts) {
    tiles.storeBlock(
        emitTailSteps(b, tiles, in, starts, panel, zeros(2 * starts.size())),
        starts, rows.base, tailPointer);
  };
  if (tail)
    b.ifElse(
        rows.two, [&] { addTail({rows.first, rows.second}); },
        [&] { addTail({rows.base}); });
  Block block{first, b.sub(end, first), b.mul(panel, kTileBlock),
              b.sub(first, rows.base)};
  b.loop(b.index(0), block.rows, 1,
         [&](Value r) { finishRows(block, r, 1, columns); });
}

void x86::emitTiledTasks(const TiledProduct &product, Value begin, Value end) {
  KernelBuilder &b = product.b;
  // A single tile of rows with groups is multiplied by two of columns all the
  // same.
  Value few = arith::CmpIOp::create(
      b, arith::CmpIPredicate::ult, product.m,
      b.index(product.in.groupRows ? kTileRows : kTileRows + 1));
  FewRowsMemory memory = allocateFewRows(product);
  TileNest nest(product);
  b.ifElse(
      few, [&] { emitFewRows(product, memory, begin, end); },
      [&] { nest.emitTasks(begin, end); });
}
