//===- AMX.h - the loop nest of integer products on tiles -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call inside of a loop over tiles would spill all of them, so the whole nest
// of a product is one function: tasks, blocks of 32 x 32, k steps, epilogue.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_AMX_H
#define QOPT_LIB_CODEGEN_X86_AMX_H

#include "Matmul.h"

namespace mlir::qopt::x86 {

/// Rows of a task; its columns are Isa::integerColumns.
constexpr int64_t kTileTaskRows = 32;

/// Codes of a row that one step of the tiles takes.
constexpr int64_t kTileDepth = 64;

/// What is done with the sums of a block: i32, or f32 sums over groups.
using FinishBlock = function_ref<void(const Tile &, Accumulators)>;

/// Tasks [begin, end) of the product of `m` rows of signed codes times packed
/// rhs; the result has `columns` columns. Groups are multiples of kTileDepth.
void emitTiledTasks(KernelBuilder &b, const Isa &isa, const Operands &operands,
                    int64_t columns, Value m, Value begin, Value end,
                    FinishBlock finish);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_AMX_H
