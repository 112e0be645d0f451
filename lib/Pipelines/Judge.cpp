//===- Judge.cpp - compile a plan, run it, compare it with float ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Judge.h"
#include "PipelineText.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Progress.h"
#include "qopt/Target/TargetISA.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"

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

/// Compiles `trial` for this machine, with an instruction set of the library's
/// if it has one of them, into a file of the private directory.
int Judge::compile(CompileOptions trial, StringRef path) const {
  Progress quiet(ProgressMode::None);
  trial.accuracy = {};
  trial.triple.clear();
  trial.isas = {hostTargetISA(options.isas).name.str()};
  trial.emit = EmitKind::SharedLibrary;
  trial.dryRun = false;
  trial.kvCaches = KVCaches::Copy;
  trial.calibFile.clear();
  trial.verbosity = -1;
  trial.progress = &quiet;
  trial.tempDir = path.str() + ".parts";
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

  return makeStatistics(goals.evalFile.empty() ? total - heldOut
                                               : options.calibSamples);
}

/// Of the first `samples`, or all for 0.
int Judge::makeStatistics(int64_t samples) {
  statisticsFile = options.loadCalib;
  if (options.calibFile.empty())
    return ExitOk;
  CompileOptions statistics = options;
  statistics.accuracy = {};
  statistics.sideOutputs = {};
  statistics.sideOutputs.statistics = "wanted";
  statistics.outputPath.clear();
  statistics.emit = EmitKind::SharedLibrary;
  statistics.dryRun = false;
  statistics.calibSamples = samples;
  statisticsFile = options.tempDir + "/statistics.qcal";
  endStage();
  return compileModel(statistics);
}

int Judge::prepare() {
  if (!options.accuracy.runsPlans()) {
    evaluation.data = options.calibFile;
    return makeStatistics(options.calibSamples);
  }
  beginStage("compile the float model");
  CompileOptions floats = options;
  floats.pipeline = "fp32";
  floats.planFile.clear();
  floats.layerRules.clear();
  floats.sideOutputs = {};
  floats.loadCalib.clear();
  floats.floatWeights = FloatWeights::Preset;
  floats.floatProducts = FloatProducts::F32;
  floats.allowNonfinite = false;
  std::string path = options.tempDir + "/float.so";
  if (int code = compile(floats, path))
    return code;
  Expected<std::unique_ptr<LoadedModel>> loaded =
      LoadedModel::open(path, {int(options.jobs), ""});
  if (!loaded)
    return fail(ExitInternal, toString(loaded.takeError()));
  reference = std::move(*loaded);
  (void)sys::fs::file_size(path, libraryBytes);
  // The mapping stays when the name goes.
  (void)sys::fs::remove(path);
  return splitData();
}

void Judge::beginStage(StringRef name) const {
  // Parts of a judged compile that are compiles themselves count their stages.
  options.progress->end();
  options.progress->setStageCount(0);
  options.progress->begin(name);
}

void Judge::beginTrials(unsigned trials) {
  beginStage("compile and evaluate");
  done = 0;
  expected = trials;
  options.progress->update(0, expected, "plans");
}

int Judge::evaluate(StringRef path, Score &score) {
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
  score.cosine = meanOf(result->cosines).value;
  expected = std::max(expected, ++done);
  options.progress->update(done, expected, "plans");
  return ExitOk;
}

/// Most of a compile runs on one thread. Where weights are large, memory is
/// what there is too little of.
unsigned Judge::compilesAtOnce() const {
  constexpr uint64_t largeLibrary = uint64_t(1) << 28;
  return libraryBytes > largeLibrary
             ? 1
             : std::min(
                   8u,
                   hardware_concurrency(options.jobs).compute_thread_count());
}

int Judge::score(const std::vector<LayerRule> &rules, Score &score) {
  std::vector<Score> scores;
  int code = this->score(ArrayRef<std::vector<LayerRule>>(&rules, 1), scores);
  if (code == ExitOk)
    score = scores[0];
  return code;
}

int Judge::score(ArrayRef<std::vector<LayerRule>> plans,
                 std::vector<Score> &scores) {
  unsigned atOnce = compilesAtOnce();
  scores.assign(plans.size(), Score());
  for (size_t begin = 0; begin < plans.size(); begin += atOnce) {
    size_t size = std::min<size_t>(atOnce, plans.size() - begin);
    std::vector<std::string> paths;
    std::vector<int> codes(size);
    // Loaded libraries are told apart by their names.
    for (size_t i = 0; i < size; ++i)
      paths.push_back(options.tempDir + "/plan" + std::to_string(++trials) +
                      ".so");
    DefaultThreadPool pool(hardware_concurrency(size));
    for (size_t i = 0; i < size; ++i)
      pool.async([&, i] {
        CompileOptions trial = planned(plans[begin + i]);
        trial.sideOutputs = {};
        if (size > 1)
          trial.jobs = 1;
        codes[i] = compile(trial, paths[i]);
      });
    pool.wait();
    for (size_t i = 0; i < size; ++i) {
      if (codes[i])
        return codes[i];
      if (int code = evaluate(paths[i], scores[begin + i]))
        return code;
    }
  }
  return ExitOk;
}

ReportEvaluation Judge::describe(const Score &score) const {
  ReportEvaluation result;
  result.data = sys::path::filename(evaluation.data).str();
  result.isHeldOut = options.accuracy.evalFile.empty();
  result.samples = heldOut;
  if (score.isLanguageModel) {
    result.predictions = score.perplexity.predictions;
    result.perplexity = score.perplexity;
    result.comparison = score.comparison;
  }
  result.cosine = score.cosine;
  result.sqnr = score.sqnr;
  return result;
}

} // namespace mlir::qopt
