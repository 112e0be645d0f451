//===- Report.cpp - numbers as text and as JSON ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Report.h"

#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;
using namespace mlir::qopt;

namespace evaluate {

static void line(raw_ostream &os, StringRef name, Estimate estimate,
                 double scale = 1, const char *unit = "") {
  os << left_justify(name, 30)
     << format(": %11.6f +/- %.6f%s\n", scale * estimate.value,
               scale * estimate.error, unit);
}

static void line(raw_ostream &os, StringRef name, double value,
                 double scale = 1, const char *unit = "") {
  os << left_justify(name, 30) << format(": %11.6f%s\n", scale * value, unit);
}

void printComparison(raw_ostream &os, const PerplexitySummary &own,
                     const ComparisonSummary &c) {
  os << "\n====== Perplexity statistics ======\n";
  line(os, "Mean PPL(Q)", own.perplexity);
  line(os, "Mean PPL(base)", c.reference.perplexity);
  line(os, "Cor(ln(PPL(Q)), ln(PPL(base)))", c.correlation, 100, " %");
  line(os, "Mean ln(PPL(Q)/PPL(base))", c.logRatio);
  line(os, "  between windows",
       {c.logRatio.value, c.logRatioErrorBetweenWindows});
  line(os, "Mean PPL(Q)/PPL(base)", c.ratio);
  line(os, "Mean PPL(Q)-PPL(base)", c.difference);
  os << "\n====== KL divergence statistics ======\n";
  line(os, "Mean    KLD", c.divergence);
  line(os, "  between windows",
       {c.divergence.value, c.divergenceErrorBetweenWindows});
  line(os, "Maximum KLD", c.largest);
  line(os, "99.9%   KLD", c.percent999);
  line(os, "99.0%   KLD", c.percent99);
  line(os, "95.0%   KLD", c.percent95);
  line(os, "90.0%   KLD", c.percent90);
  line(os, "Median  KLD", c.median);
  line(os, "Minimum KLD", c.least);
  os << "\n====== Token probability statistics ======\n";
  line(os, "Mean    delta p", c.meanDeltaP, 100, " %");
  line(os, "Maximum delta p", c.largestDeltaP, 100, " %");
  line(os, "Minimum delta p", c.leastDeltaP, 100, " %");
  line(os, "RMS     delta p", c.rmsDeltaP, 100, " %");
  line(os, "Same top p", c.sameTop, 100, " %");
}

void printEmbeddings(raw_ostream &os, const EmbeddingSummary &summary) {
  line(os, "Mean    cosine", summary.cosine);
  line(os, "Median  cosine", summary.median);
  os << left_justify("Least   cosine", 30)
     << format(": %11.6f (sample %lld)\n", summary.least,
               static_cast<long long>(summary.leastSample));
  line(os, "Largest error", summary.largestError);
  line(os, "SQNR", summary.sqnr, 1, " dB");
}

void printLayers(raw_ostream &os, ArrayRef<LayerError> layers) {
  std::vector<LayerError> sorted = layers.vec();
  llvm::sort(sorted, [](const LayerError &a, const LayerError &b) {
    return std::pair(a.sqnr(), a.index) < std::pair(b.sqnr(), b.index);
  });
  size_t width = 5;
  for (const LayerError &layer : sorted)
    width = std::max(width, quoteName(layer.name).size() - 2);
  os << "\n====== Layers, the worst first ======\n"
     << left_justify("layer", width)
     << "   SQNR dB     cosine  largest error  of largest value     rows x "
        "columns\n";
  for (const LayerError &layer : sorted)
    os << left_justify(
              StringRef(quoteName(layer.name)).drop_front().drop_back(), width)
       << format("  %8.2f  %9.6f  %13.4g  %16.4g  ", layer.sqnr(),
                 layer.cosine(), layer.largestError, layer.largestValue)
       << right_justify(std::to_string(layer.rows) + " x " +
                            std::to_string(layer.columns),
                        18)
       << "\n";
}

json::Array toJSON(ArrayRef<LayerError> layers) {
  json::Array array;
  for (const LayerError &layer : layers) {
    json::Object object{{"name", layer.name},
                        {"rows", layer.rows},
                        {"columns", layer.columns},
                        {"cosine", layer.cosine()},
                        {"largest_error", layer.largestError},
                        {"largest_value", layer.largestValue}};
    // JSON knows no infinity: no error, no number.
    if (layer.noise > 0)
      object["sqnr_db"] = layer.sqnr();
    array.push_back(std::move(object));
  }
  return array;
}

static json::Object toJSON(Estimate estimate) {
  return json::Object{{"value", estimate.value},
                      {"standard_error", estimate.error}};
}

static json::Object toJSON(Estimate estimate, double between) {
  json::Object object = toJSON(estimate);
  object["standard_error_between_windows"] = between;
  return object;
}

json::Object toJSON(const PerplexitySummary &summary) {
  return json::Object{
      {"predictions", summary.predictions},
      {"windows", summary.windows},
      {"ppl", toJSON(summary.perplexity)},
      {"nll", toJSON(summary.loss, summary.lossErrorBetweenWindows)}};
}

json::Object toJSON(const ComparisonSummary &c) {
  return json::Object{
      {"base", toJSON(c.reference)},
      {"ln_ppl_ratio", toJSON(c.logRatio, c.logRatioErrorBetweenWindows)},
      {"ppl_ratio", toJSON(c.ratio)},
      {"ppl_difference", toJSON(c.difference)},
      {"correlation", c.correlation},
      {"kld", json::Object{{"mean", toJSON(c.divergence,
                                           c.divergenceErrorBetweenWindows)},
                           {"median", c.median},
                           {"p90", c.percent90},
                           {"p95", c.percent95},
                           {"p99", c.percent99},
                           {"p99.9", c.percent999},
                           {"max", c.largest},
                           {"min", c.least}}},
      {"delta_p", json::Object{{"mean", toJSON(c.meanDeltaP)},
                               {"rms", toJSON(c.rmsDeltaP)},
                               {"max", c.largestDeltaP},
                               {"min", c.leastDeltaP}}},
      {"same_top_p", toJSON(c.sameTop)}};
}

json::Object toJSON(const EmbeddingSummary &summary) {
  return json::Object{{"output", summary.output},
                      {"samples", summary.samples},
                      {"width", summary.width},
                      {"cosine", toJSON(summary.cosine)},
                      {"cosine_median", summary.median},
                      {"cosine_least", summary.least},
                      {"cosine_least_sample", summary.leastSample},
                      {"largest_error", summary.largestError},
                      {"sqnr_db", summary.sqnr}};
}

} // namespace evaluate
