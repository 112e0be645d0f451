//===- PipelineText.cpp - from --pass-pipeline and flags to passes --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "PipelineText.h"
#include "mlir/Pass/PassRegistry.h"
#include "qopt/Pipelines/Presets.h"
#include "qopt/Support/DidYouMean.h"

using namespace mlir;
using namespace mlir::qopt;

static const StringRef presets[] = {"fp32", "w8a8", "llm-int8"};

std::optional<PipelineChoice>
qopt::parsePipelineChoice(const CompileOptions &options, std::string &error) {
  StringRef text = StringRef(options.pipeline).trim();
  PipelineChoice choice;
  if (text.contains('(')) {
    if (!options.layerRules.empty() || !options.calibFile.empty() ||
        options.floatWeights != FloatWeights::Preset ||
        options.allowNonfinite || options.dryRun) {
      error =
          "--keep, --quantize, --calib, --float-weights, --allow-nonfinite "
          "and --dry-run need a preset: a pipeline text says all that itself";
      return std::nullopt;
    }
    choice.text = text.str();
    return choice;
  }
  auto [name, rest] = text.split('{');
  choice.preset = name.trim().str();
  if (!llvm::is_contained(presets, choice.preset)) {
    error =
        "unknown preset '" + choice.preset + "'" +
        didYouMean(choice.preset, presets) +
        "; presets are fp32, w8a8 and llm-int8, or give builtin.module(...)";
    return std::nullopt;
  }
  if (text.contains('{')) {
    if (!rest.consume_back("}")) {
      error = "'" + text.str() + "': the options of a preset end with '}'";
      return std::nullopt;
    }
    choice.text = rest.str();
  }
  bool quantizeFlags = !options.layerRules.empty() || options.allowNonfinite;
  if (choice.preset == "fp32" &&
      (quantizeFlags || options.floatWeights == FloatWeights::F16 ||
       options.dryRun)) {
    error = "--keep, --quantize, --float-weights=f16, --allow-nonfinite and "
            "--dry-run need a preset that quantizes";
    return std::nullopt;
  }
  if (!options.calibFile.empty() && choice.preset != "llm-int8") {
    error = "--calib: preset '" + choice.preset +
            "' reads no statistics; llm-int8 does";
    return std::nullopt;
  }
  return choice;
}

/// Fills the options that every quantizing preset shares.
static void applyFlags(QuantizePresetOptions &preset,
                       const CompileOptions &options) {
  SmallVector<std::string> rules;
  for (const LayerRule &rule : options.layerRules) {
    std::string text = (rule.keep ? "keep:" : "quantize:") + rule.pattern;
    if (!rule.scheme.empty())
      text += "=" + rule.scheme;
    rules.push_back(text);
  }
  llvm::append_range(rules, preset.rules);
  preset.rules = rules;
  if (options.allowNonfinite)
    preset.allowNonfinite = true;
  if (options.floatWeights == FloatWeights::F32)
    preset.floatWeights = "f32";
  if (options.floatWeights == FloatWeights::F16)
    preset.floatWeights = "f16";
  if (options.dryRun)
    preset.planOnly = true;
}

LogicalResult qopt::addPipeline(OpPassManager &pm, const PipelineChoice &choice,
                                const CompileOptions &options,
                                StringRef statistics, std::string &error) {
  llvm::raw_string_ostream errors(error);
  if (choice.preset.empty()) {
    FailureOr<OpPassManager> parsed = parsePassPipeline(choice.text, errors);
    if (failed(parsed))
      return failure();
    if (parsed->getOpAnchorName() != "builtin.module" &&
        parsed->getOpAnchorName() != OpPassManager::getAnyOpAnchorName()) {
      errors << "the pipeline is anchored on '" << parsed->getOpAnchorName()
             << "', not on builtin.module";
      return failure();
    }
    pm = std::move(*parsed);
    return success();
  }
  if (choice.preset == "fp32") {
    if (!choice.text.empty()) {
      errors << "preset fp32 has no options";
      return failure();
    }
    buildFP32Pipeline(pm);
    return success();
  }
  if (choice.preset == "w8a8") {
    QuantizePresetOptions preset;
    if (failed(preset.parseFromString(choice.text, errors)))
      return failure();
    applyFlags(preset, options);
    buildW8A8Pipeline(pm, preset);
    return success();
  }
  LLMInt8Options preset;
  if (failed(preset.parseFromString(choice.text, errors)))
    return failure();
  applyFlags(preset, options);
  if (!statistics.empty())
    preset.statistics = statistics.str();
  buildLLMInt8Pipeline(pm, preset);
  return success();
}
