//===- Epilogue.h - the epilogue of a product on vectors --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The epilogue region of qopt.matmul computes one element. A kernel needs it on
// vectors, next to the accumulators; two products share a kernel when their
// epilogues are the same text.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_EPILOGUE_H
#define QOPT_LIB_CODEGEN_KERNELS_EPILOGUE_H

#include "KernelBuilder.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::kernels {

/// Scalars of the surrounding function that the epilogue uses; constants are
/// not among them, they are cloned.
SmallVector<Value> epilogueScalars(MatmulOp op);

/// Fails with a diagnostic when an operation has no vector form.
LogicalResult verifyEpilogue(MatmulOp op);

/// A text that is equal for equal epilogues.
std::string epilogueKey(MatmulOp op);

/// The results for vectors of the block arguments. `scalars` are the values of
/// `epilogueScalars` inside the kernel.
SmallVector<Value> applyEpilogue(KernelBuilder &b, MatmulOp op,
                                 ValueRange arguments, ValueRange scalars);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_EPILOGUE_H
