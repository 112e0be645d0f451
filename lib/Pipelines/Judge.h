//===- Judge.h - compile a plan, run it, compare it with float ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pipeline cannot run a model: what wants to know how good a plan is compiles
// it for this machine and runs it beside the float model, on samples that no
// statistics have seen.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_JUDGE_H
#define QOPT_LIB_PIPELINES_JUDGE_H

#include "qopt/Evaluation/HeldOut.h"
#include "qopt/Pipelines/Compile.h"
#include "qopt/Report/Report.h"

namespace mlir::qopt {

/// How a plan compares with the float model.
struct Score {
  bool isLanguageModel = false;
  /// Of language models.
  PerplexitySummary perplexity;
  ComparisonSummary comparison;
  /// Of the compared output: dB, and the mean cosine of its vectors.
  double sqnr = 0, cosine = 0;

  /// 0.01: perplexity is 1 % above that of the float model.
  double increase() const { return comparison.ratio.value - 1; }
  /// The same of any model: without perplexity 1 - cosine.
  double loss() const { return isLanguageModel ? increase() : 1 - cosine; }
};

class Judge {
public:
  explicit Judge(const CompileOptions &options);

  /// Makes the statistics and, where plans are to be run, compiles the float
  /// model. Returns an exit code,
  /// as all that follows; every one but 0 after an `error:` line.
  int prepare();
  /// Begins a stage of `trials` plans to be scored, or about as many.
  void beginTrials(unsigned trials);
  /// Compiles with these rules behind those of the options, and evaluates.
  int score(const std::vector<LayerRule> &rules, Score &score);
  /// The same of several plans, which are compiled side by side.
  int score(llvm::ArrayRef<std::vector<LayerRule>> plans,
            std::vector<Score> &scores);

  /// File of the statistics; empty without calibration data.
  const std::string &statistics() const { return statisticsFile; }
  /// How many samples are evaluated.
  int64_t heldOutSamples() const { return heldOut; }
  /// Options of a compile under these rules, without data or goals.
  CompileOptions planned(llvm::ArrayRef<LayerRule> rules) const;
  /// What a score says, for the report.
  ReportEvaluation describe(const Score &score) const;
  /// Whether the model has the inputs and outputs that perplexity needs.
  bool predictsTokens() const;

  void beginStage(llvm::StringRef name) const;
  /// Before anything is printed.
  void endStage() const;
  /// `error: MODEL: text`; returns the code.
  int fail(int code, const llvm::Twine &text) const;

private:
  int compile(CompileOptions trial, llvm::StringRef path) const;
  int evaluate(llvm::StringRef path, Score &score);
  unsigned compilesAtOnce() const;
  int splitData();
  int makeStatistics(int64_t samples);

  const CompileOptions &options;
  std::unique_ptr<LoadedModel> reference;
  HeldOutOptions evaluation;
  std::string statisticsFile;
  int64_t heldOut = 0;
  /// Of the float model, which is about as large as a trial.
  uint64_t libraryBytes = 0;
  /// Plans that were scored, of the stage and in all, and its expected number.
  unsigned done = 0, expected = 0, trials = 0;
};

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_JUDGE_H
