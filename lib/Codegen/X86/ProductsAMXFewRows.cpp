//===- ProductsAMXFewRows.cpp - fewer rows than a tile has ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "AMX.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::x86;

static Accumulators sumsOf(const TiledProduct &product, const Tile &block) {
  const Operands &in = product.in;
  if (cast<MemRefType>(in.lhs.getType()).getElementType().isBF16())
    return bf16Product(product.b, product.isa, in, /*widened=*/Value(), block);
  if (in.groupRows)
    return groupedProduct(product.b, product.isa, in, /*widened=*/Value(),
                          block, /*hasOffset=*/false);
  return vnniProduct(product.b, product.isa, in.lhs, in.rhs, in.sums, block,
                     /*hasOffset=*/false);
}

void x86::emitFewRows(const TiledProduct &product, Value begin, Value end) {
  KernelBuilder &b = product.b;
  const TilePlan &plan = product.plan;
  auto cover = [&](Value column, int64_t count) {
    auto emit = [&](Value row, int64_t rows) {
      Tile block{row, column, rows, count};
      product.finish(block, sumsOf(product, block), {});
    };
    // Blocks of 4, 2 and 1 rows: each size is code of its own, and so few
    // rows wait for the weights anyway.
    Value bits[3];
    for (int64_t i : {0, 1, 2})
      bits[i] = arith::AndIOp::create(b, product.m, b.index(~int64_t(0) << i));
    b.loop(b.index(0), bits[2], 4, [&](Value row) { emit(row, 4); });
    b.loop(bits[2], bits[1], 2, [&](Value row) { emit(row, 2); });
    b.loop(bits[1], bits[0], 1, [&](Value row) { emit(row, 1); });
  };
  // Pairs of panels, then a single one, then the one that is not full.
  Value full = b.min(end, b.index(plan.fullPanels()));
  Value pairs =
      b.sub(full, arith::AndIOp::create(b, b.sub(full, begin), b.index(1)));
  b.loop(begin, pairs, 2,
         [&](Value panel) { cover(b.mul(panel, kTileBlock), 2 * kTileBlock); });
  b.loop(pairs, full, 1,
         [&](Value panel) { cover(b.mul(panel, kTileBlock), kTileBlock); });
  if (plan.fullPanels() != plan.panels)
    b.loop(full, end, 1, [&](Value panel) {
      cover(b.mul(panel, kTileBlock), plan.n % kTileBlock);
    });
}
