//===- LayerScores.h - what quantization costs each layer alone -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cheap half of a sensitivity analysis: each product on rows that the
// statistics kept, under the scheme of the plan and under the others of the
// ladder, against the same product in float. Nothing is compiled.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_LAYERSCORES_H
#define QOPT_LIB_PIPELINES_LAYERSCORES_H

#include "qopt/Pipelines/Compile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"

namespace mlir::qopt {

/// A scheme that a layer could have, in the order of the ladder: the cheapest
/// first.
struct LadderStep {
  /// As rules spell it: "llm-int8", "w8a16", "fp32".
  std::string scheme;
  /// dB of the layer's output; infinite for float.
  double sqnr = 0;
};

struct LayerScore {
  std::string name;
  int64_t k = 0, n = 0;
  /// The scheme of the plan, and what it costs.
  std::string scheme;
  double sqnr = 0;
  /// Columns that llm-int8 would split off.
  int64_t outliers = 0;
  std::vector<LadderStep> ladder;

  /// Share of the output's energy that is error.
  double noise() const;
  /// The first step that removes three quarters of the error.
  const LadderStep &cure() const;
};

/// Of all layers that the plan of `options` quantizes, in program order. Empty
/// with a reason in `error` when the model or the statistics cannot be read.
std::vector<LayerScore> scoreLayers(const CompileOptions &options,
                                    llvm::StringRef statistics,
                                    std::string &error);

/// A regular expression for exactly this name, and for one of several.
std::string exactly(llvm::StringRef name);
std::string anyOf(llvm::ArrayRef<std::string> names);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_LAYERSCORES_H
