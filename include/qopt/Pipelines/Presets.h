//===- Presets.h - the named pipelines that users choose from -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A preset takes an imported model (`onnx` dialect) to a simplified and, but
// for fp32, quantized one (`onnx` + graph-level `qopt`). One builder function
// per preset serves `qopt --pass-pipeline=NAME` and `qopt-opt --NAME` alike.
//===----------------------------------------------------------------------===//

#ifndef QOPT_PIPELINES_PRESETS_H
#define QOPT_PIPELINES_PRESETS_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::qopt {

/// What every preset understands, and all that `fp32` does.
struct FP32PresetOptions : PassPipelineOptions<FP32PresetOptions> {
  Option<std::string> attention{
      *this, "attention",
      llvm::cl::desc("Products of attention, where the target has fast ones "
                     "(AMX, VNNI): float, bf16x2 (three products of bf16, "
                     "good to 2^-16), bf16, or int8 (VNNI; bf16 on AMX)"),
      llvm::cl::init("float")};
  ListOption<std::string> noLift{
      *this, "no-lift",
      llvm::cl::desc("Decomposed ops to leave as they are, by the names of "
                     "onnx-simplify")};
  Option<std::string> products{
      *this, "products",
      llvm::cl::desc("Arithmetic of products that stay float: f32 or bf16"),
      llvm::cl::init("f32")};
  Option<bool> layerTaps{*this, "layer-taps",
                         llvm::cl::desc("Show the output of each layer"),
                         llvm::cl::init(false)};
};

/// What every preset that quantizes understands.
struct QuantizePresetOptions : FP32PresetOptions {
  ListOption<std::string> rules{
      *this, "rules",
      llvm::cl::desc("keep:REGEX[=f32|f16] or quantize:REGEX=SCHEME for nodes "
                     "by name; the last match decides")};
  ListOption<std::string> quantize{
      *this, "quantize",
      llvm::cl::desc("REGEX=SCHEME: nodes that get this scheme instead")};
  ListOption<std::string> keep{
      *this, "keep",
      llvm::cl::desc("Regular expressions of node names that stay in float")};
  Option<std::string> planFile{
      *this, "plan-file",
      llvm::cl::desc("An edited plan, as --emit-plan writes it")};
  Option<bool> force{
      *this, "force",
      llvm::cl::desc("Take a plan file that was written for another model"),
      llvm::cl::init(false)};
  Option<bool> allowNonfinite{
      *this, "allow-nonfinite",
      llvm::cl::desc("Keep layers whose weights hold NaN or Inf in float "
                     "instead of refusing them"),
      llvm::cl::init(false)};
  Option<std::string> floatWeights{
      *this, "float-weights",
      llvm::cl::desc("Storage of the weights that stay float: f16 or f32"),
      llvm::cl::init("f16")};
  Option<bool> planOnly{*this, "plan-only",
                        llvm::cl::desc("Stop when the plan stands"),
                        llvm::cl::init(false)};
  Option<std::string> statistics{
      *this, "statistics",
      llvm::cl::desc("Statistics file of a calibration of this model")};
  Option<bool> biasCorrection{
      *this, "bias-correction",
      llvm::cl::desc("Give back by the bias what quantization takes from the "
                     "means of channels; needs statistics"),
      llvm::cl::init(false)};
  Option<std::string> weights{
      *this, "weights",
      llvm::cl::desc("Weights that share a scale: channel, tensor or group:N")};
};

/// Presets with 8-bit activations.
struct W8A8Options : QuantizePresetOptions {
  Option<std::string> activations{
      *this, "activations",
      llvm::cl::desc(
          "Activation scales: token or tensor at run time, or static, "
          "from statistics")};
  Option<std::string> zeroPoint{
      *this, "zero-point",
      llvm::cl::desc("true: unsigned activation codes with a zero point")};
  Option<std::string> observer{
      *this, "observer",
      llvm::cl::desc("Range of static scales: minmax, percentile, mse or "
                     "entropy")};
  Option<std::string> alpha{
      *this, "alpha",
      llvm::cl::desc(
          "Smoothing: how much of the range of activations moves "
          "into the weights, 0 to 1, auto or off; needs statistics")};
};

/// LLM.int8() (Dettmers et al. 2022): the defaults are the published ones, and
/// those of the static selector in docs/quantization.md.
struct LLMInt8Options : W8A8Options {
  Option<std::string> mode{
      *this, "mode",
      llvm::cl::desc("Outlier columns: auto, static, static+guard, dynamic, "
                     "dynamic-row or bitsandbytes")};
  Option<std::string> threshold{
      *this, "threshold",
      llvm::cl::desc("Magnitude from which a value is an outlier, or auto")};
  Option<std::string> frequency{
      *this, "frequency",
      llvm::cl::desc("Static lists: share of tokens that must hit")};
  Option<std::string> cap{
      *this, "cap", llvm::cl::desc("Static lists: most columns per product")};
};

/// The text of SchemeSpec.h that a preset stands for.
std::string schemeText(StringRef method, const QuantizePresetOptions &options);
std::string schemeText(StringRef method, const W8A8Options &options);
std::string schemeText(StringRef method, const LLMInt8Options &options);

/// `fp32`: the float model. `--float-weights` does not touch it.
void buildFP32Pipeline(OpPassManager &pm, const FP32PresetOptions &options);

/// `w8a16`: int8 weights, float activations.
void buildW8A16Pipeline(OpPassManager &pm,
                        const QuantizePresetOptions &options);

/// `w8a8`: int8 weights per output channel, int8 activations per token.
void buildW8A8Pipeline(OpPassManager &pm, const W8A8Options &options);

/// `llm-int8`: w8a8 with the outlier columns split off into half precision.
void buildLLMInt8Pipeline(OpPassManager &pm, const LLMInt8Options &options);

/// `smoothquant-int8`: w8a8 with the range of large activation columns moved
/// into the weights (Xiao et al. 2022).
void buildSmoothQuantPipeline(OpPassManager &pm, const W8A8Options &options);

/// What follows on the plan, the same for every preset that quantizes.
void buildCarryOutPipeline(OpPassManager &pm,
                           const QuantizePresetOptions &options);

/// Registers the presets under their bare names.
void registerPresets();

} // namespace mlir::qopt

#endif // QOPT_PIPELINES_PRESETS_H
