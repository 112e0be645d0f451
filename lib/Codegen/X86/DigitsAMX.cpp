//===- DigitsAMX.cpp - digits by codes on integer tiles -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Digits.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Rows that go through the epilogue at once.
constexpr int64_t kFinishRows = 4;

DigitMemory x86::allocateDigits(KernelBuilder &b, const Operands &in) {
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element),
                                    b.getI64IntegerAttr(64));
  };
  return {allocate({digitSteps(in) * kTileStepBytes}, b.getI8Type()),
          allocate({kDigits * kTileBlock, kTileBlock}, b.getI32Type())};
}

namespace {

/// Blocks of rows by one panel.
class Digits {
public:
  Digits(KernelBuilder &b, const Isa &isa, const Operands &in,
         const DigitMemory &memory, bool fetches, FinishBlock finish)
      : b(b), isa(isa), in(in), memory(memory), fetches(fetches),
        finish(finish), tiles(b), steps(digitSteps(in)),
        digits(tiles.pointerTo(in.digits)),
        panel(tiles.pointerTo(memory.panel)),
        sums(tiles.pointerTo(memory.sums)) {}

  void emit(Value row, Value rowEnd, Value column, int64_t count) {
    Value groups = b.ceilDiv(b.sub(rowEnd, row), b.index(kTileRows));
    Value odd = arith::AndIOp::create(b, groups, b.index(1));
    Value pairs = b.mul(b.sub(groups, odd), kTileRows);
    auto block = [&](Value offset, int64_t ofTiles) {
      Value first = b.add(row, offset);
      if (fetches)
        next = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, offset,
                                     b.index(0));
      multiply(first, column, ofTiles);
      finishRows(first, b.min(b.add(first, ofTiles * kTileRows), rowEnd),
                 column, count);
    };
    b.loop(b.index(0), pairs, kTileBlock,
           [&](Value offset) { block(offset, 2); });
    b.loop(pairs, b.mul(groups, kTileRows), kTileRows,
           [&](Value offset) { block(offset, 1); });
  }

private:
  /// A tile of rows: a digit of a group.
  struct RowTile {
    int64_t digit, group;
  };

  /// Four sums at a time, which do not wait for each other.
  void multiply(Value row, Value column, int64_t ofTiles) {
    SmallVector<SmallVector<RowTile>> passes;
    if (ofTiles == 1)
      passes = {{{0, 0}, {1, 0}}, {{2, 0}}};
    else
      for (int64_t digit = 0; digit < kDigits; ++digit)
        passes.push_back({{digit, 0}, {digit, 1}});
    // A block of half the work has no time for more passes over the lines.
    int64_t parts = ofTiles == 1 ? 1 : kDigits;
    for (auto [i, pass] : llvm::enumerate(passes))
      multiplyTiles(row, pass, [&, i = int64_t(i)](Value step) {
        if (i < parts)
          fetchNext(column, step, i, parts);
      });
  }

  /// `ahead` is told of each step.
  void multiplyTiles(Value row, ArrayRef<RowTile> rowTiles,
                     function_ref<void(Value step)> ahead) {
    int64_t digitBytes = steps * kTileBytes;
    Value group = arith::DivUIOp::create(b, row, b.index(kTileRows));
    Value lhs = tiles.advance(digits, b.mul(group, kDigits * digitBytes));
    Value stride = tiles.i64(kTileDepth);
    SmallVector<Value> zeros;
    for (size_t i = 0; i < 2 * rowTiles.size(); ++i)
      zeros.push_back(tiles.zero());
    SmallVector<Value> products = b.loop(
        b.index(0), b.index(steps), 1, zeros,
        [&](Value step, ValueRange carried) {
          b.disableUnrolling();
          SmallVector<Value> next(carried), weights;
          for (int64_t half = 0; half < 2; ++half)
            weights.push_back(tiles.load(
                tiles.advance(panel, b.add(b.mul(step, kTileStepBytes),
                                           half * kTileBytes)),
                stride, /*streamed=*/false));
          for (auto [i, tile] : llvm::enumerate(rowTiles)) {
            int64_t at = (tile.group * kDigits + tile.digit) * digitBytes;
            Value rows = tiles.load(
                tiles.advance(lhs, b.add(b.mul(step, kTileBytes), at)), stride,
                /*streamed=*/true);
            for (int64_t half = 0; half < 2; ++half)
              next[2 * i + half] =
                  tiles.dot(next[2 * i + half], rows, weights[half]);
          }
          ahead(step);
          return next;
        });
    for (auto [i, tile] : llvm::enumerate(rowTiles))
      tiles.storeBlock(
          ArrayRef(products).slice(2 * i, 2),
          {b.index(tile.digit * kTileBlock + tile.group * kTileRows)},
          b.index(0), sums);
  }

  /// Asks for a step of the panel behind, part `part` of its lines.
  void fetchNext(Value column, Value step, int64_t part, int64_t parts) {
    if (!fetches)
      return;
    auto type = cast<MemRefType>(in.rhs.getType());
    int64_t panels = type.getDimSize(0), depth = type.getDimSize(1);
    b.ifElse(
        next,
        [&] {
          Value panel =
              b.add(arith::DivUIOp::create(b, column, b.index(kTileBlock)), 1);
          panel = b.min(panel, b.index(panels - 1));
          Value k = b.mul(step, kTileDepth);
          for (int64_t i = 2 * part; i < kTileDepth; i += 2 * parts)
            memref::PrefetchOp::create(
                b, in.rhs,
                ValueRange{panel, b.min(b.add(k, i), b.index(depth - 1)),
                           b.index(0)},
                /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
        },
        [] {});
  }

  void finishRows(Value first, Value end, Value column, int64_t count) {
    auto rows = [&](Value row, int64_t number) {
      Tile block{row, column, number, count};
      Value at = b.sub(row, first);
      Accumulators values;
      for (int64_t i = 0; i < number; ++i) {
        Value magnitude = b.broadcast(
            memref::LoadOp::create(b, in.digitRanges,
                                   ValueRange{b.add(row, i), b.index(0)}),
            isa.lanes);
        for (int64_t v = 0; v < block.vectors(isa); ++v) {
          SmallVector<Value> own;
          for (int64_t digit = 0; digit < kDigits; ++digit)
            own.push_back(b.load(memory.sums,
                                 {b.add(b.add(at, i), digit * kTileBlock),
                                  b.index(v * isa.lanes)},
                                 isa.lanes, isa.lanes));
          values.push_back(joinDigits(b, own, magnitude));
        }
      }
      finish(block, values, {});
    };
    Value whole = b.sub(end, arith::RemUIOp::create(b, b.sub(end, first),
                                                    b.index(kFinishRows)));
    b.loop(first, whole, kFinishRows,
           [&](Value row) { rows(row, kFinishRows); });
    b.loop(whole, end, 1, [&](Value row) { rows(row, 1); });
  }

  KernelBuilder &b;
  const Isa &isa;
  const Operands &in;
  const DigitMemory &memory;
  bool fetches;
  FinishBlock finish;
  TileOps tiles;
  int64_t steps;
  Value digits, panel, sums;
  /// Whether the block at hand asks for the next panel.
  Value next;
};

} // namespace

void x86::emitDigits(KernelBuilder &b, const Isa &isa, const Operands &in,
                     const DigitMemory &memory, Value row, Value rowEnd,
                     Value column, int64_t count, bool fetches,
                     FinishBlock finish) {
  int64_t depth = cast<MemRefType>(in.rhs.getType()).getDimSize(1);
  TileOps tiles(b);
  packDigitPanel(b,
                 tiles.advance(tiles.pointerTo(in.rhs), b.mul(column, depth)),
                 depth, memory.panel);
  Digits(b, isa, in, memory, fetches, finish).emit(row, rowEnd, column, count);
}
