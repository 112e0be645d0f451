//===- Matmul.h - kernels of qopt.matmul ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is a shell (tasks, blocks, tail, epilogue, stores), common to all
// element types, around the loop over K of one block.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_MATMUL_H
#define QOPT_LIB_CODEGEN_X86_MATMUL_H

#include "KernelBuilder.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::x86 {

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

/// The exact product of codes lhs [M, Kp], as the target stores them, and
/// packed rhs: i32 vectors. `sums` are the column sums of rhs.
/// `hasOffset`: 128 has been added to the codes of lhs.
Accumulators vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs, Value rhs,
                         Value sums, const Tile &block, bool hasOffset);

/// The same without VNNI, for a block of 8 columns, in products of 16 bits:
/// exact for all codes, -128 included. `widened` [rows, Kp] holds the rows of
/// the block alone.
Accumulators wideProduct(KernelBuilder &b, const Isa &isa, Value widened,
                         Value rhs, const Tile &block);
/// Fills `widened` with rows of lhs.
void widenRows(KernelBuilder &b, Value lhs, Value row, int64_t rows,
               Value widened);

/// The product of f32 lhs [M, K] and packed f32 or f16 rhs: f32 vectors.
Accumulators floatProduct(KernelBuilder &b, const Isa &isa, Value lhs,
                          Value rhs, const Tile &block);

/// `accumulators` plus lhs [M, J] times rows [J or K, N]; J is small.
Accumulators addTail(KernelBuilder &b, const Isa &isa, Value lhs, Value rhs,
                     Value columns, const Tile &block,
                     ArrayRef<Value> accumulators);

/// Replaces the operation by a call; fails with a diagnostic.
LogicalResult lowerMatmul(MatmulOp op, const Isa &isa, KernelTable &kernels);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_MATMUL_H
