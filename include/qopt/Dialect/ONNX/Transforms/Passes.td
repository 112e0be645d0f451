//===- Passes.td - passes of Dialect/ONNX/Transforms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD
#define QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_TD
