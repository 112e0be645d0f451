//===- Contraction.h - kernels of float contractions ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of two activations (attention): both operands arrive at run time,
// with any strides.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_CONTRACTION_H
#define QOPT_LIB_CODEGEN_KERNELS_CONTRACTION_H

#include "KernelBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::qopt::kernels {

/// Whether the operation is out += lhs * rhs in f32 on memrefs with one
/// contracted dim, and the contiguous dim of out belongs to exactly one of the
/// operands.
bool isContraction(linalg::LinalgOp op);

/// Replaces such an operation by a call.
void lowerContraction(linalg::LinalgOp op, const Isa &isa,
                      KernelTable &kernels);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_CONTRACTION_H
