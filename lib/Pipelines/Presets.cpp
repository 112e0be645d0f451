//===- Presets.cpp - the named pipelines that users choose from -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Pipelines/Presets.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::qopt;

/// What is to be bf16 means attention too, unless that is said apart.
static std::string attentionOf(const FP32PresetOptions &options) {
  if (!options.attention.hasValue() && options.products == "bf16")
    return "bf16";
  return options.attention;
}

static void addSimplification(OpPassManager &pm,
                              const FP32PresetOptions &options) {
  SmallVector<std::string> names(options.noLift.begin(), options.noLift.end());
  onnx::buildSimplifyPipeline(pm, names);
  pm.addPass(createAttentionProductsPass({attentionOf(options)}));
}

static void addFloatProducts(OpPassManager &pm,
                             const FP32PresetOptions &options) {
  pm.addPass(createFloatProductsPass({options.products}));
}

void qopt::buildFP32Pipeline(OpPassManager &pm,
                             const FP32PresetOptions &options) {
  addSimplification(pm, options);
  if (options.layerTaps)
    pm.addPass(createLayerTapsPass());
  addFloatProducts(pm, options);
}

/// The plan and the passes behind it, the same for every scheme.
namespace {

/// Options in braces, those that were given.
class SchemeText {
public:
  template <typename Option> void add(const Option &option) {
    if (!option.getValue().empty())
      pairs.push_back((option.getArgStr() + "=" + option.getValue()).str());
  }
  std::string str(StringRef method) const {
    return pairs.empty() ? method.str()
                         : (method + "{" + llvm::join(pairs, " ") + "}").str();
  }

private:
  std::vector<std::string> pairs;
};

} // namespace

static void addW8A8(SchemeText &text, const W8A8Options &options) {
  text.add(options.weights);
  text.add(options.activations);
  text.add(options.zeroPoint);
  text.add(options.observer);
}

std::string qopt::schemeText(StringRef method,
                             const QuantizePresetOptions &options) {
  SchemeText text;
  text.add(options.weights);
  return text.str(method);
}

std::string qopt::schemeText(StringRef method, const W8A8Options &options) {
  SchemeText text;
  addW8A8(text, options);
  return text.str(method);
}

std::string qopt::schemeText(StringRef method, const LLMInt8Options &options) {
  SchemeText text;
  addW8A8(text, options);
  text.add(options.mode);
  text.add(options.threshold);
  text.add(options.frequency);
  text.add(options.cap);
  return text.str(method);
}

/// `alpha`: of smoothing, for layers that do not say it themselves.
static void addQuantization(OpPassManager &pm, const std::string &scheme,
                            const QuantizePresetOptions &options,
                            const std::string &alpha = "off") {
  addSimplification(pm, options);
  PlanPassOptions plan;
  plan.scheme = scheme;
  plan.hasStatistics = !options.statistics.empty();
  llvm::append_range(plan.rules, options.rules);
  llvm::append_range(plan.quantize, options.quantize);
  llvm::append_range(plan.keep, options.keep);
  plan.allowNonfinite = options.allowNonfinite;
  plan.planFile = options.planFile;
  plan.force = options.force;
  pm.addPass(createPlanPass(plan));
  SmoothPassOptions smooth;
  smooth.statistics = options.statistics;
  smooth.alpha = alpha;
  pm.addPass(createSmoothPass(smooth));
  SelectPassOptions select;
  select.statistics = options.statistics;
  select.biasCorrection = options.biasCorrection;
  pm.addPass(createSelectPass(select));
  if (!options.planOnly)
    buildCarryOutPipeline(pm, options);
}

void qopt::buildCarryOutPipeline(OpPassManager &pm,
                                 const QuantizePresetOptions &options) {
  // The outputs are still those of the model's own operations here.
  if (options.layerTaps)
    pm.addPass(createLayerTapsPass());
  pm.addPass(createQuantizePass());
  addFloatProducts(pm, options);
  FloatWeightsPassOptions floatWeights;
  floatWeights.type = options.floatWeights;
  pm.addPass(createFloatWeightsPass(floatWeights));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void qopt::buildW8A16Pipeline(OpPassManager &pm,
                              const QuantizePresetOptions &options) {
  addQuantization(pm, schemeText("w8a16", options), options);
}

static std::string alphaOr(const W8A8Options &options, StringRef standard) {
  return options.alpha.empty() ? standard.str() : options.alpha.getValue();
}

void qopt::buildW8A8Pipeline(OpPassManager &pm, const W8A8Options &options) {
  addQuantization(pm, schemeText("w8a8", options), options,
                  alphaOr(options, "off"));
}

void qopt::buildLLMInt8Pipeline(OpPassManager &pm,
                                const LLMInt8Options &options) {
  addQuantization(pm, schemeText("llm-int8", options), options,
                  alphaOr(options, "off"));
}

void qopt::buildSmoothQuantPipeline(OpPassManager &pm,
                                    const W8A8Options &options) {
  addQuantization(pm, schemeText("w8a8", options), options,
                  alphaOr(options, "auto"));
}

void qopt::registerPresets() {
  PassPipelineRegistration<FP32PresetOptions>(
      "fp32", "The float model, simplified", buildFP32Pipeline);
  PassPipelineRegistration<QuantizePresetOptions>(
      "w8a16", "int8 weights per channel, float activations",
      buildW8A16Pipeline);
  PassPipelineRegistration<W8A8Options>(
      "w8a8", "int8 weights per channel, int8 activations per token",
      buildW8A8Pipeline);
  PassPipelineRegistration<LLMInt8Options>(
      "llm-int8", "w8a8 with outlier columns in half precision",
      buildLLMInt8Pipeline);
  PassPipelineRegistration<W8A8Options>(
      "smoothquant-int8",
      "w8a8 with the range of large activation columns moved into the weights",
      buildSmoothQuantPipeline);
}
