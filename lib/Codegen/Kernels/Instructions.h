//===- Instructions.h - what vectors alone do not say -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on registers for which each architecture has an instruction that
// LLVM does not find by itself. The lanes of a vector tell the machine: 4 are
// AArch64's, 8 and 16 those of x86.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_INSTRUCTIONS_H
#define QOPT_LIB_CODEGEN_KERNELS_INSTRUCTIONS_H

#include "KernelBuilder.h"

namespace mlir::qopt::kernels {

Value callIntrinsic(KernelBuilder &b, StringRef name, Type result,
                    ValueRange operands);

/// f32 to i32, rounded to even whatever the mode of the thread is. What is out
/// of range becomes a bound, or the least word.
Value roundToWords(KernelBuilder &b, Value values);

/// Four vectors of words as one of bytes, in order; saturates.
Value packWords(KernelBuilder &b, ArrayRef<Value> four);

/// f32 `values` times 2^n, for whole `n`. Only a machine with 16 lanes takes
/// results that are denormal, and NaN in `n`.
Value timesPowerOfTwo(KernelBuilder &b, Value values, Value n);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_INSTRUCTIONS_H
