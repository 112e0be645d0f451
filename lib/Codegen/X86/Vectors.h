//===- Vectors.h - instructions on vectors of x86 ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For vectors of 8 or 16 lanes of 32 bits.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_X86_VECTORS_H
#define QOPT_LIB_CODEGEN_X86_VECTORS_H

#include "../Kernels/KernelBuilder.h"

namespace mlir::qopt::x86 {

using namespace kernels;

/// f32 to i32, rounded to even; what is out of range becomes the least word.
Value roundToWords(KernelBuilder &b, Value values);

/// Four vectors of words as one of bytes, in order; saturates.
Value packWords(KernelBuilder &b, ArrayRef<Value> four);

/// To the nearest bf16, as f32; what is between two goes away from zero. A NaN
/// may become any number.
Value roundToHalf(KernelBuilder &b, Value values);

/// 16 `values` times 2^n, for whole `n`.
Value timesPowerOfTwo(KernelBuilder &b, Value values, Value n);

/// erf of 16 floats.
Value erfByTable(KernelBuilder &b, Value x);
} // namespace mlir::qopt::x86

#endif // QOPT_LIB_CODEGEN_X86_VECTORS_H
