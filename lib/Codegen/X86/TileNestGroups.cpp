//===- TileNestGroups.cpp - products on tiles with scales per group -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TileNest.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

void TileNest::emitGroupedBlock(Value first, Value end, Value panel) {
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
    Value last = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, panel,
                                       b.index(full));
    b.ifElse(
        last, [&] { cover(plan.n % kTileBlock); }, [&] { cover(kTileBlock); });
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
    multiply(rows, panel, begin, last);
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
