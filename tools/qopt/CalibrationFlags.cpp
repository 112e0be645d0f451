//===- CalibrationFlags.cpp - the flags of the calibration ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CalibrationFlags.h"

using namespace llvm;

namespace mlir::qopt {

CalibrationFlags::CalibrationFlags(cl::OptionCategory &category)
    : data("calib",
           cl::desc("Calibration data: .npz or a folder of .npy (one array per "
                    "input, axis 0 the samples), a folder of test_data_set_*, "
                    "or token ids (.npy, .bin)"),
           cl::value_desc("file|folder"), cl::cat(category)),
      longName("calibration-data", cl::desc("Alias for --calib"),
               cl::aliasopt(data), cl::cat(category)),
      samples("calib-samples", cl::desc("Use at most that many samples"),
              cl::value_desc("n"), cl::cat(category)),
      window("calib-window",
             cl::desc("Tokens per sample of a file of token ids (default: "
                      "256)"),
             cl::value_desc("n"), cl::init(256), cl::cat(category)),
      save("save-calib",
           cl::desc("Write the statistics of the calibration; without -o "
                    "nothing else is made"),
           cl::value_desc("file.qcal"), cl::cat(category)),
      load("load-calib",
           cl::desc("Take the statistics from a file of --save-calib"),
           cl::value_desc("file.qcal"), cl::cat(category)) {}

bool CalibrationFlags::apply(CompileOptions &options,
                             std::string &error) const {
  options.calibFile = data;
  options.calibSamples = samples;
  options.calibWindow = window;
  options.loadCalib = load;
  options.sideOutputs.statistics = save;
  auto fail = [&](StringRef text) {
    error = text.str();
    return false;
  };
  for (auto [number, flag] : {std::pair(&samples, "--calib-samples"),
                              std::pair(&window, "--calib-window")}) {
    if (!number->getNumOccurrences())
      continue;
    if (*number <= 0)
      return fail(std::string(flag) + ": expected a number above 0");
    if (data.empty())
      return fail(std::string(flag) + " without --calib");
  }
  if (!data.empty() && !load.empty())
    return fail("--calib and --load-calib: statistics come from one of them; "
                "qopt-calib merge adds files up");
  if (!save.empty() && data.empty())
    return fail("--save-calib without --calib");
  // It is read twice then.
  if (!data.empty() && options.modelPath == "-")
    return fail("--calib needs a model in a file, not on stdin");
  return true;
}

} // namespace mlir::qopt
