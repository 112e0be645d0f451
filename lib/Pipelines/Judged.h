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

/// Places in `scores`, the worst first.
std::vector<size_t> worstFirst(llvm::ArrayRef<LayerScore> scores);

/// "perplexity 3.6, 3.5 in float: 1.20 %", or the cosine of the output.
std::string lossText(const Score &score);

/// --max-loss: the shortest list of cures, the worst layers first, under which
/// no more than `bound` is lost; else of layers that stay float. `score` is
/// that of the rules.
int chooseForLoss(Judge &judge, llvm::ArrayRef<LayerScore> scores, double bound,
                  std::vector<LayerRule> &rules, Score &score);

/// --target-bits: keeps the layers float whose error per byte is largest, as
/// many as the size allows.
int chooseForSize(Judge &judge, llvm::ArrayRef<LayerScore> scores, double bits,
                  unsigned floatBits, std::vector<LayerRule> &rules);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_JUDGED_H
