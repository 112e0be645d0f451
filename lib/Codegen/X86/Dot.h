//===- Dot.h - exact products of codes on vectors of x86 --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// By vpdpbusd where the CPU has VNNI, else by vpmaddwd. Tiles: AMX.h.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_DOT_H
#define QOPT_LIB_CODEGEN_X86_DOT_H

#include "../Kernels/Products.h"

namespace mlir::qopt::x86 {

using namespace kernels;

/// The exact product of codes lhs [M, Kp], as the target stores them, and
/// packed rhs: i32 vectors. `sums` are the column sums of rhs.
/// `hasOffset`: 128 has been added to the codes of lhs. With a `part`, the
/// number of a block of rows within its task, that part of the columns that the
/// next task reads is fetched into L2 on the way.
Accumulators vnniProduct(KernelBuilder &b, const Isa &isa, Value lhs, Value rhs,
                         Value sums, const Tile &block, bool hasOffset,
                         Value part = Value());

/// The same without VNNI, in products of 16 bits: exact for all codes, -128
/// included. `widened` [rows, Kp] holds the rows of the block alone. The right
/// operand is rhs, widened as it is loaded, or, for a block of 8 columns, group
/// `group` of `widenedRhs` if there is one.
Accumulators wideProduct(KernelBuilder &b, const Isa &isa, Value widened,
                         Value rhs, Value widenedRhs, Value group,
                         const Tile &block);
/// Fills `widened` with rows of lhs.
void widenRows(KernelBuilder &b, Value lhs, Value row, int64_t rows,
               Value widened);
/// Fills `widened` [groups of 8 columns, quads of K, 32] with columns of rhs.
void widenColumns(KernelBuilder &b, Value rhs, Value column, int64_t count,
                  Value widened);

/// The sum over all groups of their exact products times their column scales:
/// f32 vectors. Without VNNI rows are read from `widened` if there is one.
Accumulators groupedProduct(KernelBuilder &b, const Isa &isa,
                            const Operands &in, Value widened,
                            const Tile &block, bool hasOffset);
/// `sum` plus the products of four unsigned by four signed bytes per lane.
Value dotBytes(KernelBuilder &b, const Isa &isa, Value sum, Value lhs,
               Value rhs);

/// The even and odd lanes of two vectors of 8 sums added: pairs that belong to
/// one column.
Value addPairs(KernelBuilder &b, Value first, Value second);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_DOT_H
