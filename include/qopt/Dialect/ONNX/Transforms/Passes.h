//===- Passes.h - passes of Dialect/ONNX/Transforms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
#define QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::onnx {

#define GEN_PASS_DECL
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
