//===- ChooseSchemes.cpp - schemes under a budget of loss or of size ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers are ordered by what they cost the whole model, where that has been
// measured, else by their own error; then the length of the list that gets
// something better than the plan is bisected: log2(n) evaluations instead of n.
// What is chosen has been evaluated as a whole, since layers interact.
//===----------------------------------------------------------------------===//

#include "Judged.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace mlir::qopt {

namespace {

class LossSearch {
public:
  LossSearch(Judge &judge, ArrayRef<LayerScore> scores, double bound)
      : judge(judge), scores(scores), bound(bound) {}

  int run(std::vector<LayerRule> &rules);

private:
  int order();
  std::vector<LayerRule> rulesFor(size_t count, bool keep) const;
  int tryRules(size_t count, bool keep, bool &fits);
  int bisect(bool keep, bool &found, size_t &count);

  Judge &judge;
  ArrayRef<LayerScore> scores;
  double bound;
  /// Layers, the costliest first.
  std::vector<size_t> layers;
  Score last;
};

} // namespace

int LossSearch::order() {
  std::vector<LayerEffect> effects;
  if (int code = measureEffects(judge, scores, effects))
    return code;
  for (const LayerEffect &effect : effects)
    layers.push_back(effect.layer);
  std::vector<size_t> rest;
  for (size_t i = 0; i < scores.size(); ++i)
    if (!is_contained(layers, i))
      rest.push_back(i);
  llvm::sort(rest, [&](size_t a, size_t b) {
    return std::pair(scores[a].sqnr, a) < std::pair(scores[b].sqnr, b);
  });
  layers.insert(layers.end(), rest.begin(), rest.end());
  return ExitOk;
}

/// The first `count` layers get their cures, or stay float.
std::vector<LayerRule> LossSearch::rulesFor(size_t count, bool keep) const {
  std::vector<LayerRule> rules;
  std::vector<std::string> kept;
  for (size_t i : ArrayRef(layers).take_front(count)) {
    const LayerScore &score = scores[i];
    if (keep || score.cure().scheme == "fp32")
      kept.push_back(score.name);
    else
      rules.push_back({exactly(score.name), score.cure().scheme, false});
  }
  if (!kept.empty())
    rules.push_back({anyOf(kept), "", true});
  return rules;
}

int LossSearch::tryRules(size_t count, bool keep, bool &fits) {
  if (int code = judge.score(rulesFor(count, keep), last))
    return code;
  fits = last.increase() <= bound;
  return ExitOk;
}

int LossSearch::bisect(bool keep, bool &found, size_t &count) {
  size_t low = 0, high = layers.size();
  if (int code = tryRules(high, keep, found))
    return code;
  // `low` layers are too few, `high` suffice.
  while (found && high - low > 1) {
    size_t middle = low + (high - low) / 2;
    bool fits = false;
    if (int code = tryRules(middle, keep, fits))
      return code;
    (fits ? high : low) = middle;
  }
  count = high;
  return ExitOk;
}

int LossSearch::run(std::vector<LayerRule> &rules) {
  bool fits = false;
  if (int code = tryRules(0, false, fits))
    return code;
  if (!fits) {
    if (int code = order())
      return code;
    size_t count = 0;
    bool keep = false;
    if (int code = bisect(keep, fits, count))
      return code;
    if (!fits) {
      keep = true;
      if (int code = bisect(keep, fits, count))
        return code;
    }
    if (!fits)
      return judge.fail(ExitAccuracy,
                        formatv("perplexity rises by {0:F2} % even with all "
                                "layers in float, more than --max-loss",
                                100 * last.increase()));
    rules = rulesFor(count, keep);
    // The search may have ended on a plan that does not fit.
    if (int code = judge.score(rules, last))
      return code;
  }
  judge.endStage();
  errs() << formatv("remark: perplexity {0:F4}, {1:F4} in float: {2:F2} %, "
                    "--max-loss={3:F2}%\n",
                    last.perplexity.perplexity.value,
                    last.comparison.reference.perplexity.value,
                    100 * last.increase(), 100 * bound);
  return ExitOk;
}

/// As flags, so that the choice can be repeated and edited.
static void printRules(ArrayRef<LayerRule> rules) {
  if (rules.empty())
    errs() << "remark: the plan needed no change\n";
  for (const LayerRule &rule : rules)
    errs() << "remark: chosen: "
           << (rule.keep
                   ? "--keep '" + rule.pattern + "'"
                   : "--quantize '" + rule.pattern + "=" + rule.scheme + "'")
           << "\n";
}

int chooseForLoss(Judge &judge, ArrayRef<LayerScore> scores, double bound,
                  std::vector<LayerRule> &rules) {
  if (int code = LossSearch(judge, scores, bound).run(rules))
    return code;
  printRules(rules);
  return ExitOk;
}

int chooseForSize(Judge &judge, ArrayRef<LayerScore> scores, double bits,
                  unsigned floatBits, std::vector<LayerRule> &rules) {
  double weights = 0, used = 0;
  // Eight bits, and a scale of 32 for each column.
  auto codeBits = [](const LayerScore &score) {
    return 8.0 * score.k * score.n + 32.0 * score.n;
  };
  for (const LayerScore &score : scores) {
    weights += double(score.k) * score.n;
    used += codeBits(score);
  }
  if (used > bits * weights)
    return judge.fail(ExitUnsupported,
                      formatv("--target-bits={0:F2}: with all layers in 8 "
                              "bits, their weights take {1:F2} bits each",
                              bits, used / weights));
  // The error of a layer that a byte removes.
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto gain = [&](size_t i) {
    return scores[i].noise() / (double(scores[i].k) * scores[i].n);
  };
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(-gain(a), a) < std::pair(-gain(b), b);
  });
  std::vector<std::string> kept;
  for (size_t i : order) {
    double more =
        double(floatBits) * scores[i].k * scores[i].n - codeBits(scores[i]);
    if (used + more > bits * weights)
      continue;
    used += more;
    kept.push_back(scores[i].name);
  }
  if (!kept.empty())
    rules.push_back({anyOf(kept), "", true});
  judge.endStage();
  errs() << formatv("remark: {0} of {1} layers stay float, {2:F2} bits per "
                    "weight, --target-bits={3:F2}\n",
                    kept.size(), scores.size(), used / weights, bits);
  printRules(rules);
  return ExitOk;
}

} // namespace mlir::qopt
