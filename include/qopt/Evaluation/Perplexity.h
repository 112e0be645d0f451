//===- Perplexity.h - a language model over windows of text ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EVALUATION_PERPLEXITY_H
#define QOPT_EVALUATION_PERPLEXITY_H

#include "qopt/Evaluation/LanguageModel.h"
#include "qopt/Evaluation/Layerwise.h"
#include "qopt/Evaluation/Metrics.h"
#include "qopt/Evaluation/Windows.h"

namespace mlir::qopt {

struct PerplexityOptions {
  /// Windows of one run.
  int64_t batch = 1;
  /// Compares the outputs of layers too, where it is not null.
  LayerComparison *layers = nullptr;
  /// Called after each window with what has been predicted so far.
  std::function<void(int64_t window, llvm::ArrayRef<Prediction> predictions)>
      progress;
};

struct PerplexityResult {
  std::vector<Prediction> predictions;
  /// How many each window made.
  std::vector<int64_t> counts;
};

/// Judges the model's predictions in each window, beside those of `reference`
/// on the same tokens if there is one: no logits are stored.
llvm::Expected<PerplexityResult>
evaluatePerplexity(LanguageModel &model, LanguageModel *reference,
                   const WindowList &list, const PerplexityOptions &options);

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_PERPLEXITY_H
