//===- OutlierSelector.h - static lists of outlier columns ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A column of an activation is a systematic outlier when it is large often, not
// when it was large once: magnitude and frequency and a cap decide together.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_OUTLIERSELECTOR_H
#define QOPT_CALIBRATION_OUTLIERSELECTOR_H

#include "qopt/Calibration/SmoothedColumns.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::qopt {

struct OutlierRule {
  /// From which magnitude a value counts; 0 or less: there are no outliers.
  double threshold = 6.0;
  /// Share of the tokens that must hit the threshold.
  double frequency = 0.01;
  /// Most columns; floor(K / 8) is a limit too.
  int64_t cap = 32;
};

struct OutlierChoice {
  /// Ascending.
  std::vector<int64_t> columns;
  /// How many columns fulfil the rule before the cap; all of them: the split
  /// has no body left.
  int64_t candidates = 0;
};

/// { k : hits[k] >= 1 and hits[k] >= frequency * tokens }; above the cap, those
/// with the largest absmax, ties to the lower index.
OutlierChoice selectOutliers(const SmoothedColumns &statistics,
                             const OutlierRule &rule);

/// threshold=auto: columns in descending order of absmax, as long as they raise
/// the signal to noise ratio of what reads them by at least 0.1 dB each, and at
/// most min(cap, K / 8). `noise` is the squared error with the given columns,
/// in this order, split off. Two columns of about one size show their gain only
/// together, so that up to four at once may reach it on average.
std::vector<int64_t>
selectOutliersByGain(const SmoothedColumns &statistics, int64_t cap,
                     llvm::function_ref<double(llvm::ArrayRef<int64_t>)> noise);

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_OUTLIERSELECTOR_H
