//===- PipelineText.h - from --pass-pipeline and flags to passes ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_PIPELINETEXT_H
#define QOPT_LIB_PIPELINES_PIPELINETEXT_H

#include "mlir/Pass/PassManager.h"
#include "qopt/Pipelines/Compile.h"
#include "qopt/Pipelines/Presets.h"

namespace mlir::qopt {

/// Which passes of a preset.
enum class PipelinePart {
  Whole,
  /// Up to the plan, with everything that statistics decide.
  Plan,
  /// What carries the plan out.
  CarryOut
};

/// A pipeline as the user named it.
struct PipelineChoice {
  /// Name of a preset, or empty for pipeline text.
  std::string preset;
  /// Text in the braces behind a preset's name, or the whole pipeline text.
  std::string text;

  bool quantizes() const { return !preset.empty() && preset != "fp32"; }
};

/// Understands `llm-int8`, `llm-int8{threshold=5}` and `builtin.module(...)`.
/// An empty result comes with a reason in `error`: an unknown preset, or flags
/// that only a preset can obey.
std::optional<PipelineChoice> parsePipelineChoice(const CompileOptions &options,
                                                  std::string &error);

/// Adds the passes of the choice to `pm`. `statistics` is the file of a
/// calibration, or empty. Fails with a reason in `error`.
LogicalResult addPipeline(OpPassManager &pm, const PipelineChoice &choice,
                          const CompileOptions &options,
                          llvm::StringRef statistics, std::string &error,
                          PipelinePart part = PipelinePart::Whole);

/// Whether a calibration can tell the preset of the options something.
bool readsStatistics(const CompileOptions &options);

/// 16 or 32: how the choice stores weights that stay float.
unsigned floatWeightBits(const PipelineChoice &choice,
                         const CompileOptions &options);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_PIPELINETEXT_H
