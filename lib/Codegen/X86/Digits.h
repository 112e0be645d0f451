//===- Digits.h - float rows by codes, exactly ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight-only products. A float row is three codes per element, its digits to
// the base 254, and a scale:
//   x = (max|x| / 127) * (d0 + (d1 + d2 / 254) / 254),  |d| <= 127,
// within 2^-24 of the largest magnitude of the row. Products of digits and
// codes are exact. Tiles do 36 times the work of FMA in f32; one row by
// vpdpbusd waits for its weights only, which f32 would have to widen.
//
// Codes come as rows of 32 columns. Of eight rows, those of even and those of
// odd number become quads of one column each: what lies side by side in memory
// is then loaded at once. Digits are in the same order.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_DIGITS_H
#define QOPT_LIB_CODEGEN_X86_DIGITS_H

#include "AMX.h"

namespace mlir::qopt::x86 {

constexpr int64_t kDigits = 3;
/// Codes of a column that become two quads.
constexpr int64_t kDigitOctet = 8;
/// From this many rows on digits are multiplied on tiles.
constexpr int64_t kDigitRows = 5;
/// Whether a product over so many k is one of digits: less than a step of the
/// tiles is mostly padding, and a panel of weights in their order is on the
/// stack.
inline bool takesDigits(int64_t k) { return k >= kTileDepth && k <= 8192; }
/// Steps of 64 digits.
int64_t digitSteps(const kernels::Operands &in);

/// Where digits lie. For tiles: groups of 16 rows, each [digit][K/64][16][64],
/// the last of which repeats the last row. For fewer rows than kDigitRows one
/// group, [row][digit][K/64][64]. Bytes from one to the next.
struct DigitPlaces {
  DigitPlaces(KernelBuilder &b, Value many, int64_t steps);
  Value row, step, digit;
};
/// Whether `rows` are multiplied on tiles.
Value areManyDigits(KernelBuilder &b, Value rows);

/// Fills in the digits of lhs and the numbers of its rows: the largest
/// magnitude, then 128 times the sum of the digits of each place.
void makeDigits(KernelBuilder &b, const Isa &isa, kernels::Operands &views,
                kernels::KernelTable &kernels);

/// f32 sums of a row, of the i32 sums of its digits.
Value joinDigits(KernelBuilder &b, ArrayRef<Value> sums, Value magnitude);

/// Eight rows of 32 codes at `pointer`, of which `count` exist, as four vectors
/// of quads. Vector i holds columns 4i to 4i + 3 and 16 + 4i to 19 + 4i of the
/// even rows, then of the odd ones. `change` is applied to what is loaded.
SmallVector<Value> loadOctet(KernelBuilder &b, Value pointer, int64_t count,
                             function_ref<Value(Value)> change);
/// A panel at `pointer`, [K][32], in the order of tiles.
void packDigitPanel(KernelBuilder &b, Value pointer, int64_t depth,
                    Value target);

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
/// The same of fewer rows than kDigitRows, by vpdpbusd.
void emitFewDigits(KernelBuilder &b, const Isa &isa,
                   const kernels::Operands &in, Value row, Value rowEnd,
                   Value column, int64_t count, bool fetches,
                   FinishBlock finish);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_DIGITS_H
