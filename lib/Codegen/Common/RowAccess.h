//===- RowAccess.h - what a row loop does to memory -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row loop is an scf.parallel from 0 with step 1, as
// qopt-lower-linalg-to-loops makes them; its index, split by
// affine.delinearize_index, names a row. Two accesses conflict within a row
// only when the row's coordinates stand in the same places of their indices.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_ROWACCESS_H
#define QOPT_LIB_CODEGEN_COMMON_ROWACCESS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::qopt {

/// The buffer that `value` is a view of.
Value getRootBuffer(Value value);

/// One dim, from 0, step 1, no reductions.
bool isRowLoop(scf::ParallelOp loop);

/// One coordinate of a row: result `position` of splitting the loop's index. A
/// loop over one dim has position 0 only.
struct RowCoordinate {
  unsigned place = 0;
  unsigned position = 0;
  bool operator==(const RowCoordinate &other) const {
    return place == other.place && position == other.position;
  }
};

struct RowAccess {
  Operation *op = nullptr;
  Value memref;
  bool write = false;
  /// Where in the indices the row's coordinates stand, and by which sizes the
  /// loop's index was split for them (empty: it was not).
  SmallVector<RowCoordinate> coordinates;
  SmallVector<OpFoldResult> basis;
  /// All coordinates of the row occur: distinct rows touch distinct elements.
  bool injective = false;
};

struct RowAccesses {
  /// Nothing but loads and stores touches memory.
  bool known = true;
  llvm::MapVector<Value, SmallVector<RowAccess>> byRoot;

  bool writes(Value root) const;
};

RowAccesses collectRowAccesses(scf::ParallelOp loop);

/// Whether two accesses to one buffer, of which one writes, can meet only in
/// equal rows.
bool meetOnlyInRow(const RowAccess &a, const RowAccess &b);

} // namespace mlir::qopt

#endif // QOPT_LIB_CODEGEN_COMMON_ROWACCESS_H
