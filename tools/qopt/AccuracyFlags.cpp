//===- AccuracyFlags.cpp - the flags that judge the result ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AccuracyFlags.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::qopt {

AccuracyFlags::AccuracyFlags(cl::OptionCategory &category)
    : maxPerplexityIncrease(
          "max-ppl-increase",
          cl::desc("Fail (exit 6) when perplexity rises by more, on samples "
                   "held out from the statistics"),
          cl::value_desc("1%"), cl::cat(category)),
      evalData("eval-data",
               cl::desc("Samples to evaluate on (default: the last fifth of "
                        "--calib, which the statistics leave out); with "
                        "--report alone it shows the loss"),
               cl::value_desc("file|folder"), cl::cat(category)),
      sensitivity("sensitivity",
                  cl::desc("Print what quantizing each layer costs, and stop"),
                  cl::cat(category)),
      maxLoss("max-loss",
              cl::desc("Choose schemes under which perplexity rises by at "
                       "most that; of other models, 1 - cosine of the output"),
              cl::value_desc("0.5%"), cl::cat(category)),
      targetBits("target-bits",
                 cl::desc("Keep the most sensitive layers float, as many as "
                          "that many bits per weight allow"),
                 cl::value_desc("n"), cl::cat(category)),
      layerTaps("layer-taps",
                cl::desc("The library shows the output of each layer to "
                         "qopt-eval --layerwise"),
                cl::cat(category)) {}

/// "1%" or "0.01".
static bool parseShare(StringRef text, double &share) {
  bool percent = text.consume_back("%");
  // to_float takes an empty text for 0.
  text = text.trim();
  if (text.empty() || !to_float(text, share) || !(share >= 0) || share > 1e6)
    return false;
  if (percent)
    share /= 100;
  return true;
}

bool AccuracyFlags::apply(CompileOptions &options, std::string &error) const {
  AccuracyOptions &goals = options.accuracy;
  auto fail = [&](const Twine &text) {
    error = text.str();
    return false;
  };
  for (auto [flag, share] :
       {std::pair(&maxPerplexityIncrease, &goals.maxPerplexityIncrease),
        std::pair(&maxLoss, &goals.maxLoss)})
    if (flag->getNumOccurrences() && !parseShare(*flag, *share))
      return fail("--" + flag->ArgStr + "=" + flag->getValue() +
                  ": expected a share like 1% or 0.01");
  if (targetBits.getNumOccurrences()) {
    goals.targetBits = targetBits;
    if (!(goals.targetBits > 0))
      return fail("--target-bits: expected a number above 0");
  }
  goals.evalFile = evalData;
  goals.sensitivity = sensitivity;
  goals.layerTaps = layerTaps;
  if (goals.maxLoss >= 0 && goals.targetBits >= 0)
    return fail("--max-loss and --target-bits are two goals");
  // It shows what the samples have told.
  bool shows = !options.sideOutputs.report.empty() ||
               !options.sideOutputs.reportJSON.empty();
  goals.forReport = !goals.evalFile.empty() && shows;
  if (!goals.evalFile.empty() && !goals.runsPlans())
    return fail("--eval-data is for --max-ppl-increase, --sensitivity, "
                "--max-loss, --report and --report-json");
  if (!goals.evaluates())
    return true;
  StringRef preset = StringRef(options.pipeline).trim();
  if (preset.split('{').first.trim() == "fp32" || preset.contains('('))
    return fail("--max-ppl-increase, --sensitivity, --max-loss, "
                "--target-bits and --eval-data need a preset that quantizes");
  if (goals.sensitivity && options.sideOutputs.describesPlan())
    return fail("--sensitivity ends before there is a plan to write");
  if (options.modelPath == "-")
    return fail("a model on stdin cannot be judged: it is read several times");
  if (options.dryRun)
    return fail("--dry-run evaluates nothing");
  return true;
}

} // namespace mlir::qopt
