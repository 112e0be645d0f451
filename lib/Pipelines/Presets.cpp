//===- Presets.cpp - the named pipelines that users choose from -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Presets.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::qopt;

template <typename Options>
static void addSimplification(OpPassManager &pm, const Options &options) {
  SmallVector<std::string> names(options.noLift.begin(), options.noLift.end());
  onnx::buildSimplifyPipeline(pm, names);
}

void qopt::buildFP32Pipeline(OpPassManager &pm,
                             const FP32PresetOptions &options) {
  addSimplification(pm, options);
}

/// The plan and the passes behind it, the same for every scheme; smoothing
/// between them where there are options for it.
static void addQuantization(OpPassManager &pm, PlanPassOptions plan,
                            const QuantizePresetOptions &options,
                            const SmoothPassOptions *smooth = nullptr) {
  llvm::append_range(plan.rules, options.rules);
  llvm::append_range(plan.quantize, options.quantize);
  llvm::append_range(plan.keep, options.keep);
  plan.allowNonfinite = options.allowNonfinite;
  pm.addPass(createPlanPass(plan));
  if (smooth)
    pm.addPass(createSmoothPass(*smooth));
  if (options.planOnly)
    return;
  pm.addPass(createQuantizePass());
  FloatWeightsPassOptions floatWeights;
  floatWeights.type = options.floatWeights;
  pm.addPass(createFloatWeightsPass(floatWeights));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void qopt::buildW8A8Pipeline(OpPassManager &pm,
                             const QuantizePresetOptions &options) {
  addSimplification(pm, options);
  PlanPassOptions plan;
  plan.scheme = "w8a8";
  addQuantization(pm, plan, options);
}

void qopt::buildLLMInt8Pipeline(OpPassManager &pm,
                                const LLMInt8Options &options) {
  addSimplification(pm, options);
  PlanPassOptions plan;
  plan.scheme = "llm-int8";
  plan.statistics = options.statistics;
  plan.threshold = options.threshold;
  plan.frequency = options.frequency;
  plan.cap = options.cap;
  addQuantization(pm, plan, options);
}

void qopt::buildSmoothQuantPipeline(OpPassManager &pm,
                                    const SmoothQuantOptions &options) {
  addSimplification(pm, options);
  PlanPassOptions plan;
  plan.scheme = "w8a8";
  // For layers that a rule gives another scheme.
  plan.statistics = options.statistics;
  SmoothPassOptions smooth;
  smooth.statistics = options.statistics;
  smooth.alpha = options.alpha;
  addQuantization(pm, plan, options, &smooth);
}

void qopt::registerPresets() {
  PassPipelineRegistration<FP32PresetOptions>(
      "fp32", "The float model, simplified", buildFP32Pipeline);
  PassPipelineRegistration<QuantizePresetOptions>(
      "w8a8", "int8 weights per channel, int8 activations per token",
      buildW8A8Pipeline);
  PassPipelineRegistration<LLMInt8Options>(
      "llm-int8", "w8a8 with outlier columns in half precision",
      buildLLMInt8Pipeline);
  PassPipelineRegistration<SmoothQuantOptions>(
      "smoothquant-int8",
      "w8a8 with the range of large activation columns moved into the weights",
      buildSmoothQuantPipeline);
}
