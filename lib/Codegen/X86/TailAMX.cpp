//===- TailAMX.cpp - outlier columns on half-precision tiles --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TailAMX.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "qopt/Dialect/QOpt/IR/TailLayout.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;
using namespace mlir::qopt::x86;

/// Whether the weights have been packed by the compiler.
static bool isPacked(Value tailRhs) {
  return cast<MemRefType>(tailRhs.getType()).getRank() == 5;
}

TailTiles::TailTiles(KernelBuilder &b, Value lhs, bool packed) {
  if (packed) {
    TailLayout layout(cast<MemRefType>(lhs.getType()).getDimSize(1));
    groups = b.index(layout.groups);
    hasGroups = layout.groups > 0;
    tiles = b.index(layout.tiles());
    rest = layout.rest;
    restTiles = layout.restTiles();
    return;
  }
  groups = b.ceilDiv(b.dim(lhs, 1), b.index(kTailDepth));
  tiles = b.mul(groups, 2);
}

void x86::splitTail(KernelBuilder &b, Operands &views, KernelTable &kernels) {
  Value m = b.dim(views.tailLhs, 0);
  bool packed = isPacked(views.tailRhs);
  TailTiles shape(b, views.tailLhs, packed);
  Value many = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, m,
                                     b.index(kTileRows));
  auto orNone = [&](Value value) {
    return arith::SelectOp::create(b, many, value, b.index(0));
  };
  auto allocate = [&](Value rows, int64_t tile, Type element) {
    return memref::AllocOp::create(
        b,
        MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element),
        ValueRange{rows, b.mul(shape.tiles, tile)});
  };
  auto call = [&](StringRef name, Value tasks, int64_t grain,
                  ArrayRef<Value> captures, KernelTable::Generator generate) {
    func::FuncOp kernel = kernels.get(
        b.getLoc(), name, "", ValueRange(captures).getTypes(), generate);
    ParallelCallOp::create(b, kernel.getSymName(), tasks, b.index(grain),
                           captures);
  };

  // Whole tiles, as copied rows are.
  Value rows = orNone(b.mul(b.ceilDiv(m, b.index(kTileRows)), kTileRows));
  views.tailRows = allocate(rows, kRowTile, b.getI16Type());
  call(packed ? "split_rows" : "split_found_rows", rows, 512,
       {views.tailLhs, views.tailRows},
       [&](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
         splitTailRows(inner, arguments[0], packed, arguments[1], begin, end);
       });
  if (packed)
    return;

  int64_t n = cast<MemRefType>(views.inits.front().getType()).getDimSize(1);
  Value panels = orNone(b.index(llvm::divideCeil(n, kTileBlock)));
  views.tailPanels = allocate(panels, kPanelTile, b.getI32Type());
  // The outliers' number is that of the rows; a list of columns is longer.
  SmallVector<Value> captures{views.tailRhs, views.tailLhs, views.tailPanels};
  if (views.columns)
    captures.push_back(views.columns);
  call("split_panels", panels, 32, captures,
       [](KernelBuilder &inner, Value begin, Value end, ValueRange arguments) {
         splitTailPanels(inner, arguments[0],
                         arguments.size() > 3 ? arguments[3] : Value(),
                         inner.dim(arguments[1], 1), arguments[2], begin, end);
       });
}

SmallVector<Value> x86::emitTailSteps(KernelBuilder &b, TileOps &tiles,
                                      const Operands &in, ArrayRef<Value> rows,
                                      Value panel, SmallVector<Value> sums,
                                      ArrayRef<Value> places) {
  constexpr int64_t rowBytes = 2 * kRowGroup, panelBytes = 4 * kPanelGroup;
  bool packed = isPacked(in.tailRhs);
  TailTiles shape(b, in.tailLhs, packed);
  Value lhsStride = b.mul(shape.tiles, 2 * kRowTile);
  Value rhs =
      tiles.advance(tiles.pointerTo(packed ? in.tailRhs : in.tailPanels),
                    b.mul(panel, b.mul(shape.tiles, 4 * kPanelTile)));
  Value lhs = tiles.pointerTo(in.tailRows);
  SmallVector<Value> starts;
  for (Value row : rows)
    starts.push_back(tiles.advance(lhs, b.mul(row, lhsStride)));
  Value stride = tiles.i64(64), strideOfLhs = tiles.toI64(lhsStride);
  auto storeAndClear = [&](Value &sum, size_t i) {
    tiles.store(sum, places[i], tiles.i64(4 * kTileBlock));
    sum = tiles.zero();
  };
  auto loadWeights = [&](Value from) {
    SmallVector<Value> rhsTiles;
    for (int64_t half : {0, 1})
      rhsTiles.push_back(
          tiles.load(tiles.advance(rhs, b.add(from, half * kTileBytes)), stride,
                     /*streamed=*/true));
    return rhsTiles;
  };
  auto multiply = [&](Value from, ArrayRef<Value> rhsTiles,
                      SmallVector<Value> &next, bool clears = false) {
    SmallVector<Value> lhsTiles;
    auto loadRow = [&](Value start) {
      lhsTiles.push_back(tiles.load(tiles.advance(start, from), strideOfLhs,
                                    /*streamed=*/false));
    };
    // Loads do not wait for what is stored behind them.
    if (clears)
      llvm::for_each(starts, loadRow);
    for (auto [i, start] : llvm::enumerate(starts)) {
      if (!clears)
        loadRow(start);
      for (int64_t half : {0, 1}) {
        Value &sum = next[2 * i + half];
        if (clears)
          storeAndClear(sum, 2 * i + half);
        sum = tiles.dotHalf(sum, lhsTiles[i], rhsTiles[half]);
      }
    }
  };
  auto group = [&](Value step, ValueRange carried, bool clears) {
    SmallVector<Value> next(carried);
    Value row = b.mul(step, rowBytes), weights = b.mul(step, panelBytes);
    for (bool low : {false, true}) {
      SmallVector<Value> rhsTiles =
          loadWeights(b.add(weights, low ? panelBytes / 2 : 0));
      // In turn, so that no product waits for the sums of the one before.
      multiply(row, rhsTiles, next, clears && !low);
      if (!low)
        multiply(b.add(row, rowBytes / 2), rhsTiles, next);
    }
    return next;
  };

  bool clears = !places.empty();
  Value first = b.index(0);
  if (clears && !packed) {
    // There may be no outliers at all.
    for (auto [i, sum] : llvm::enumerate(sums))
      storeAndClear(sum, i);
    clears = false;
  } else if (clears && !shape.onlyRest()) {
    sums = group(first, sums, /*clears=*/true);
    first = b.index(1);
    clears = false;
  }
  if (!shape.onlyRest())
    sums = b.loop(first, shape.groups, 1, sums,
                  [&](Value step, ValueRange carried) {
                    b.disableUnrolling();
                    return group(step, carried, /*clears=*/false);
                  });
  for (int64_t i = 0; i < shape.restTiles; ++i)
    multiply(
        b.add(b.mul(shape.groups, rowBytes), 2 * kRowTile * i),
        loadWeights(b.add(b.mul(shape.groups, panelBytes), 4 * kPanelTile * i)),
        sums, clears && i == 0);
  return sums;
}
