//===- ProductsAMXFewRows.cpp - products of no more rows than a tile ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// So few rows wait for the weights, each of which is read once. From two rows
// on they are copied as whole tiles, the last row repeated, and multiplied by
// two panels at a time: 1 x 4 tiles. A single row goes by vectors, and so does
// what tiles cannot do.
//===----------------------------------------------------------------------===//

#include "AMX.h"
#include "Dot.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// The copy of the rows, which is on the stack.
constexpr int64_t kCopyBytes = 256 << 10;
/// Columns of two panels.
constexpr int64_t kColumns = 2 * kTileBlock;
/// Rows that meet outliers together.
constexpr int64_t kRowsTogether = 4;

static bool isBF16(const Operands &in) {
  return cast<MemRefType>(in.lhs.getType()).getElementType().isBF16();
}

namespace {

class FewRows : TiledProduct {
public:
  FewRows(const TiledProduct &product, const FewRowsMemory &memory)
      : TiledProduct(product), memory(memory) {}

  void emit(Value begin, Value end) {
    auto byVectors = [&](ArrayRef<int64_t> rows) {
      eachPanel(begin, end, [&](Value panel, int64_t columns) {
        emitVectors(b.mul(panel, kTileBlock), columns, rows);
      });
    };
    if (!memory.rows)
      return byVectors({4, 2, 1});
    Value single =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, m, b.index(1));
    b.ifElse(
        single, [&] { byVectors({1}); },
        [&] {
          emitTileCopy(b, in.lhs, memory.rows, b.index(0), b.index(1));
          TileOps tiles(b);
          Value pointer = tiles.pointerTo(memory.rows);
          eachPanel(begin, end, [&](Value panel, int64_t columns) {
            multiply(tiles, pointer, panel, columns);
          });
        });
  }

private:
  /// Pairs of panels, then a single one, then the one that is not full.
  void eachPanel(Value begin, Value end,
                 function_ref<void(Value panel, int64_t columns)> body) {
    Value full = b.min(end, b.index(plan.fullPanels()));
    Value odd = arith::AndIOp::create(b, b.sub(full, begin), b.index(1));
    Value pairs = b.sub(full, odd);
    b.loop(begin, pairs, 2, [&](Value panel) { body(panel, kColumns); });
    b.loop(pairs, full, 1, [&](Value panel) { body(panel, kTileBlock); });
    if (plan.fullPanels() != plan.panels)
      b.loop(full, end, 1,
             [&](Value panel) { body(panel, plan.n % kTileBlock); });
  }

  /// Blocks of `sizes` rows, descending powers of two down to 1: each size is
  /// code of its own.
  void emitVectors(Value column, int64_t columns, ArrayRef<int64_t> sizes) {
    Value row = b.index(0);
    for (int64_t size : sizes) {
      Value end = arith::AndIOp::create(b, m, b.index(-size));
      b.loop(row, end, size, [&](Value first) {
        Tile block{first, column, size, columns};
        finish(block, sumsOf(block), {});
      });
      row = end;
    }
  }

  Accumulators sumsOf(const Tile &block) {
    if (bf16)
      return bf16Product(b, isa, in, /*widened=*/Value(), block);
    if (in.groupRows)
      return groupedProduct(b, isa, in, /*widened=*/Value(), block,
                            /*hasOffset=*/false);
    return vnniProduct(b, isa, in.lhs, in.rhs, in.sums, block,
                       /*hasOffset=*/false, Fetch{plan.prefetch, Value(), {}});
  }

  void multiply(TileOps &tiles, Value lhs, Value panel, int64_t columns) {
    int64_t panels = llvm::divideCeil(columns, kTileBlock);
    int64_t panelBytes = plan.steps * kTileStepBytes;
    Value rhs =
        tiles.advance(tiles.pointerTo(in.rhs), b.mul(panel, panelBytes));
    Value stride = tiles.i64(64);
    SmallVector<Value> sums;
    for (int64_t i = 0; i < 2 * panels; ++i)
      sums.push_back(tiles.zero());
    sums = b.loop(
        b.index(0), b.index(plan.steps), 1, sums,
        [&](Value step, ValueRange carried) {
          b.disableUnrolling();
          SmallVector<Value> next(carried);
          Value rows = tiles.load(tiles.advance(lhs, b.mul(step, kTileBytes)),
                                  stride, /*streamed=*/false);
          Value weights = tiles.advance(rhs, b.mul(step, kTileStepBytes));
          for (auto [i, sum] : llvm::enumerate(next)) {
            int64_t at = int64_t(i) / 2 * panelBytes + i % 2 * kTileBytes;
            Value tile = tiles.load(tiles.advance(weights, b.index(at)), stride,
                                    /*streamed=*/true);
            sum = bf16 ? tiles.dotHalf(sum, rows, tile)
                       : tiles.dot(sum, rows, tile);
          }
          return next;
        });
    Value target = tiles.pointerTo(memory.sums),
          rowBytes = tiles.i64(4 * kColumns);
    for (auto [i, sum] : llvm::enumerate(sums))
      tiles.store(sum, tiles.advance(target, b.index(64 * i)), rowBytes);
    auto finishRows = [&](Value row, int64_t count) {
      Tile block{row, b.mul(panel, kTileBlock), count, columns};
      finish(block, loadSums(block), {});
    };
    // Outliers' weights are read once for all rows of a block.
    Value whole = b.index(0);
    if (in.tailLhs)
      whole = arith::AndIOp::create(b, m, b.index(-kRowsTogether));
    b.loop(b.index(0), whole, kRowsTogether,
           [&](Value row) { finishRows(row, kRowsTogether); });
    b.loop(whole, m, 1, [&](Value row) { finishRows(row, 1); });
  }

  Accumulators loadSums(const Tile &block) {
    Accumulators values;
    for (int64_t i = 0; i < block.rows; ++i)
      for (int64_t v = 0; v < block.vectors(isa); ++v)
        values.push_back(b.load(memory.sums,
                                {b.add(block.row, i), b.index(v * isa.lanes)},
                                isa.lanes, isa.lanes));
    return values;
  }

  const FewRowsMemory &memory;
  bool bf16 = isBF16(in);
};

} // namespace

FewRowsMemory x86::allocateFewRows(const TiledProduct &product) {
  KernelBuilder &b = product.b;
  int64_t depth = product.plan.steps * kTileDepth;
  if (product.in.groupRows || kTileRows * depth > kCopyBytes)
    return {};
  auto allocate = [&](int64_t columns, Type element) {
    return memref::AllocaOp::create(
        b, MemRefType::get({kTileRows, columns}, element),
        b.getI64IntegerAttr(64));
  };
  if (isBF16(product.in))
    return {allocate(depth / 2, b.getBF16Type()),
            allocate(kColumns, b.getF32Type())};
  return {allocate(depth, b.getI8Type()), allocate(kColumns, b.getI32Type())};
}

void x86::emitFewRows(const TiledProduct &product, const FewRowsMemory &memory,
                      Value begin, Value end) {
  FewRows(product, memory).emit(begin, end);
}
