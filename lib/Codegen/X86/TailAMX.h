//===- TailAMX.h - outlier columns on half-precision tiles ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles multiply bfloat16 only. A float is the sum of two of them up to 2^-16
// of it, a half is exactly that; of the four products the least one is left
// out. Rows are split once per product, before it, and so are weights that the
// compiler has not split.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_TAILAMX_H
#define QOPT_LIB_CODEGEN_X86_TAILAMX_H

#include "AMX.h"

namespace mlir::qopt::x86 {

using namespace kernels;

/// Outlier columns of a tile.
constexpr int64_t kTailDepth = 32;

/// Elements of a row, and pairs of a panel, for a tile and for a group.
constexpr int64_t kRowTile = kTailDepth, kRowGroup = 2 * kRowTile;
constexpr int64_t kPanelTile = 2 * 256, kPanelGroup = 2 * kPanelTile;

/// The tiles of a row or of a panel.
struct TailTiles {
  /// `packed`: the list is known, and the compiler has packed its weights.
  TailTiles(KernelBuilder &b, Value lhs, bool packed);

  bool onlyRest() const { return !hasGroups; }

  Value groups, tiles;
  int64_t rest = 0, restTiles = 0;

private:
  bool hasGroups = true;
};

/// Rows [begin, end) of `lhs` [M, J]; those beyond M repeat the last one.
void splitTailRows(KernelBuilder &b, Value lhs, bool packed, Value rows,
                   Value begin, Value end);
/// Panels [begin, end) of `count` rows of weights [J or K, N].
void splitTailPanels(KernelBuilder &b, Value rhs, Value columns, Value count,
                     Value panels, Value begin, Value end);

/// Fills in `tailRows` and `tailPanels` of the views, where there are rows
/// enough for tiles; otherwise they have no rows.
void splitTail(KernelBuilder &b, Operands &views, KernelTable &kernels);

/// Adds the tail of the rows from each of `rows` on, times a panel, to two
/// tiles of `sums` for each. With `places` the tiles still hold other sums,
/// which are stored there first, among the products.
SmallVector<Value> emitTailSteps(KernelBuilder &b, TileOps &tiles,
                                 const Operands &in, ArrayRef<Value> rows,
                                 Value panel, SmallVector<Value> sums,
                                 ArrayRef<Value> places = {});

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_TAILAMX_H
