//===- ProductsAMX.cpp - products on AMX tiles ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 32 x 32 sums is 2 x 2 tiles: four loads feed four products. Tiles
// reach the vector epilogue through memory, as there is no other way, and the
// epilogue of a block is spread over the k steps of the next one: vectors have
// nothing else to do there. Any number of rows from a tile's on is covered by
// whole tiles that overlap: the rows of the overlap are computed twice, and
// finished once, since an epilogue may read what it overwrites.
//===----------------------------------------------------------------------===//

#include "TailAMX.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

/// Rows that go through the epilogue at once, and how often a block does.
constexpr int64_t kLineBytes = 64;
constexpr int64_t kFinishRows = 4, kChunks = kTileBlock / kFinishRows;

namespace {

/// A block whose sums wait for their epilogue.
struct Pending {
  /// First row and their number, column, the first row's place among the sums,
  /// and where the sums of earlier parts are, and how many.
  Value row, rows, column, offset, slot, earlier;

  static constexpr int64_t size = 6;
  SmallVector<Value *> parts() {
    return {&row, &rows, &column, &offset, &slot, &earlier};
  }
};

class TileNest {
public:
  explicit TileNest(const TiledProduct &product)
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

  void emitTasks(Value begin, Value end) {
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

private:
  /// Rows [row, rowEnd) by panels [begin, end), in the order of the plan.
  void emitPanels(Value row, Value rowEnd, Value begin, Value end) {
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

  //===--------------------------------------------------------------------===//
  // One block
  //===--------------------------------------------------------------------===//

  /// The rows of a block by two tiles, or by one if they fit.
  struct Rows {
    Value first, end, two;
    /// Where the tiles begin; with two tiles that is `first`.
    Value base, second;
  };
  Rows rowsOf(Value first, Value end) {
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

  /// `nextPanel` is where the weights begin that `number` blocks before this
  /// one have asked for.
  void emitBlock(Value first, Value end, Value panel, Value part, Value slot,
                 Value nextPanel, Value number) {
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

  /// The outliers of a block, with its last part of K.
  void multiplyTail(ArrayRef<Value> rows, Value base, Value panel,
                    Value lastPart) {
    if (!tail)
      return;
    auto emit = [&] {
      emitTailTiles(b, tiles, in, rows, base, panel, tailPointer);
    };
    if (plan.parts == 1)
      return emit();
    b.ifElse(lastPart, emit, [] {});
  }

  /// Epilogue of `count` rows from number `r` of the block on.
  void finishRows(const Pending &block, Value r, int64_t count,
                  int64_t columns) {
    Tile tile{b.add(block.row, r), block.column, count, columns};
    Value row = b.add(block.offset, r);
    Accumulators sums = loadSums(scratch, row, tile);
    if (partial)
      sums = b.loop(b.index(0), block.earlier, 1, sums,
                    [&](Value part, ValueRange carried) {
                      Value slot = b.add(b.mul(part, plan.slots()), block.slot);
                      Accumulators more = loadSums(
                          partial, b.add(b.mul(slot, kTileBlock), row), tile);
                      for (auto [sum, other] : llvm::zip(more, carried))
                        sum = bf16 ? Value(arith::AddFOp::create(b, sum, other))
                                   : b.add(sum, other);
                      return more;
                    });
    Accumulators outliers;
    if (tail)
      outliers = loadSums(tail, row, tile);
    finish(tile, sums, outliers);
  }

  /// The epilogue of the waiting block, if there is one.
  void flush() {
    Pending block = getPending();
    b.loop(b.index(0), block.rows, 1,
           [&](Value r) { finishRows(block, r, 1, kTileBlock); });
  }

  //===--------------------------------------------------------------------===//
  // The loop over K
  //===--------------------------------------------------------------------===//

  /// How many parts the epilogue is cut into, so that each part of K has as
  /// many steps.
  int64_t chunksOf() const {
    int64_t chunks = kChunks;
    while (chunks > plan.lastPartSteps())
      chunks /= 2;
    return chunks;
  }

  /// Sums of 16 rows from each of `rows` on over k steps [begin, end), to rows
  /// of 32 at `target`, the first of which is `base`.
  void multiply(ArrayRef<Value> rows, Value base, Value panel, Value begin,
                Value end, Value target, bool interleaved, Value ahead) {
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
                       rhsStride, /*streamed=*/plan.rowsResident));
      for (auto [i, row] : llvm::enumerate(lhsRows)) {
        Value lhsTile =
            tiles.load(tiles.advance(row, b.mul(position, lhs.stepBytes)),
                       lhs.stride, /*streamed=*/!plan.rowsResident);
        for (int64_t half = 0; half < 2; ++half)
          next[2 * i + half] =
              bf16 ? tiles.dotHalf(next[2 * i + half], lhsTile, rhsTiles[half])
                   : tiles.dot(next[2 * i + half], lhsTile, rhsTiles[half]);
      }
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
      int64_t chunks = chunksOf(), perChunk = plan.lastPartSteps() / chunks;
      int64_t rowsOfChunk = kTileBlock / chunks;
      Pending waiting = getPending();
      sums = b.loop(
          b.index(0), b.index(chunks), 1, sums,
          [&](Value chunk, ValueRange carried) {
            b.disableUnrolling();
            Value from = b.add(begin, b.mul(chunk, perChunk));
            SmallVector<Value> next =
                perChunk == 1 ? step(from, carried)
                              : steps(from, b.add(from, perChunk), carried);
            if (ahead)
              prefetch(
                  b.add(ahead, b.mul(b.mul(chunk, linesAhead), kLineBytes)));
            finishChunk(waiting, b.mul(chunk, rowsOfChunk), rowsOfChunk);
            return next;
          });
      begin = b.add(begin, chunks * perChunk);
    }
    sums = steps(begin, end, sums);

    tiles.storeBlock(sums, rows, base, target);
  }

  /// Rows [r, r + count) of the waiting block, as far as it has them.
  void finishChunk(const Pending &block, Value r, int64_t count) {
    Value end = b.add(r, count);
    Value whole =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, end, block.rows);
    b.ifElse(
        whole,
        [&] {
          for (int64_t i = 0; i < count; i += kFinishRows)
            finishRows(block, b.add(r, i), kFinishRows, kTileBlock);
        },
        [&] {
          b.loop(r, b.min(end, block.rows), 1,
                 [&](Value row) { finishRows(block, row, 1, kTileBlock); });
        });
  }

  /// Asks for `linesAhead` cache lines of weights from byte `from` on.
  void prefetch(Value from) {
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

  //===--------------------------------------------------------------------===//
  // Groups
  //===--------------------------------------------------------------------===//

  /// Every group goes through scratch into f32 sums.
  void emitGroupedBlock(Value first, Value end, Value panel) {
    Rows rows = rowsOf(first, end);
    auto forRows = [&](function_ref<void(const Tile &, Value)> body) {
      Value column = b.mul(panel, kTileBlock);
      auto cover = [&](int64_t count) {
        Value rest =
            arith::RemUIOp::create(b, b.sub(end, first), b.index(kFinishRows));
        Value middle = b.sub(end, rest);
        auto step = [&](Value row, int64_t rowsOfStep) {
          body(Tile{row, column, rowsOfStep, count}, b.sub(row, rows.base));
        };
        b.loop(first, middle, kFinishRows,
               [&](Value row) { step(row, kFinishRows); });
        b.loop(middle, end, 1, [&](Value row) { step(row, 1); });
      };
      int64_t full = plan.fullPanels();
      if (full == plan.panels)
        return cover(kTileBlock);
      if (full == 0)
        return cover(plan.n);
      b.ifElse(
          isEqual(panel, full), [&] { cover(plan.n % kTileBlock); },
          [&] { cover(kTileBlock); });
    };

    Value zero = b.splat(VectorType::get({isa.lanes}, b.getF32Type()), 0);
    b.loop(b.index(0), b.index(kTileBlock), 1, [&](Value i) {
      for (int64_t column = 0; column < kTileBlock; column += isa.lanes)
        b.store(zero, groupSums, {i, b.index(column)}, isa.lanes);
    });
    int64_t steps = in.groupRows / kTileDepth;
    int64_t groups = cast<MemRefType>(in.rhsScale.getType()).getDimSize(0);
    b.loop(b.index(0), b.index(groups), 1, [&](Value group) {
      Value begin = b.mul(group, steps);
      Value last = b.min(b.add(begin, steps), b.index(plan.steps));
      auto multiplyRows = [&](ArrayRef<Value> starts) {
        multiply(starts, rows.base, panel, begin, last, scratchPointer,
                 /*interleaved=*/false, Value());
      };
      b.ifElse(
          rows.two, [&] { multiplyRows({rows.first, rows.second}); },
          [&] { multiplyRows({rows.base}); });
      forRows([&](const Tile &block, Value row) {
        storeSums(addGroup(b, isa, in, group, block,
                           loadSums(scratch, row, block),
                           loadSums(groupSums, row, block)),
                  row, block);
      });
    });
    forRows([&](const Tile &block, Value row) {
      finish(block, loadSums(groupSums, row, block), {});
    });
  }

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  Accumulators loadSums(Value from, Value row, const Tile &block) {
    Accumulators sums;
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t v = 0; v < block.vectors(isa); ++v)
        sums.push_back(b.load(from, {b.add(row, i), b.index(v * isa.lanes)},
                              isa.lanes, isa.lanes));
    return sums;
  }
  void storeSums(ArrayRef<Value> sums, Value row, const Tile &block) {
    int64_t vectors = block.vectors(isa);
    for (auto [i, sum] : llvm::enumerate(sums))
      b.store(sum, groupSums,
              {b.add(row, i / vectors), b.index(i % vectors * isa.lanes)},
              isa.lanes);
  }
  /// Rows of 32 sums.
  Value allocate(int64_t rows, Type element) {
    return memref::AllocaOp::create(
        b, MemRefType::get({rows, kTileBlock}, element),
        b.getI64IntegerAttr(64));
  }
  Value isEqual(Value value, int64_t number) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, value,
                                 b.index(number));
  }

  /// Kept on the stack until LLVM finds registers for it.
  Pending getPending() {
    Pending pending;
    for (auto [i, part] : llvm::enumerate(pending.parts()))
      *part = memref::LoadOp::create(b, state, ValueRange{b.index(i)});
    return pending;
  }
  void setPending(Pending pending) {
    for (auto [i, part] : llvm::enumerate(pending.parts()))
      memref::StoreOp::create(b, *part, state, ValueRange{b.index(i)});
  }
  Pending noBlock() {
    Value zero = b.index(0);
    return {zero, zero, zero, zero, zero, zero};
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const TilePlan &plan;
  Value m, rowsPerTask;
  FinishBlock finish;
  bool bf16;
  TileOps tiles;
  Value scratch, groupSums, partial, tail, state;
  /// Where tiles of the rows are: their distance in K, and of the rows of one.
  struct {
    Value pointer, rowBytes, stepBytes, stride;
  } lhs;
  Value copied, rhsPointer, scratchPointer, partialPointer, tailPointer;
  /// Of the rows at hand: parts of K, and steps of one.
  Value parts, partSteps;
  /// Cache lines of the next panel to ask for in a chunk of steps.
  Value linesAhead;
};

} // namespace

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
