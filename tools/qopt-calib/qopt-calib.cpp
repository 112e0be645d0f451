//===- qopt-calib.cpp - adds up and shows calibration statistics ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   qopt-calib merge a.qcal b.qcal ... -o all.qcal
//   qopt-calib info a.qcal [--json]
// Statistics of parts of the data, made anywhere, add up to exactly those of
// one run over all of it.
//===----------------------------------------------------------------------===//

#include "Info.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Names.h"
#include "qopt/Support/StandardOutput.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::qopt;

static int fail(int code, const Twine &message) {
  errs() << "error: " << message << "\n";
  return code;
}

/// A bad file is the file's fault; one that is not there is not.
static int fail(Error error) {
  std::error_code code;
  std::string text;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    code = info.convertToErrorCode();
    text = info.message();
  });
  bool isIO = code.category() == std::generic_category() &&
              code != std::errc::invalid_argument;
  return fail(isIO ? ExitIO : ExitInvalid, text);
}

static int merge(ArrayRef<std::string> files, StringRef output) {
  std::optional<Statistics> sum;
  for (const std::string &file : files) {
    Expected<Statistics> part = Statistics::load(file);
    if (!part)
      return fail(part.takeError());
    if (!sum)
      sum = std::move(*part);
    else if (Error error = sum->merge(*part))
      return fail(ExitInvalid, file + ": " + toString(std::move(error)));
  }
  if (Error error = sum->save(output))
    return fail(ExitIO, toString(std::move(error)));
  return ExitOk;
}

static int info(StringRef file, bool json) {
  Expected<Statistics> statistics = Statistics::load(file);
  if (!statistics)
    return fail(statistics.takeError());
  qopt_calib::printInfo(*statistics, json);
  return ExitOk;
}

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  cl::OptionCategory category("qopt-calib options");
  cl::list<std::string> words(
      cl::Positional, cl::desc("merge|info file.qcal..."), cl::cat(category));
  cl::opt<std::string> output("o", cl::desc("Output file of merge"),
                              cl::value_desc("all.qcal"), cl::cat(category));
  cl::opt<bool> json("json", cl::desc("info: print one JSON object"),
                     cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Adds up (merge) or shows (info) calibration statistics, the files "
          "of\nqopt --save-calib.\n",
          &errs()))
    return ExitUsage;
  if (words.empty())
    return fail(ExitUsage, "expected merge or info (see --help)");
  std::string action = words.front();
  std::vector<std::string> files(words.begin() + 1, words.end());
  if (action != "merge" && action != "info")
    return fail(ExitUsage, "unknown action " + quoteName(action) +
                               ": expected merge or info");
  if (files.empty())
    return fail(ExitUsage, action + ": no file given");
  if (action == "info") {
    if (files.size() != 1)
      return fail(ExitUsage, "info: expected one file");
    if (!output.empty())
      return fail(ExitUsage, "info: -o goes with merge");
    return finishStandardOutput(info(files.front(), json));
  }
  if (output.empty())
    return fail(ExitUsage, "merge: no output given: add -o FILE");
  if (json)
    return fail(ExitUsage, "merge: --json goes with info");
  return merge(files, output);
}
