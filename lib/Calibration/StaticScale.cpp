//===- StaticScale.cpp - activation scales from statistics ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/StaticScale.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

using namespace llvm;

namespace mlir::qopt {

/// All kept values of the columns, with their counts.
static Histogram makeHistogram(const SmoothedColumns &statistics,
                               ArrayRef<int64_t> columns) {
  Histogram histogram;
  std::vector<float> values(columns.size());
  for (int64_t i = 0; i < statistics.keptRows(); ++i) {
    for (auto [value, k] : zip_equal(values, columns))
      value = statistics.kept(i, k);
    // A row that came often is counted by doubling.
    Histogram power;
    power.add(values);
    for (uint64_t count = statistics.keptCount(i); count; count /= 2) {
      if (count % 2)
        histogram.merge(power);
      if (count > 1) {
        Histogram same = power;
        power.merge(same);
      }
    }
  }
  return histogram;
}

Range chooseStaticRange(const SmoothedColumns &statistics,
                        ArrayRef<int64_t> outliers, RangeRule rule) {
  std::vector<int64_t> columns;
  for (int64_t k = 0; k < statistics.columns(); ++k)
    if (!is_contained(outliers, k))
      columns.push_back(k);
  Range range;
  for (int64_t k : columns) {
    range.lo = std::min(range.lo, statistics.lo(k));
    range.hi = std::max(range.hi, statistics.hi(k));
  }
  if (rule.observer != RangeRule::Observer::MinMax && statistics.keptRows()) {
    Range chosen = chooseRange(makeHistogram(statistics, columns), rule);
    if (chosen.hi > chosen.lo)
      range = chosen;
  }
  if (rule.symmetric) {
    range.hi = std::max(range.hi, -range.lo);
    range.lo = -range.hi;
  }
  return range;
}

StaticScale makeStaticScale(Range range, bool symmetric) {
  StaticScale result;
  if (symmetric) {
    // Below that 127 / hi loses digits or overflows.
    if (range.hi >= 127 * FLT_MIN)
      result.scale = range.hi / 127;
    return result;
  }
  float scale = (range.hi - range.lo) / 255;
  if (!(scale >= FLT_MIN) || !std::isfinite(scale))
    return result;
  result.scale = scale;
  result.zeroPoint =
      int32_t(std::clamp(std::nearbyintf(-range.lo / scale), 0.0f, 255.0f));
  return result;
}

} // namespace mlir::qopt
