//===- Reshape.h - the same elements under other dims ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_RESHAPE_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_RESHAPE_H

#include "Lowering.h"

namespace mlir::qopt {

/// `tensor`, of dims `from`, under the dims `to`. Both name the same number of
/// elements. `sizes` are the dims `to` as values.
Value reshape(Lowering &l, Value tensor, ArrayRef<onnx::DimExpr> from,
              ArrayRef<onnx::DimExpr> to, ArrayRef<OpFoldResult> sizes);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_RESHAPE_H
