//===- Attention.h - kernels of qopt.attention ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CODEGEN_KERNELS_ATTENTION_H
#define QOPT_LIB_CODEGEN_KERNELS_ATTENTION_H

#include "KernelBuilder.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::kernels {

/// Replaces the operation by a call. The last dims of its operands are
/// contiguous.
void lowerAttention(AttentionOp op, const Isa &isa, KernelTable &kernels);

/// Whether a kernel can read or write a buffer with any strides but this one.
bool isContiguousInLastDim(MemRefType type);

/// What an exponential is good for: f32 (within 1.3 ulp), the sum of two bf16
/// (2.7e-6 of it) or one bf16 (7.6e-5).
enum class ExpAccuracy { Float, TwoHalves, Half };

/// exp of a vector of f32 that are not positive, or NaN; below -87.3 it is 0.
Value expOfNonPositive(KernelBuilder &b, Value x,
                       ExpAccuracy accuracy = ExpAccuracy::Float);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_ATTENTION_H
