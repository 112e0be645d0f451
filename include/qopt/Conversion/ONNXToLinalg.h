//===- ONNXToLinalg.h - what the conversion can do ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For drivers, which list everything unsupported before they start.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CONVERSION_ONNXTOLINALG_H
#define QOPT_CONVERSION_ONNXTOLINALG_H

#include "mlir/IR/Operation.h"

namespace mlir::qopt {

/// Whether `convert-onnx-to-linalg` has code for an onnx operation. Operations
/// of other dialects pass through it and count as lowered.
bool hasLowering(Operation *op);

} // namespace mlir::qopt

#endif // QOPT_CONVERSION_ONNXTOLINALG_H
