//===- Arm.h - what the kernels have of their own on AArch64 ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything else is the same code as on x86, with registers of four lanes.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_AARCH64_ARM_H
#define QOPT_LIB_CODEGEN_AARCH64_ARM_H

#include "../Kernels/Matmul.h"

namespace mlir::qopt::aarch64 {

/// The exact product of signed codes lhs [M, Kp] and packed rhs: i32 vectors,
/// or f32 ones with the column scales of groups in them.
kernels::Accumulators integerProduct(kernels::KernelBuilder &b,
                                     const kernels::Isa &isa,
                                     const kernels::Operands &in,
                                     const kernels::Tile &block);

/// f32 to i32, rounded to even; what is out of range saturates.
Value roundToWords(kernels::KernelBuilder &b, Value values);

/// Four vectors of words as one of bytes, in order; saturates.
Value packWords(kernels::KernelBuilder &b, ArrayRef<Value> four);

} // namespace mlir::qopt::aarch64

#endif // QOPT_LIB_CODEGEN_AARCH64_ARM_H
