//===- Judged.cpp - compiles that are held against a goal -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing is written before the plan has met its goal: evaluation goes first,
// on a library for this machine, and the compile of the result last.
//===----------------------------------------------------------------------===//

#include "Judged.h"
#include "PipelineText.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace llvm;

namespace mlir::qopt {

/// Layers from the worst on, until they carry four fifths of the error.
static std::vector<const LayerScore *> culprits(ArrayRef<LayerScore> scores) {
  std::vector<const LayerScore *> sorted;
  double total = 0, sum = 0;
  for (const LayerScore &score : scores) {
    sorted.push_back(&score);
    total += score.noise();
  }
  llvm::sort(sorted, [](const LayerScore *a, const LayerScore *b) {
    return a->sqnr < b->sqnr;
  });
  size_t count = 0;
  while (count < sorted.size() && count < 10 && sum < 0.8 * total)
    sum += sorted[count++]->noise();
  sorted.resize(count);
  return sorted;
}

/// Notes on where the error is, and what would help.
static void explain(ArrayRef<LayerScore> scores) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> cures;
  for (const LayerScore *score : culprits(scores)) {
    const LadderStep &cure = score->cure();
    errs() << "note: layer " << quoteName(score->name)
           << formatv(": its output alone has {0:F1} dB with {1}; ",
                      score->sqnr, score->scheme);
    if (cure.scheme == "fp32")
      errs() << "only float helps\n";
    else
      errs()
          << formatv("try {0}, {1:F1} dB", cure.scheme, cure.sqnr)
          << (cure.scheme == "llm-int8"
                  ? formatv(" ({0} outlier columns)\n", score->outliers).str()
                  : std::string("\n"));
    if (is_contained(names, score->name))
      continue;
    names.push_back(score->name);
    cures[cure.scheme].push_back(score->name);
  }
  if (names.empty())
    return;
  errs() << "note: the cheapest cure of each:";
  for (const auto &[scheme, layers] : cures)
    errs() << " --quantize '" << anyOf(layers) << "=" << scheme << "'";
  errs() << "\nnote: or in float: --keep '" << anyOf(names) << "'\n";
}

static std::vector<LayerScore>
scoresOf(const Judge &judge, ArrayRef<LayerRule> rules, std::string &error) {
  if (judge.statistics().empty()) {
    error = "without --calib or --load-calib there are no rows to measure "
            "layers on";
    return {};
  }
  return scoreLayers(judge.planned(rules), judge.statistics(), error);
}

static int checkGuard(Judge &judge, const CompileOptions &options,
                      ArrayRef<LayerRule> rules, const Score &score) {
  double bound = options.accuracy.maxPerplexityIncrease;
  double error = score.comparison.ratio.error;
  if (score.increase() <= bound) {
    options.progress->end();
    if (options.verbosity >= 0)
      errs() << formatv("remark: perplexity {0:F4}, {1:F4} in float: {2:F2} % "
                        "(+/- {3:F2}) over {4} predictions, within {5:F2} %\n",
                        score.perplexity.perplexity.value,
                        score.comparison.reference.perplexity.value,
                        100 * score.increase(), 100 * error,
                        score.perplexity.predictions, 100 * bound);
    return ExitOk;
  }
  std::string reason;
  std::vector<LayerScore> scores = scoresOf(judge, rules, reason);
  int code = judge.fail(
      ExitAccuracy,
      formatv("perplexity rises from {0:F4} to {1:F4}, by {2:F2} % (+/- "
              "{3:F2}), more than --max-ppl-increase={4:F2}%; nothing was "
              "written",
              score.comparison.reference.perplexity.value,
              score.perplexity.perplexity.value, 100 * score.increase(),
              100 * error, 100 * bound));
  if (scores.empty())
    errs() << "note: " << reason << "\n";
  explain(scores);
  return code;
}

/// Rules for the goal of size or loss, if there is one, and their score where
/// it is known.
static int choose(Judge &judge, const CompileOptions &options,
                  std::vector<LayerRule> &rules, std::optional<Score> &score) {
  const AccuracyOptions &goals = options.accuracy;
  if (!goals.choosesSchemes() && !goals.sensitivity)
    return ExitOk;
  judge.beginStage("measure layers");
  std::string error;
  std::vector<LayerScore> scores = scoresOf(judge, {}, error);
  if (scores.empty())
    return judge.fail(ExitInvalid, error);
  if (goals.sensitivity)
    return printSensitivity(judge, scores);
  std::optional<PipelineChoice> choice = parsePipelineChoice(options, error);
  if (!choice)
    return judge.fail(ExitUsage, error);
  if (goals.targetBits >= 0)
    return chooseForSize(judge, scores, goals.targetBits,
                         floatWeightBits(*choice, options), rules);
  return chooseForLoss(judge, scores, goals.maxLoss, rules, score.emplace());
}

int compileJudged(const CompileOptions &options) {
  Judge judge(options);
  if (int code = judge.prepare())
    return code;
  const AccuracyOptions &goals = options.accuracy;
  if (goals.maxPerplexityIncrease >= 0 && !judge.predictsTokens())
    return judge.fail(ExitInvalid,
                      "perplexity needs a language model, with the input "
                      "input_ids and the output logits [batch, positions, "
                      "vocabulary]");
  std::vector<LayerRule> rules;
  std::optional<Score> score;
  if (int code = choose(judge, options, rules, score))
    return code;
  if (goals.sensitivity)
    return ExitOk;
  if (!score && goals.runsPlans()) {
    judge.beginTrials(1);
    if (int code = judge.score(rules, score.emplace()))
      return code;
  }
  if (goals.maxPerplexityIncrease >= 0)
    if (int code = checkGuard(judge, options, rules, *score))
      return code;
  CompileOptions result = judge.planned(rules);
  if (score)
    result.evaluation =
        std::make_shared<ReportEvaluation>(judge.describe(*score));
  judge.endStage();
  return compileModel(result);
}

} // namespace mlir::qopt
