//===- Pipelines.cpp - the simplification of an imported graph -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::onnx;

// Constants keep their places: when the folder moves one, it drops the
// location, which is the name of the initializer.
static std::unique_ptr<Pass> createCanonicalizer() {
  GreedyRewriteConfig config;
  config.enableConstantCSE(false);
  return createCanonicalizerPass(config);
}

ArrayRef<StringRef> mlir::onnx::getLiftNames() {
  static const StringRef names[] = {"layer-norm", "rms-norm",  "gelu", "swish",
                                    "rotary",     "attention", "all"};
  return names;
}

static std::unique_ptr<Pass> createLifter(ArrayRef<std::string> noLift) {
  auto lifts = [&](StringRef name) {
    return !llvm::is_contained(noLift, name) &&
           !llvm::is_contained(noLift, "all");
  };
  ONNXLiftPatternsPassOptions options;
  options.layerNorm = lifts("layer-norm");
  options.rmsNorm = lifts("rms-norm");
  options.gelu = lifts("gelu");
  options.swish = lifts("swish");
  options.rotary = lifts("rotary");
  options.attention = lifts("attention");
  return createONNXLiftPatternsPass(options);
}

// A tensor without a rank is no fault of the model; whoever lowers its op says
// that it is not supported.
static std::unique_ptr<Pass> createLenientInference() {
  ONNXInferShapesPassOptions lenient;
  lenient.allowUnranked = true;
  return createONNXInferShapesPass(lenient);
}

// Shapes first, as folding wants static result types; then again, as folding
// turns float arithmetic on dims into constants that Reshape and Range read.
void mlir::onnx::buildInferencePipeline(OpPassManager &manager) {
  manager.addPass(createLenientInference());
  manager.addPass(createONNXDecomposePass());
  manager.addPass(createLenientInference());
  manager.addPass(createONNXFoldConstantsPass());
  manager.addPass(createLenientInference());
}

void mlir::onnx::buildSimplifyPipeline(OpPassManager &manager,
                                       ArrayRef<std::string> noLift) {
  buildInferencePipeline(manager);
  manager.addPass(createONNXAssumeLengthsPass());
  // Casts to the same type and repeated values would hide the patterns.
  manager.addPass(createCanonicalizer());
  manager.addPass(createCSEPass());
  manager.addPass(createLifter(noLift));
  // What lifting left behind, and weights that canonicalization brought
  // together.
  manager.addPass(createONNXFoldConstantsPass());
  manager.addPass(createCanonicalizer());
  manager.addPass(createCSEPass());
  manager.addPass(createLenientInference());
}

void mlir::onnx::buildExpandPipeline(OpPassManager &manager, bool kernels) {
  ONNXExpandAttentionPassOptions options;
  options.kernels = kernels;
  manager.addPass(createONNXExpandAttentionPass(options));
  manager.addPass(createLenientInference());
  manager.addPass(createCanonicalizer());
  manager.addPass(createCSEPass());
}

void mlir::onnx::registerONNXPipelines() {
  PassPipelineRegistration<>(
      "onnx-expand", "Attention as basic ops, before the conversion",
      [](OpPassManager &manager) { buildExpandPipeline(manager); });
  PassPipelineRegistration<SimplifyOptions>(
      "onnx-simplify", "Infer shapes, fold constants, lift patterns",
      [](OpPassManager &manager, const SimplifyOptions &options) {
        SmallVector<std::string> names(options.noLift.begin(),
                                       options.noLift.end());
        buildSimplifyPipeline(manager, names);
      });
}
