//===- PipelineText.cpp - from --pass-pipeline and flags to passes --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "PipelineText.h"
#include "mlir/Pass/PassRegistry.h"
#include "qopt/Dialect/ONNX/Transforms/LiftNames.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/Presets.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::qopt;

static const StringRef presets[] = {"fp32", "w8a16", "w8a8", "llm-int8",
                                    "smoothquant-int8"};

/// Whether a calibration can tell the preset something.
static bool readsStatistics(StringRef preset) {
  return preset == "llm-int8" || preset == "smoothquant-int8" ||
         preset == "w8a8";
}

bool qopt::readsStatistics(const CompileOptions &options) {
  return ::readsStatistics(StringRef(options.pipeline).split('{').first.trim());
}

std::optional<PipelineChoice>
qopt::parsePipelineChoice(const CompileOptions &options, std::string &error) {
  StringRef text = StringRef(options.pipeline).trim();
  PipelineChoice choice;
  if (text.contains('(')) {
    if (!options.layerRules.empty() || options.hasStatistics() ||
        options.floatWeights != FloatWeights::Preset ||
        options.floatProducts != FloatProducts::F32 || options.allowNonfinite ||
        options.dryRun || !options.noLift.empty() ||
        options.accuracy.layerTaps || !options.planFile.empty() ||
        options.sideOutputs.describesPlan()) {
      error = "--keep, --quantize, --calib, --load-calib, --float, "
              "--float-weights, --allow-nonfinite, "
              "--no-lift, --layer-taps, --plan, --emit-plan, --report and "
              "--dry-run need a preset: a pipeline text says all that itself";
      return std::nullopt;
    }
    choice.text = text.str();
    return choice;
  }
  auto [name, rest] = text.split('{');
  choice.preset = name.trim().str();
  if (!llvm::is_contained(presets, choice.preset)) {
    error = "unknown preset '" + choice.preset + "'" +
            didYouMean(choice.preset, presets) + "; presets are " +
            llvm::join(ArrayRef(presets), ", ") +
            "; or give builtin.module(...)";
    return std::nullopt;
  }
  if (text.contains('{')) {
    if (!rest.consume_back("}")) {
      error = "'" + text.str() + "': the options of a preset end with '}'";
      return std::nullopt;
    }
    choice.text = rest.str();
  }
  bool quantizeFlags = !options.layerRules.empty() || options.allowNonfinite ||
                       !options.planFile.empty() ||
                       options.sideOutputs.describesPlan();
  if (choice.preset == "fp32" &&
      (quantizeFlags || options.floatWeights == FloatWeights::F16 ||
       options.dryRun)) {
    error = "--keep, --quantize, --float-weights=f16, --allow-nonfinite, "
            "--plan, --emit-plan, --report and --dry-run need a preset that "
            "quantizes";
    return std::nullopt;
  }
  // Without an output, the statistics themselves are what is wanted.
  if (options.hasStatistics() && !options.onlyCalibrates() &&
      !::readsStatistics(StringRef(choice.preset))) {
    error = (options.calibFile.empty() ? "--load-calib" : "--calib") +
            std::string(": preset '") + choice.preset +
            "' reads no statistics; w8a8, llm-int8 and smoothquant-int8 do";
    return std::nullopt;
  }
  return choice;
}

/// Adds --no-lift, and checks the names of the preset's own option too.
static LogicalResult applyNoLift(FP32PresetOptions &preset,
                                 const CompileOptions &options,
                                 llvm::raw_string_ostream &errors) {
  SmallVector<std::string> names(preset.noLift.begin(), preset.noLift.end());
  llvm::append_range(names, options.noLift);
  ArrayRef<StringRef> known = onnx::getLiftNames();
  for (const std::string &name : names)
    if (!llvm::is_contained(known, name)) {
      errors << "no-lift: unknown name " << quoteName(name)
             << didYouMean(name, known)
             << " (known: " << llvm::join(known, ", ") << ")";
      return failure();
    }
  preset.noLift = names;
  return success();
}

/// Adds --float, and checks the preset's own options too: a wrong word is no
/// fault of the model.
static LogicalResult applyFloat(FP32PresetOptions &preset,
                                const CompileOptions &options,
                                llvm::raw_string_ostream &errors) {
  if (options.floatProducts == FloatProducts::BF16)
    preset.products = "bf16";
  if (preset.products != "f32" && preset.products != "bf16") {
    errors << "products are f32 or bf16, not " << quoteName(preset.products);
    return failure();
  }
  if (preset.attention != "float" && preset.attention != "bf16x2" &&
      preset.attention != "int8" && preset.attention != "bf16") {
    errors << "attention is float, bf16x2, bf16 or int8, not "
           << quoteName(preset.attention);
    return failure();
  }
  return success();
}

/// Fills the options that every quantizing preset shares.
static LogicalResult applyFlags(QuantizePresetOptions &preset,
                                const CompileOptions &options,
                                llvm::raw_string_ostream &errors) {
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
  if (!options.planFile.empty())
    preset.planFile = options.planFile;
  if (options.force)
    preset.force = true;
  if (options.accuracy.layerTaps)
    preset.layerTaps = true;
  if (failed(applyFloat(preset, options, errors)))
    return failure();
  return applyNoLift(preset, options, errors);
}

/// parseFromString leaves what is wrong with a number to LLVM, which prints it
/// without a word to `errors`.
template <typename Options>
static LogicalResult parseOptions(Options &preset, StringRef text,
                                  llvm::raw_string_ostream &errors) {
  if (succeeded(preset.parseFromString(text, errors)))
    return success();
  if (errors.str().empty())
    errors << "'{" << text << "}': an option cannot take its value";
  return failure();
}

/// Parses the options of a preset that quantizes, checks them and builds it.
/// `scheme` is the name of the scheme behind the preset.
template <typename Options>
static LogicalResult
addQuantizing(OpPassManager &pm, const PipelineChoice &choice, StringRef scheme,
              const CompileOptions &options, StringRef statistics,
              llvm::raw_string_ostream &errors, PipelinePart part,
              void (*build)(OpPassManager &, const Options &)) {
  Options preset;
  if (failed(parseOptions(preset, choice.text, errors)) ||
      failed(applyFlags(preset, options, errors)))
    return failure();
  if (!statistics.empty())
    preset.statistics = statistics.str();
  llvm::Expected<SchemeSpec> spec =
      SchemeSpec::parse(schemeText(scheme, preset));
  if (!spec) {
    errors << choice.preset << ": " << llvm::toString(spec.takeError());
    return failure();
  }
  bool smooths = choice.preset == "smoothquant-int8";
  if constexpr (std::is_base_of_v<W8A8Options, Options>)
    if (!preset.alpha.empty()) {
      // As a key of a scheme it has the same values.
      llvm::Expected<SchemeSpec> alpha =
          SchemeSpec::parse("w8a8{alpha=" + preset.alpha + "}");
      if (!alpha) {
        errors << choice.preset << ": " << llvm::toString(alpha.takeError());
        return failure();
      }
      smooths = preset.alpha != "off";
    }
  // An edited plan may hold all that statistics would say, but for smoothing.
  bool needs = (spec->needsStatistics() && preset.planFile.empty()) ||
               preset.biasCorrection;
  if ((smooths || needs) && preset.statistics.empty() &&
      !options.hasStatistics() && !options.printPipeline) {
    errors << choice.preset << " needs calibration data"
           << (smooths ? "" : " for " + spec->str()) << ": add --calib=FILE";
    return failure();
  }
  if (part == PipelinePart::CarryOut) {
    buildCarryOutPipeline(pm, preset);
    return success();
  }
  if (part == PipelinePart::Plan || options.dryRun)
    preset.planOnly = true;
  build(pm, preset);
  return success();
}

unsigned qopt::floatWeightBits(const PipelineChoice &choice,
                               const CompileOptions &options) {
  if (options.floatWeights != FloatWeights::Preset)
    return options.floatWeights == FloatWeights::F32 ? 32 : 16;
  return StringRef(choice.text).contains("float-weights=f32") ? 32 : 16;
}

LogicalResult qopt::addPipeline(OpPassManager &pm, const PipelineChoice &choice,
                                const CompileOptions &options,
                                StringRef statistics, std::string &error,
                                PipelinePart part) {
  llvm::raw_string_ostream errors(error);
  if (choice.preset.empty()) {
    // Only a text needs hundreds of passes by name.
    static const bool registered = (registerAllPasses(), true);
    (void)registered;
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
    FP32PresetOptions preset;
    if (failed(parseOptions(preset, choice.text, errors)) ||
        failed(applyNoLift(preset, options, errors)) ||
        failed(applyFloat(preset, options, errors)))
      return failure();
    if (options.accuracy.layerTaps)
      preset.layerTaps = true;
    buildFP32Pipeline(pm, preset);
    return success();
  }
  auto add = [&](StringRef scheme, auto build) {
    return addQuantizing(pm, choice, scheme, options, statistics, errors, part,
                         build);
  };
  if (choice.preset == "w8a16")
    return add("w8a16", buildW8A16Pipeline);
  if (choice.preset == "w8a8")
    return add("w8a8", buildW8A8Pipeline);
  if (choice.preset == "smoothquant-int8")
    return add("w8a8", buildSmoothQuantPipeline);
  return add("llm-int8", buildLLMInt8Pipeline);
}
