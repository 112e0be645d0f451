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

namespace mlir::qopt {

/// How a plan compares with the float model.
struct Score {
  bool isLanguageModel = false;
  /// Of language models.
  PerplexitySummary perplexity;
  ComparisonSummary comparison;
  /// Of the compared output.
  double sqnr = 0;

  /// 0.01: perplexity is 1 % above that of the float model.
  double increase() const { return comparison.ratio.value - 1; }
};

class Judge {
public:
  explicit Judge(const CompileOptions &options);

  /// Compiles the float model and makes the statistics. Returns an exit code,
  /// as all that follows; every one but 0 after an `error:` line.
  int prepare();
  /// Compiles with these rules behind those of the options, and evaluates.
  int score(llvm::ArrayRef<LayerRule> rules, Score &score);

  /// File of the statistics; empty without calibration data.
  const std::string &statistics() const { return statisticsFile; }
  /// How many samples are evaluated.
  int64_t heldOutSamples() const { return heldOut; }
  /// Options of a compile under these rules, without data or goals.
  CompileOptions planned(llvm::ArrayRef<LayerRule> rules) const;
  /// Whether the model has the inputs and outputs that perplexity needs.
  bool predictsTokens() const;

  /// Before anything is printed.
  void endStage() const;
  /// `error: MODEL: text`; returns the code.
  int fail(int code, const llvm::Twine &text) const;

private:
  int compile(CompileOptions trial, llvm::StringRef path);
  int splitData();

  const CompileOptions &options;
  std::unique_ptr<LoadedModel> reference;
  HeldOutOptions evaluation;
  std::string statisticsFile;
  int64_t heldOut = 0;
  unsigned trials = 0;
};

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_JUDGE_H
