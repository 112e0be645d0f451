//===- ChooseSchemes.cpp - schemes under a budget of loss or of size ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers are ordered by their own error, which needs no compile; then the
// length of the list that gets something better than the plan is bisected:
// log2(n) evaluations instead of n. What is chosen has been evaluated as a
// whole, since layers interact.
//===----------------------------------------------------------------------===//

#include "Judged.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace llvm;

namespace mlir::qopt {

namespace {

class LossSearch {
public:
  LossSearch(Judge &judge, ArrayRef<LayerScore> scores, double bound)
      : judge(judge), scores(scores), bound(bound), layers(worstFirst(scores)) {
  }

  int run(std::vector<LayerRule> &rules, Score &score);

private:
  std::vector<LayerRule> rulesFor(size_t count, bool keep) const;
  int tryRules(size_t count, bool keep, bool &fits);
  int bisect(bool keep, bool &found);

  Judge &judge;
  ArrayRef<LayerScore> scores;
  double bound;
  /// Layers, the worst first.
  std::vector<size_t> layers;
  /// The last plan that was tried, and the best that has met the bound.
  Score last, best;
  std::vector<LayerRule> chosen;
};

} // namespace

/// The first `count` layers get their cures, or stay float.
std::vector<LayerRule> LossSearch::rulesFor(size_t count, bool keep) const {
  std::map<std::string, std::vector<std::string>> cured;
  std::vector<std::string> kept;
  for (size_t i : ArrayRef(layers).take_front(count)) {
    const LayerScore &score = scores[i];
    std::string cure = score.cure().scheme;
    (keep || cure == "fp32" ? kept : cured[cure]).push_back(score.name);
  }
  std::vector<LayerRule> rules;
  for (const auto &[scheme, names] : cured)
    if (!names.empty())
      rules.push_back({anyOf(names), scheme, false});
  if (!kept.empty())
    rules.push_back({anyOf(kept), "", true});
  return rules;
}

int LossSearch::tryRules(size_t count, bool keep, bool &fits) {
  std::vector<LayerRule> rules = rulesFor(count, keep);
  if (int code = judge.score(rules, last))
    return code;
  fits = last.loss() <= bound;
  if (fits) {
    best = last;
    chosen = std::move(rules);
  }
  return ExitOk;
}

int LossSearch::bisect(bool keep, bool &found) {
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
  return ExitOk;
}

int LossSearch::run(std::vector<LayerRule> &rules, Score &score) {
  // The plan, all cures, and the bisection.
  judge.beginTrials(2 + Log2_64_Ceil(layers.size()));
  bool fits = false;
  if (int code = tryRules(0, false, fits))
    return code;
  for (bool keep : {false, true})
    if (!fits)
      if (int code = bisect(keep, fits))
        return code;
  if (!fits)
    return judge.fail(ExitAccuracy, lossText(last) +
                                        " even with all layers in float, more "
                                        "than --max-loss");
  judge.endStage();
  rules = std::move(chosen);
  score = best;
  errs() << formatv("remark: {0}, --max-loss={1:F2}%\n", lossText(score),
                    100 * bound);
  return ExitOk;
}

std::string lossText(const Score &score) {
  if (score.isLanguageModel)
    return formatv("perplexity {0:F4}, {1:F4} in float: {2:F2} %",
                   score.perplexity.perplexity.value,
                   score.comparison.reference.perplexity.value,
                   100 * score.loss());
  return formatv("cosine of the output {0:F6}: {1:F3} % lost", score.cosine,
                 100 * score.loss());
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
                  std::vector<LayerRule> &rules, Score &score) {
  if (int code = LossSearch(judge, scores, bound).run(rules, score))
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
