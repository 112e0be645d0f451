//===- Rows.h - kernels over rows of activations ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_KERNELS_ROWS_H
#define QOPT_LIB_CODEGEN_KERNELS_ROWS_H

#include "KernelBuilder.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::kernels {

/// Both replace the operation by a call, or fail with a diagnostic.
LogicalResult lowerQuantizeRows(QuantizeRowsOp op, const Isa &isa,
                                KernelTable &kernels);
LogicalResult lowerFindOutliers(FindOutliersOp op, const Isa &isa,
                                KernelTable &kernels);

} // namespace mlir::qopt::kernels

#endif // QOPT_LIB_CODEGEN_KERNELS_ROWS_H
