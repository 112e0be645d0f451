//===- Metrics.cpp - perplexity, KL divergence and their errors -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Metrics.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mlir::qopt {

namespace {

/// ln sum exp of the logits, and where the largest is.
struct Normalizer {
  double logSum = 0;
  int64_t top = 0;
  bool finite = true;

  Normalizer(const float *logits, int64_t count) {
    float peak = -INFINITY;
    for (int64_t i = 0; i < count; ++i) {
      finite &= !std::isnan(logits[i]);
      if (logits[i] > peak) {
        peak = logits[i];
        top = i;
      }
    }
    finite &= std::isfinite(peak);
    if (!finite)
      return;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
      sum += std::exp(static_cast<double>(logits[i]) - peak);
    logSum = peak + std::log(sum);
  }
};

} // namespace

Prediction judge(const float *logits, const float *reference,
                 int64_t vocabulary, int64_t target) {
  Prediction result;
  Normalizer q(logits, vocabulary);
  result.finite = q.finite;
  result.nll = q.logSum - logits[target];
  if (!reference || !q.finite)
    return result;
  Normalizer p(reference, vocabulary);
  result.finite = p.finite;
  result.nllReference = p.logSum - reference[target];
  result.sameTop = p.top == q.top;
  double sum = 0;
  for (int64_t i = 0; i < vocabulary; ++i) {
    double logP = reference[i] - p.logSum;
    double share = std::exp(logP);
    // 0 ln 0 = 0, and a masked token has the logit -inf in both.
    if (share > 0)
      sum += share * (logP - (logits[i] - q.logSum));
  }
  result.divergence = sum;
  return result;
}

Estimate meanOf(ArrayRef<double> values) {
  double count = values.size();
  if (values.empty())
    return {};
  double sum = 0, squares = 0;
  for (double value : values)
    sum += value;
  double mean = sum / count;
  for (double value : values)
    squares += (value - mean) * (value - mean);
  return {mean, count > 1 ? std::sqrt(squares / count / (count - 1)) : 0};
}

double errorBetween(ArrayRef<double> values, ArrayRef<int64_t> counts) {
  if (counts.size() < 2 || values.empty())
    return 0;
  double mean = meanOf(values).value, squares = 0;
  for (int64_t count : counts) {
    double deviation = 0;
    for (double value : values.take_front(count))
      deviation += value - mean;
    squares += deviation * deviation;
    values = values.drop_front(count);
  }
  double windows = counts.size();
  double total = 0;
  for (int64_t count : counts)
    total += count;
  return std::sqrt(squares * windows / (windows - 1)) / total;
}

double percentile(ArrayRef<double> sorted, double share) {
  if (sorted.empty())
    return 0;
  double place = share * (sorted.size() - 1);
  size_t below = std::min<size_t>(std::floor(place), sorted.size() - 1);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double weight = place - below;
  return (1 - weight) * sorted[below] + weight * sorted[above];
}

static PerplexitySummary summarizeLosses(ArrayRef<double> losses,
                                         ArrayRef<int64_t> counts) {
  PerplexitySummary result;
  result.predictions = losses.size();
  result.windows = counts.size();
  result.loss = meanOf(losses);
  result.lossErrorBetweenWindows = errorBetween(losses, counts);
  result.perplexity.value = std::exp(result.loss.value);
  result.perplexity.error = result.loss.error * result.perplexity.value;
  return result;
}

template <typename Field>
static std::vector<double> collect(ArrayRef<Prediction> predictions,
                                   Field field) {
  std::vector<double> result;
  result.reserve(predictions.size());
  for (const Prediction &prediction : predictions)
    result.push_back(field(prediction));
  return result;
}

PerplexitySummary summarize(ArrayRef<Prediction> predictions,
                            ArrayRef<int64_t> counts) {
  return summarizeLosses(
      collect(predictions, [](const Prediction &p) { return p.nll; }), counts);
}

/// Correlation of the losses.
static double correlate(ArrayRef<Prediction> predictions, double mean,
                        double meanReference) {
  double both = 0, own = 0, reference = 0;
  for (const Prediction &p : predictions) {
    double a = p.nll - mean, b = p.nllReference - meanReference;
    both += a * b;
    own += a * a;
    reference += b * b;
  }
  return own > 0 && reference > 0 ? both / std::sqrt(own * reference) : 1;
}

ComparisonSummary compare(ArrayRef<Prediction> predictions,
                          ArrayRef<int64_t> counts) {
  ComparisonSummary result;
  PerplexitySummary own = summarize(predictions, counts);
  result.reference = summarizeLosses(
      collect(predictions, [](const Prediction &p) { return p.nllReference; }),
      counts);

  std::vector<double> ratios = collect(
      predictions, [](const Prediction &p) { return p.nll - p.nllReference; });
  result.logRatio = meanOf(ratios);
  result.logRatioErrorBetweenWindows = errorBetween(ratios, counts);
  result.ratio.value = std::exp(result.logRatio.value);
  result.ratio.error = result.ratio.value * result.logRatio.error;
  double q = own.perplexity.value, base = result.reference.perplexity.value;
  result.correlation =
      correlate(predictions, own.loss.value, result.reference.loss.value);
  result.difference.value = q - base;
  // To first order, with the covariance of the two losses.
  double a = own.perplexity.error, b = result.reference.perplexity.error;
  result.difference.error =
      std::sqrt(std::max(0.0, a * a + b * b - 2 * result.correlation * a * b));

  std::vector<double> divergences =
      collect(predictions, [](const Prediction &p) { return p.divergence; });
  result.divergence = meanOf(divergences);
  result.divergenceErrorBetweenWindows = errorBetween(divergences, counts);
  llvm::sort(divergences);
  result.median = percentile(divergences, 0.5);
  result.percent90 = percentile(divergences, 0.9);
  result.percent95 = percentile(divergences, 0.95);
  result.percent99 = percentile(divergences, 0.99);
  result.percent999 = percentile(divergences, 0.999);
  if (!divergences.empty()) {
    result.least = divergences.front();
    result.largest = divergences.back();
  }

  std::vector<double> deltas = collect(predictions, [](const Prediction &p) {
    return std::exp(-p.nll) - std::exp(-p.nllReference);
  });
  result.meanDeltaP = meanOf(deltas);
  if (!deltas.empty()) {
    result.leastDeltaP = *llvm::min_element(deltas);
    result.largestDeltaP = *llvm::max_element(deltas);
  }
  for (double &delta : deltas)
    delta *= delta;
  Estimate square = meanOf(deltas);
  result.rmsDeltaP.value = std::sqrt(square.value);
  if (square.value > 0)
    result.rmsDeltaP.error = 0.5 * square.error / result.rmsDeltaP.value;
  result.sameTop = meanOf(collect(
      predictions, [](const Prediction &p) { return double(p.sameTop); }));
  return result;
}

} // namespace mlir::qopt
