//===- OutlierSelector.h - static lists of outlier columns ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A column of an activation is a systematic outlier when it is large often, not
// when it was large once: magnitude and frequency and a cap decide together.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_OUTLIERSELECTOR_H
#define QOPT_CALIBRATION_OUTLIERSELECTOR_H

#include "qopt/Calibration/Statistics.h"

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

/// The edge of exceedanceEdges() whose counts stand for `threshold`: the
/// largest one that is not above it, so that no outlier is missed; -1 below all
/// edges.
int exceedanceEdge(double threshold);

/// { k : hits[k] >= 1 and hits[k] >= frequency * tokens }; above the cap, those
/// with the largest absmax, ties to the lower index.
OutlierChoice selectOutliers(const ColumnStatistics &statistics,
                             const OutlierRule &rule);

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_OUTLIERSELECTOR_H
