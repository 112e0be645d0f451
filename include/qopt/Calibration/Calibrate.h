//===- Calibrate.h - run samples through a tapped library -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The float model, compiled with qopt.observe, runs the samples, several at a
// time, and its taps fill the statistics. Memory does not depend on the number
// of samples.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_CALIBRATE_H
#define QOPT_CALIBRATION_CALIBRATE_H

#include "qopt/Calibration/Samples.h"
#include "qopt/Calibration/Statistics.h"

#include <functional>

namespace mlir::qopt {

struct CalibrationOptions {
  /// A model.so with taps.
  std::string library;
  /// What SampleSet::open takes.
  std::string data;
  SampleOptions samples;
  /// At most that many samples; 0: all.
  int64_t maxSamples = 0;
  /// Threads; 0: one per core.
  unsigned threads = 0;
  /// Called after each sample, by one thread at a time.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

/// Statistics of all taps over the samples. A sample with NaN or Inf in an
/// activation (outside padding) is left out and counted; it is an error if that
/// is every one.
llvm::Expected<Statistics> runCalibration(const CalibrationOptions &options);

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_CALIBRATE_H
