//===- MatmulTasks.h - how a product is cut into tasks ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tasks of a product are blocks of rows x blocks of columns, columns
// fastest: a range of tasks walks through the weights while its rows stay in
// the L2 cache, and a product of few rows is split over the columns. Inside of
// a task the columns of rhs stay in L1 or L2 while the rows pass.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_MATMULTASKS_H
#define QOPT_LIB_CODEGEN_KERNELS_MATMULTASKS_H

#include "../X86/Digits.h"

namespace mlir::qopt::kernels {

/// The widened rows of a block. A product of groups with longer rows widens
/// them as it reads them.
constexpr int64_t kWidenedBytes = 256 << 10;

/// What decides about the loops of a product.
struct Form {
  bool integer, bf16, weightOnly, grouped;
  /// Whether the product is made of tiles. Groups have to be whole steps of
  /// them; the others go by vectors.
  bool tiles;
  /// Whether rows of floats are multiplied as digits.
  bool digits;

  Form(MatmulOp op, const Isa &isa)
      : integer(op.isInteger()), bf16(op.isBF16()),
        weightOnly(op.isWeightOnly()), grouped(op.getGroupSize().has_value()),
        tiles(isa.amx && (integer || bf16) &&
              (!grouped || *op.getGroupSize() % x86::kTileDepth == 0)),
        digits(isa.amx && weightOnly && !grouped &&
               x86::takesDigits(
                   cast<ShapedType>(op.getRhs().getType()).getDimSize(1))) {}
};

/// How a product is cut into tasks; everything but M is static.
struct Tasks {
  int64_t n, columns, rows, maxRows;
  /// Rows of a task are a multiple of it: of `rows`.
  int64_t rowStep;
  /// Whether the weights come from beyond L2.
  bool streamed = false;
  /// Of a product that is made of tiles.
  std::optional<x86::TilePlan> plan;

  /// Of tiles.
  Tasks(const Isa &isa, const Form &form, const x86::TilePlan &plan)
      : n(plan.n), columns(x86::kTileBlock), rows(x86::kTileBlock),
        maxRows(plan.maxRows), rowStep(rows), plan(plan), isa(isa), form(form) {
  }
  /// Of vectors. `modelBytes`: the weights of all products.
  Tasks(const Isa &isa, const Form &form, int64_t n, int64_t k,
        int64_t modelBytes);
  /// Bytes of a widened element of lhs; 0: none is widened.
  static int64_t widenedBytes(const Isa &isa, const Form &form) {
    if (form.bf16)
      return 4;
    return form.integer && isa.widens() ? 2 : 0;
  }
  int64_t columnBlocks() const { return (n + columns - 1) / columns; }
  int64_t fullBlocks() const { return n / columns; }
  /// Columns of a block of accumulators.
  int64_t blockColumns(int64_t blockRows) const {
    if (!form.integer)
      return isa.lanes * isa.floatVectors;
    return isa.lanes * (form.grouped ? isa.groupedVectors()
                                     : isa.integerVectorsOf(blockRows));
  }

  /// Rows of a task: M in equal parts, each a multiple of `rowStep`.
  Value rowsPerTask(KernelBuilder &b, Value m) const;

private:
  const Isa &isa;
  const Form &form;
};

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_MATMULTASKS_H
