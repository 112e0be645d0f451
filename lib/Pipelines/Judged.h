//===- Judged.h - compiles that are held against a goal -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_PIPELINES_JUDGED_H
#define QOPT_LIB_PIPELINES_JUDGED_H

#include "Judge.h"
#include "LayerScores.h"

namespace mlir::qopt {

/// compileModel under options.accuracy.evaluates().
int compileJudged(const CompileOptions &options);

/// Prints what each layer costs: cheap scores of all, and for the worst fifth
/// what the whole model loses when only this layer is quantized.
int printSensitivity(Judge &judge, llvm::ArrayRef<LayerScore> scores);

/// What quantizing one layer alone costs the whole model.
struct LayerEffect {
  size_t layer = 0;
  Score score;
};

/// Effects of the worst fifth of the layers, by their cheap scores.
int measureEffects(Judge &judge, llvm::ArrayRef<LayerScore> scores,
                   std::vector<LayerEffect> &effects);

/// --max-loss: the shortest list of cures, the worst layers first, under which
/// perplexity rises by at most `bound`; else of layers that stay float.
int chooseForLoss(Judge &judge, llvm::ArrayRef<LayerScore> scores, double bound,
                  std::vector<LayerRule> &rules);

/// --target-bits: keeps the layers float whose error per byte is largest, as
/// many as the size allows.
int chooseForSize(Judge &judge, llvm::ArrayRef<LayerScore> scores, double bits,
                  unsigned floatBits, std::vector<LayerRule> &rules);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_JUDGED_H
