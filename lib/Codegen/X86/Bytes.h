//===- Bytes.h - products of bytes without VNNI -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ProductsBytes.cpp and ProductsSigns.cpp have in common.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_BYTES_H
#define QOPT_LIB_CODEGEN_X86_BYTES_H

#include "Dot.h"

namespace mlir::qopt::x86 {

/// Columns of lhsStart: what sums begin with, and how many quads are listed.
constexpr int64_t kFirstSum = 0, kFarQuads = 1;

/// The products of 32 unsigned by 32 signed bytes, in pairs.
Value multiplyBytes(KernelBuilder &b, Value left, Value right);
/// `sum` plus `words` in pairs.
Value addWords(KernelBuilder &b, Value sum, Value words);

/// Appends entries to the list of a row, each where its bit is set. `entry`
/// makes the one of a lane, an i64.
void appendFar(KernelBuilder &b, const Operands &in, Value row, Value bits,
               ArrayRef<int64_t> lanes, function_ref<Value(int64_t)> entry);
/// Whether any of 8 lanes is set.
Value anyOf(KernelBuilder &b, Value bits);

/// Splits the row of a product that has no other.
void splitAlone(KernelBuilder &b, const Operands &in, int64_t depth);

} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_BYTES_H
