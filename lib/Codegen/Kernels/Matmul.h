//===- Matmul.h - kernels of qopt.matmul ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is a shell (tasks, blocks, tail, epilogue, stores), common to all
// element types, around the loop over K of one block.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_MATMUL_H
#define QOPT_LIB_CODEGEN_KERNELS_MATMUL_H

#include "KernelBuilder.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::kernels {

/// A block of the result: `rows` x `count` elements from (row, column) on,
/// where column is a multiple of 32, or of 16 when count is at most 16.
struct Tile {
  Value row, column;
  int64_t rows, count;

  int64_t vectors(const Isa &isa) const {
    return (count + isa.lanes - 1) / isa.lanes;
  }
  /// Elements of vector `v`.
  int64_t lanesOf(const Isa &isa, int64_t v) const {
    return std::min(isa.lanes, count - v * isa.lanes);
  }
};

/// Accumulators of a block, vector v of row i at [i * vectors + v].
using Accumulators = SmallVector<Value>;

/// The operands of a product inside of its kernel, or the views that a call
/// passes to it: the same list in the same order.
struct Operands {
  Value lhs, rhs, lhsScale, rhsScale, lhsZero, tailLhs, tailRhs, columns, sums;
  SmallVector<Value> epilogueInputs, scalars, inits;
  /// Copies of the rows of lhs in the order of tiles; without rows when lhs
  /// itself is read.
  Value lhsTiles;
  /// Rows of lhs for products of bytes: codes whose pairs do not saturate,
  /// quads of what is left of the others, where sums begin and the number of
  /// these quads.
  Value lhsNear, lhsFar, lhsStart;
  /// The tail for tiles, in two parts: rows of tailLhs, panels of tailRhs.
  Value tailRows, tailPanels;
  /// The rows of lhs as digits, and numbers of each row.
  Value digits, digitRanges;
  /// Rows of K that share a scale; 0: all of them.
  int64_t groupRows = 0;

  template <typename Fn> void forEach(Fn fn) {
    for (Value *value :
         {&lhs, &rhs, &lhsScale, &rhsScale, &lhsZero, &tailLhs, &tailRhs,
          &columns, &sums, &lhsTiles, &lhsNear, &lhsFar, &lhsStart, &tailRows,
          &tailPanels, &digits, &digitRanges})
      if (*value)
        fn(*value);
    for (auto *list : {&epilogueInputs, &scalars, &inits})
      for (Value &value : *list)
        fn(value);
  }
};

/// `floats` plus a group's exact product times its column scales.
Accumulators addGroup(KernelBuilder &b, const Isa &isa, const Operands &in,
                      Value group, const Tile &block, Accumulators sums,
                      ValueRange floats);
/// Makes floats of i32 sums, with zero points and all scales; only row scales
/// are left for sums over groups.
void applyScales(KernelBuilder &b, const Isa &isa, const Operands &in,
                 const Tile &block, Accumulators &sums);

/// The product of f32 lhs [M, K] and packed f32, f16 or scaled i8 rhs: f32
/// vectors. With `fetches`, a condition, weights are asked for ahead where it
/// holds.
Accumulators floatProduct(KernelBuilder &b, const Isa &isa, const Operands &in,
                          const Tile &block, Value fetches = Value());
/// The product of bf16 lhs [M, K] and packed bf16 rhs: f32 vectors. `widened`
/// [rows, K] holds the rows of the block alone as f32; null: read them from
/// lhs.
Accumulators bf16Product(KernelBuilder &b, const Isa &isa, const Operands &in,
                         Value widened, const Tile &block);
/// Fills `widened` with rows of bf16 lhs.
void widenHalves(KernelBuilder &b, const Isa &isa, Value lhs, Value row,
                 int64_t rows, Value widened);
/// Multiplies f32 sums by the column scales.
void scaleColumns(KernelBuilder &b, const Isa &isa, const Operands &in,
                  const Tile &block, Accumulators &sums);

/// `accumulators` plus tail_lhs [M, J] times rows [J or K, N]; J is small.
Accumulators addTail(KernelBuilder &b, const Isa &isa, const Operands &in,
                     const Tile &block, ArrayRef<Value> accumulators);
/// The same with rows of the packed codes.
Accumulators addCodeTail(KernelBuilder &b, const Isa &isa, const Operands &in,
                         const Tile &block, ArrayRef<Value> accumulators);

/// Replaces the operation by a call; fails with a diagnostic.
LogicalResult lowerMatmul(MatmulOp op, const Isa &isa, KernelTable &kernels);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_MATMUL_H
