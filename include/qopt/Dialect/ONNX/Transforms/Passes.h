//===- Passes.h - passes of Dialect/ONNX/Transforms -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
#define QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::onnx {

#define GEN_PASS_DECL
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

// Everything that makes an imported graph small and static where it can be:
// shapes, constants, lifted patterns, dead code. Registered as `onnx-simplify`.
void buildSimplifyPipeline(OpPassManager &manager);
// Composite ops that lasted through quantization as basic ones, ready for the
// conversion. Registered as `onnx-expand`.
void buildExpandPipeline(OpPassManager &manager);
void registerONNXPipelines();

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
