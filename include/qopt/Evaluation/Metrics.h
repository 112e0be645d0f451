//===- Metrics.h - perplexity, KL divergence and their errors -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is known of a prediction is kept per token (40 bytes), so that every
// number, percentiles and standard errors among them, is computed once and from
// doubles. Names are those of llama.cpp.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EVALUATION_METRICS_H
#define QOPT_EVALUATION_METRICS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mlir::qopt {

/// A number and its standard error.
struct Estimate {
  double value = 0;
  double error = 0;
};

/// One prediction of the model that is judged (q) and of the reference (p).
struct Prediction {
  /// -ln of the probability of the token that follows.
  double nll = 0;
  double nllReference = 0;
  /// sum over the vocabulary of p (ln p - ln q).
  double divergence = 0;
  /// Both give the highest probability to the same token.
  bool sameTop = true;
  /// A logit is NaN, or they are all -inf: nothing else here means anything.
  bool finite = true;
};

/// Judges the logits [vocabulary] of one position; `reference` may be null.
Prediction judge(const float *logits, const float *reference,
                 int64_t vocabulary, int64_t target);

/// Mean of values and its error, as if each were independent of the others.
Estimate meanOf(llvm::ArrayRef<double> values);

/// Error of the mean of `values` when only windows are independent: window i
/// holds counts[i] of the values, in order.
double errorBetween(llvm::ArrayRef<double> values,
                    llvm::ArrayRef<int64_t> counts);

/// The value that the share `share` (0 to 1) of `sorted` does not exceed,
/// interpolated.
double percentile(llvm::ArrayRef<double> sorted, double share);

struct PerplexitySummary {
  int64_t predictions = 0;
  int64_t windows = 0;
  /// Mean -ln p, and its error between windows.
  Estimate loss;
  double lossErrorBetweenWindows = 0;
  Estimate perplexity;
};

/// The judged model against its reference.
struct ComparisonSummary {
  PerplexitySummary reference;
  /// ln(PPL(Q) / PPL(base)), the ratio, the difference, and the correlation of
  /// the two losses.
  Estimate logRatio, ratio, difference;
  double logRatioErrorBetweenWindows = 0;
  double correlation = 0;
  /// Mean of the divergence, and what it does not exceed.
  Estimate divergence;
  double divergenceErrorBetweenWindows = 0;
  double median = 0, percent90 = 0, percent95 = 0, percent99 = 0,
         percent999 = 0, largest = 0, least = 0;
  /// q(correct) - p(correct).
  Estimate meanDeltaP, rmsDeltaP;
  double largestDeltaP = 0, leastDeltaP = 0;
  /// Share of the positions.
  Estimate sameTop;
};

/// `counts`: how many predictions each window made, in order.
PerplexitySummary summarize(llvm::ArrayRef<Prediction> predictions,
                            llvm::ArrayRef<int64_t> counts);
ComparisonSummary compare(llvm::ArrayRef<Prediction> predictions,
                          llvm::ArrayRef<int64_t> counts);

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_METRICS_H
