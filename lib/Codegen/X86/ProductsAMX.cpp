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
  state = memref::AllocaOp::create(
      b, MemRefType::get({Pending::size}, b.getIndexType()));
}

void TileNest::emitTasks(Value begin, Value end) {
  setPending(noBlock());
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
  if (!in.groupRows)
    flush();
}

void TileNest::emitPanels(Value row, Value rowEnd, Value begin, Value end) {
  Value blocks = b.ceilDiv(b.sub(rowEnd, row), b.index(kTileBlock));
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
  Value single = isEqual(blocks, 1);
  if (plan.prefetch) {
    linesAhead = b.ceilDiv(b.index(kTileStepBytes / kLineBytes), blocks);
    if (!plan.prefetchesForFew)
      linesAhead = arith::SelectOp::create(b, single, b.index(0), linesAhead);
  }
  // A single block of rows meets each panel once: nothing has to stay in L1.
  Value width =
      arith::SelectOp::create(b, single, b.index(1), b.index(plan.chunkPanels));
  int64_t panelBytes = plan.steps * kTileStepBytes;
  b.loop(b.index(0), b.ceilDiv(b.sub(end, begin), width), 1, [&](Value i) {
    Value chunk = b.add(begin, b.mul(i, width));
    Value chunkEnd = b.min(b.add(chunk, width), end);
    eachBlock([&](Value first, Value last) {
      Value before = b.mul(
          arith::DivUIOp::create(b, b.sub(first, row), b.index(kTileBlock)),
          b.sub(chunkEnd, chunk));
      b.loop(chunk, chunkEnd, 1, [&](Value panel) {
        Value ahead;
        if (plan.prefetch) {
          Value lines =
              b.mul(b.mul(b.add(before, b.sub(panel, chunk)), linesAhead),
                    plan.steps * kLineBytes);
          ahead = b.add(b.mul(chunkEnd, panelBytes), lines);
        }
        emitBlock(first, last, panel, ahead);
      });
    });
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

void TileNest::emitBlock(Value first, Value end, Value panel, Value ahead) {
  Rows rows = rowsOf(first, end);
  auto emit = [&](ArrayRef<Value> starts, bool interleaved) {
    multiply(starts, rows.base, panel, b.index(0), b.index(plan.steps),
             interleaved, interleaved ? ahead : Value());
    if (tail)
      emitTailTiles(b, tiles, in, starts, rows.base, panel, tailPointer);
  };
  b.ifElse(
      rows.two, [&] { emit({rows.first, rows.second}, /*interleaved=*/true); },
      [&] {
        flush();
        setPending(noBlock());
        emit({rows.base}, /*interleaved=*/false);
      });
  Pending next{first, b.sub(end, first), b.mul(panel, kTileBlock),
               b.sub(first, rows.base)};
  auto defer = [&] { setPending(next); };
  int64_t rest = plan.n % kTileBlock;
  if (!rest)
    return defer();
  // The last panel's columns are masked: code of its own, at once.
  b.ifElse(
      isEqual(panel, plan.fullPanels()),
      [&] {
        setPending(noBlock());
        b.loop(b.index(0), next.rows, 1,
               [&](Value r) { finishRows(next, r, 1, rest); });
      },
      defer);
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
