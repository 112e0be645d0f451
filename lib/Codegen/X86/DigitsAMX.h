//===- DigitsAMX.h - float rows by codes on integer tiles -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight-only products. A float row is three codes per element, its digits to
// the base 254, and a scale:
//   x = (max|x| / 127) * (d0 + (d1 + d2 / 254) / 254),  |d| <= 127,
// within 2^-24 of the largest magnitude of the row. Products of digits and
// codes are exact, on tiles that do 36 times the work of FMA in f32.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_DIGITSAMX_H
#define QOPT_LIB_CODEGEN_X86_DIGITSAMX_H

#include "AMX.h"

namespace mlir::qopt::x86 {

/// From this many rows on a product is made of digits.
constexpr int64_t kDigitRows = 5;
/// Whether a product over so many k is: less than a step of the tiles is
/// mostly padding, and a panel of weights in their order is on the stack.
inline bool takesDigits(int64_t k) { return k >= kTileDepth && k <= 8192; }

/// Fills in the digits of lhs and the ranges of its rows; without rows where
/// there are fewer than kDigitRows.
void makeDigits(KernelBuilder &b, kernels::Operands &views,
                kernels::KernelTable &kernels);

/// Whether there are any.
Value hasDigits(KernelBuilder &b, const kernels::Operands &in);

/// Weights of one panel and sums of a block on the stack.
struct DigitMemory {
  Value panel, sums;
};
DigitMemory allocateDigits(KernelBuilder &b, const kernels::Operands &in);

/// Rows [row, rowEnd) by `count` columns from `column` on, a panel or what the
/// last one has; `row` is a multiple of kTileRows. With `fetches` the next
/// panel is asked for. `finish` gets f32 sums without scales of columns.
void emitDigits(KernelBuilder &b, const Isa &isa, const kernels::Operands &in,
                const DigitMemory &memory, Value row, Value rowEnd,
                Value column, int64_t count, bool fetches, FinishBlock finish);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_DIGITSAMX_H
