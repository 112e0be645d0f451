//===- SmoothedColumns.h - statistics behind smoothing --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Smoothing divides column k of an activation by s[k] after the statistics were
// taken. Everything that is asked about the columns behind it follows from them
// and s, without a second calibration.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_SMOOTHEDCOLUMNS_H
#define QOPT_CALIBRATION_SMOOTHEDCOLUMNS_H

#include "qopt/Calibration/Statistics.h"

namespace mlir::qopt {

/// The largest edge of exceedanceEdges() that is not above `threshold`, so that
/// counts there miss no value; -1 below all edges.
int exceedanceEdge(double threshold);

/// A view of `statistics` with columns divided by `factors` (none: as they
/// are).
class SmoothedColumns {
public:
  SmoothedColumns(const ColumnStatistics &statistics,
                  llvm::ArrayRef<float> factors = {})
      : statistics(statistics), factors(factors) {}

  /// What the columns were before.
  const ColumnStatistics &source() const { return statistics; }

  int64_t columns() const { return statistics.columns(); }
  uint64_t tokens() const { return statistics.tokens; }
  float factor(int64_t k) const { return factors.empty() ? 1 : factors[k]; }
  float absmax(int64_t k) const { return statistics.absmax[k] / factor(k); }
  float lo(int64_t k) const { return statistics.lo[k] / factor(k); }
  float hi(int64_t k) const { return statistics.hi[k] / factor(k); }

  /// #{rows : |x[row, k]| >= threshold}, up to the edges that were counted:
  /// never less than that. Below all edges the kept rows tell, and without them
  /// every row counts.
  uint64_t hits(double threshold, int64_t k) const;

  int64_t keptRows() const { return statistics.keptRows(); }
  uint64_t keptCount(int64_t i) const { return statistics.keptCount(i); }
  /// Element k of the kept row i.
  float kept(int64_t i, int64_t k) const {
    return statistics.keptRow(i)[k] / factor(k);
  }

private:
  const ColumnStatistics &statistics;
  llvm::ArrayRef<float> factors;
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_SMOOTHEDCOLUMNS_H
