//===- Judge.cpp - compile a plan, run it, compare it with float ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Judge.h"
#include "PipelineText.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Progress.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;

namespace mlir::qopt {

Judge::Judge(const CompileOptions &options) : options(options) {}

void Judge::endStage() const { options.progress->end(); }

int Judge::fail(int code, const Twine &text) const {
  options.progress->abandon();
  errs() << "error: " << options.modelPath << ": " << text << "\n";
  return code;
}

/// Compiles `trial` for this machine into a file of the private directory.
int Judge::compile(CompileOptions trial, StringRef path) {
  Progress quiet(ProgressMode::None);
  trial.accuracy = {};
  trial.isas = {hostTargetISA().name.str()};
  trial.emit = EmitKind::SharedLibrary;
  trial.dryRun = false;
  trial.kvCaches = KVCaches::Copy;
  trial.calibFile.clear();
  trial.verbosity = -1;
  trial.progress = &quiet;
  trial.tempDir = options.tempDir + "/trial";
  trial.outputPath = path.str();
  if (std::error_code code = sys::fs::create_directory(trial.tempDir))
    return fail(ExitIO, "temporary directory: " + code.message());
  trial.outputFd =
      ::open(trial.outputPath.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
             S_IRUSR | S_IWUSR);
  if (trial.outputFd < 0)
    return fail(ExitIO, "temporary file cannot be made");
  int code = compileModel(trial);
  ::close(trial.outputFd);
  (void)sys::fs::remove_directories(trial.tempDir);
  return code;
}

CompileOptions Judge::planned(ArrayRef<LayerRule> rules) const {
  CompileOptions result = options;
  result.accuracy = {};
  result.accuracy.layerTaps = options.accuracy.layerTaps;
  result.accuracy.evalFile = evaluation.data;
  result.calibFile.clear();
  result.loadCalib = readsStatistics(options) ? statisticsFile : "";
  result.layerRules.insert(result.layerRules.end(), rules.begin(), rules.end());
  return result;
}

bool Judge::predictsTokens() const {
  bool ids = false, logits = false;
  for (const SignaturePort &port : reference->getSignature().inputs)
    ids |= port.name == "input_ids" && port.shape.size() == 2;
  for (const SignaturePort &port : reference->getSignature().outputs)
    logits |= port.name == "logits" && port.shape.size() == 3;
  return ids && logits;
}

/// Which samples are for the statistics and which are evaluated.
int Judge::splitData() {
  const AccuracyOptions &goals = options.accuracy;
  bool calibrates = !options.calibFile.empty();
  evaluation.samples.windowLength = options.calibWindow;
  evaluation.data = goals.evalFile.empty() ? options.calibFile : goals.evalFile;
  if (evaluation.data.empty())
    return fail(ExitUsage, "judging the result needs data: add --calib, of "
                           "which a part is held out, or --eval-data");
  Expected<int64_t> count = countSamples(*reference, evaluation);
  if (!count) {
    std::string text = toString(count.takeError());
    options.progress->abandon();
    errs() << "error: " << text << "\n";
    return ExitInvalid;
  }
  int64_t total = *count;
  if (goals.evalFile.empty()) {
    if (options.calibSamples > 0)
      total = std::min(total, options.calibSamples);
    if (total < 2)
      return fail(ExitInvalid, evaluation.data +
                                   ": one sample cannot be held out of one; "
                                   "add data, or --eval-data");
    heldOut = std::max<int64_t>(1, total / 5);
    evaluation.begin = total - heldOut;
    evaluation.end = total;
  } else {
    heldOut = total;
  }

  statisticsFile = options.loadCalib;
  if (!calibrates)
    return ExitOk;
  CompileOptions statistics = options;
  statistics.accuracy = {};
  statistics.sideOutputs = {};
  statistics.sideOutputs.statistics = "wanted";
  statistics.outputPath.clear();
  statistics.emit = EmitKind::SharedLibrary;
  statistics.dryRun = false;
  if (goals.evalFile.empty())
    statistics.calibSamples = total - heldOut;
  statisticsFile = options.tempDir + "/statistics.qcal";
  return compileModel(statistics);
}

int Judge::prepare() {
  options.progress->begin("compile the float model");
  CompileOptions floats = options;
  floats.pipeline = "fp32";
  floats.planFile.clear();
  floats.layerRules.clear();
  floats.sideOutputs = {};
  floats.loadCalib.clear();
  floats.floatWeights = FloatWeights::Preset;
  floats.allowNonfinite = false;
  std::string path = options.tempDir + "/float.so";
  if (int code = compile(floats, path))
    return code;
  Expected<std::unique_ptr<LoadedModel>> loaded =
      LoadedModel::open(path, {int(options.jobs), ""});
  if (!loaded)
    return fail(ExitInternal, toString(loaded.takeError()));
  reference = std::move(*loaded);
  // The mapping stays when the name goes.
  (void)sys::fs::remove(path);
  return splitData();
}

int Judge::score(ArrayRef<LayerRule> rules, Score &score) {
  options.progress->setStageCount(0);
  options.progress->begin("compile and evaluate a plan");
  // Loaded libraries are told apart by their names.
  std::string path =
      options.tempDir + "/plan" + std::to_string(++trials) + ".so";
  CompileOptions trial = planned(rules);
  trial.sideOutputs = {};
  if (int code = compile(trial, path))
    return code;
  Expected<std::unique_ptr<LoadedModel>> loaded =
      LoadedModel::open(path, {int(options.jobs), ""});
  if (!loaded)
    return fail(ExitInternal, toString(loaded.takeError()));
  (void)sys::fs::remove(path);
  Expected<HeldOutResult> result =
      evaluateHeldOut(**loaded, *reference, evaluation);
  if (!result)
    return fail(ExitInvalid, toString(result.takeError()));
  score.isLanguageModel = result->isLanguageModel();
  if (score.isLanguageModel) {
    score.perplexity =
        summarize(result->perplexity.predictions, result->perplexity.counts);
    score.comparison =
        compare(result->perplexity.predictions, result->perplexity.counts);
  }
  score.sqnr = 10 * std::log10(result->signal / result->noise);
  return ExitOk;
}

} // namespace mlir::qopt
