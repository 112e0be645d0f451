//===- Sensitivity.cpp - which layers the error comes from ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Judged.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::qopt {

std::vector<size_t> worstFirst(ArrayRef<LayerScore> scores) {
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(scores[a].sqnr, a) < std::pair(scores[b].sqnr, b);
  });
  return order;
}

namespace {
/// What quantizing one layer alone costs the whole model.
struct LayerEffect {
  size_t layer = 0;
  Score score;
};
} // namespace

/// The whole plan, and effects of the worst fifth of the layers by their cheap
/// scores.
static int measure(Judge &judge, ArrayRef<LayerScore> scores, Score &whole,
                   std::vector<LayerEffect> &effects) {
  std::vector<size_t> order = worstFirst(scores);
  order.resize((order.size() + 4) / 5);
  judge.beginTrials(1 + order.size());
  // Alone: what is wrong with all plans is said once.
  if (int code = judge.score({}, whole))
    return code;
  std::vector<std::vector<LayerRule>> plans;
  for (size_t i : order)
    // The last rule that matches decides.
    plans.push_back(
        {{".*", "", true}, {exactly(scores[i].name), scores[i].scheme, false}});
  std::vector<Score> found;
  if (int code = judge.score(plans, found))
    return code;
  for (auto [layer, score] : zip_equal(order, found))
    effects.push_back({layer, score});
  llvm::sort(effects, [](const LayerEffect &a, const LayerEffect &b) {
    return a.score.isLanguageModel ? a.score.comparison.divergence.value >
                                         b.score.comparison.divergence.value
                                   : a.score.sqnr < b.score.sqnr;
  });
  return ExitOk;
}

/// "  llm-int8 30.1"
static std::string ladderText(const LayerScore &score) {
  std::string text;
  raw_string_ostream os(text);
  for (const LadderStep &step : score.ladder)
    if (step.scheme != "fp32")
      os << format("  %s %.1f", step.scheme.c_str(), step.sqnr);
  return text;
}

int printSensitivity(Judge &judge, ArrayRef<LayerScore> scores) {
  Score whole;
  std::vector<LayerEffect> effects;
  if (int code = measure(judge, scores, whole, effects))
    return code;

  judge.endStage();
  raw_ostream &os = outs();
  size_t width = 5;
  for (const LayerScore &score : scores)
    width = std::max(width, quoteName(score.name).size());
  if (whole.isLanguageModel)
    os << format("whole plan: perplexity %.4f, %.4f in float (%+.3f %%), KLD "
                 "%.6f",
                 whole.perplexity.perplexity.value,
                 whole.comparison.reference.perplexity.value,
                 100 * whole.increase(), whole.comparison.divergence.value)
       << ", over " << whole.perplexity.predictions << " predictions\n";
  else
    os << format("whole plan: output at %.2f dB, cosine %.6f", whole.sqnr,
                 whole.cosine)
       << ", over " << judge.heldOutSamples() << " samples\n";
  os << "\nonly this layer quantized, the worst fifth:\n";
  for (const LayerEffect &effect : effects) {
    os << left_justify(quoteName(scores[effect.layer].name), width);
    if (effect.score.isLanguageModel)
      os << format("  KLD %.6f +/- %.6f  perplexity %+.3f %%\n",
                   effect.score.comparison.divergence.value,
                   effect.score.comparison.divergence.error,
                   100 * effect.score.increase());
    else
      os << format("  output %.2f dB, cosine %.6f\n", effect.score.sqnr,
                   effect.score.cosine);
  }
  os << "\noutput of each layer alone, on rows of the calibration, dB:\n";
  for (size_t i : worstFirst(scores)) {
    const LayerScore &score = scores[i];
    os << left_justify(quoteName(score.name), width)
       << format("  %6.2f  ", score.sqnr) << score.scheme << "  " << score.k
       << " x " << score.n << " |" << ladderText(score) << "\n";
  }
  return ExitOk;
}

} // namespace mlir::qopt
