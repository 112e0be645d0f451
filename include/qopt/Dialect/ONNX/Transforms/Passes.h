//===- Passes.h - passes of Dialect/ONNX/Transforms -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
#define QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"
#include "qopt/Dialect/ONNX/Transforms/LiftNames.h"

namespace mlir::onnx {

#define GEN_PASS_DECL
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

// On the module: how many ops of which kind onnx-lift-patterns made.
inline constexpr llvm::StringLiteral liftedAttrName = "onnx.lifted";

struct SimplifyOptions : PassPipelineOptions<SimplifyOptions> {
  ListOption<std::string> noLift{
      *this, "no-lift",
      llvm::cl::desc("Decomposed ops to leave as they are: layer-norm, "
                     "rms-norm, gelu, swish, rotary, attention, all")};
};

// Shapes and what follows from them: types, constants, composite ops as basic
// ones. The first part of the simplification.
void buildInferencePipeline(OpPassManager &manager);
// Everything that makes an imported graph small and static where it can be:
// shapes, constants, lifted patterns, dead code. Registered as `onnx-simplify`.
// Names in `noLift` that are none of getLiftNames() are ignored.
void buildSimplifyPipeline(OpPassManager &manager,
                           ArrayRef<std::string> noLift = {});
// Composite ops that lasted through quantization as basic ones, ready for the
// conversion. Registered as `onnx-expand`.
void buildExpandPipeline(OpPassManager &manager, bool kernels = false);
void registerONNXPipelines();

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_PASSES_H
