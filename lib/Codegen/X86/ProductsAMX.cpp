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
    : b(product.b), isa(product.isa), in(product.in), plan(product.plan),
      m(product.m), rowsPerTask(product.rowsPerTask), finish(product.finish),
      bf16(cast<MemRefType>(in.lhs.getType()).getElementType().isBF16()),
      tiles(b) {
  Type sum = bf16 ? Type(b.getF32Type()) : b.getI32Type();
  scratch = allocate(kTileBlock, sum);
  scratchPointer = tiles.pointerTo(scratch);
  if (in.groupRows) {
    groupSums = allocate(kTileBlock, b.getF32Type());
  } else if (plan.parts > 1) {
    partial = allocate((plan.parts - 1) * plan.slots() * kTileBlock, sum);
    partialPointer = tiles.pointerTo(partial);
  }
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
  // A single block of rows meets each panel once: nothing has to stay in L1.
  Value single = isEqual(blocks, 1);
  parts = b.index(plan.parts), partSteps = b.index(plan.partSteps);
  if (plan.prefetch)
    linesAhead = b.ceilDiv(b.index(plan.steps * kTileStepBytes / kLineBytes),
                           b.mul(blocks, plan.parts * chunksOf()));
  // Halves keep the order of their sum.
  if (plan.parts > 1 && !bf16) {
    auto unlessSingle = [&](Value &value, int64_t other) {
      value = arith::SelectOp::create(b, single, b.index(other), value);
    };
    unlessSingle(parts, 1);
    unlessSingle(partSteps, plan.steps);
    if (plan.prefetch)
      unlessSingle(linesAhead, 0);
  }
  if (plan.rowsResident) {
    // Rows in L1: the panels of a chunk pass, and the next rows meet them in
    // L2.
    Value width = arith::SelectOp::create(b, single, b.index(1),
                                          b.index(plan.chunkPanels));
    Value chunks = b.ceilDiv(b.sub(end, begin), width);
    return b.loop(b.index(0), chunks, 1, [&](Value i) {
      Value chunk = b.add(begin, b.mul(i, width));
      Value chunkEnd = b.min(b.add(chunk, width), end);
      Value panels = b.sub(chunkEnd, chunk);
      eachBlock([&](Value first, Value last) {
        Value block =
            arith::DivUIOp::create(b, b.sub(first, row), b.index(kTileBlock));
        b.loop(b.index(0), parts, 1, [&](Value part) {
          Value before = b.mul(b.add(b.mul(block, parts), part), panels);
          b.loop(chunk, chunkEnd, 1, [&](Value panel) {
            Value slot = b.sub(panel, chunk);
            emitBlock(first, last, panel, part, slot, chunkEnd,
                      b.add(before, slot));
          });
        });
      });
    });
  }
  // A part of a panel in L1: the rows pass.
  b.loop(begin, end, 1, [&](Value panel) {
    b.loop(b.index(0), parts, 1, [&](Value part) {
      eachBlock([&](Value first, Value last) {
        Value block =
            arith::DivUIOp::create(b, b.sub(first, row), b.index(kTileBlock));
        emitBlock(first, last, panel, part, block, b.add(panel, 1),
                  b.add(b.mul(part, blocks), block));
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

void TileNest::emitBlock(Value first, Value end, Value panel, Value part,
                         Value slot, Value nextPanel, Value number) {
  Rows rows = rowsOf(first, end);
  Value earlier = b.sub(parts, b.index(1));
  Value lastPart =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, part, earlier);
  Value target = scratchPointer;
  if (partial) {
    // All parts but the last one are kept for the epilogue.
    Value number = b.add(b.mul(part, plan.slots()), slot);
    target = arith::SelectOp::create(
        b, lastPart, scratchPointer,
        tiles.advance(partialPointer, b.mul(number, 4 * kTileBytes)));
  }
  Value begin = b.mul(part, partSteps);
  Value last = b.min(b.add(begin, partSteps), b.index(plan.steps));
  Value ahead;
  if (plan.prefetch)
    ahead = b.add(b.mul(nextPanel, plan.steps * kTileStepBytes),
                  b.mul(b.mul(number, linesAhead), chunksOf() * kLineBytes));
  b.ifElse(
      rows.two,
      [&] {
        multiply({rows.first, rows.second}, rows.base, panel, begin, last,
                 target, /*interleaved=*/true, ahead);
        multiplyTail({rows.first, rows.second}, rows.base, panel, lastPart);
      },
      [&] {
        flush();
        setPending(noBlock());
        multiply({rows.base}, rows.base, panel, begin, last, target,
                 /*interleaved=*/false, Value());
        multiplyTail({rows.base}, rows.base, panel, lastPart);
      });
  Pending next{first,
               b.sub(end, first),
               b.mul(panel, kTileBlock),
               b.sub(first, rows.base),
               slot,
               earlier};
  auto defer = [&] {
    Pending none = noBlock();
    for (auto [value, empty] : llvm::zip(next.parts(), none.parts()))
      *value = arith::SelectOp::create(b, lastPart, *value, *empty);
    setPending(next);
  };
  int64_t rest = plan.n % kTileBlock;
  if (!rest)
    return defer();
  // The last panel's columns are masked: code of its own, at once.
  b.ifElse(
      isEqual(panel, plan.fullPanels()),
      [&] {
        setPending(noBlock());
        Value rowsNow =
            arith::SelectOp::create(b, lastPart, next.rows, b.index(0));
        b.loop(b.index(0), rowsNow, 1,
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
