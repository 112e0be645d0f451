//===- Diversity.cpp - whether more data would change the statistics ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bars of the warning are above what ordinary text of sufficient amount
// shows (docs/calibration.md has figures).
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Diversity.h"
#include "qopt/Support/Names.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace mlir::qopt {

/// Mean growth of the largest magnitudes that calls for more data.
static constexpr double growthBar = 0.02;
/// Share of the outlier columns that came or went.
static constexpr double outlierBar = 0.1;
/// The default rule of selectOutliers.
static constexpr double frequency = 0.01;

Diversity measureDiversity(const Statistics &statistics) {
  Diversity result;
  result.samples = statistics.samples;
  result.heldOut = statistics.heldOutSamples;
  if (!result.measured())
    return result;
  double sum = 0;
  uint64_t columns = 0;
  for (const ColumnStatistics &tap : statistics.taps) {
    const ColumnStatistics::Base &base = tap.base();
    // A branch that only one part took says nothing about columns.
    if (base.tokens == 0 || base.tokens == tap.tokens)
      continue;
    double own = 0;
    for (int64_t k = 0; k < tap.columns(); ++k) {
      if (tap.absmax[k] > 0)
        own += 1 - double(base.absmax[k]) / tap.absmax[k];
      uint64_t hits = tap.hits(outlierEdge, k);
      bool now = hits && double(hits) >= frequency * double(tap.tokens);
      bool before = base.hits[k] &&
                    double(base.hits[k]) >= frequency * double(base.tokens);
      result.outliers += now;
      result.outliersMoved += now != before;
    }
    sum += own;
    columns += tap.columns();
    own /= double(std::max<int64_t>(tap.columns(), 1));
    if (own > result.tapGrowth) {
      result.tapGrowth = own;
      result.tap = tap.name;
    }
  }
  result.growth = columns ? sum / double(columns) : 0;
  return result;
}

std::string Diversity::warning() const {
  if (!measured())
    return "";
  bool moved = double(outliersMoved) > outlierBar * double(outliers);
  if (growth <= growthBar && !moved)
    return "";
  std::string text = formatv(
      "the calibration data may be too little or too uniform: a tenth of it "
      "({0} of {1} samples) still moved the largest magnitudes by {2:f1} % on "
      "average",
      heldOut, samples, 100 * growth);
  if (!tap.empty())
    text += formatv(" ({0:f1} % at {1})", 100 * tapGrowth, quoteName(tap));
  if (moved)
    text +=
        formatv(", and {0} outlier columns, of {1}", outliersMoved, outliers);
  return text;
}

json::Object Diversity::toJSON() const {
  json::Object object{{"held_out_samples", int64_t(heldOut)},
                      {"samples", int64_t(samples)}};
  if (!measured())
    return object;
  object["absmax_growth"] = growth;
  object["largest_growth"] = tapGrowth;
  object["largest_growth_tap"] = tap;
  object["outlier_columns"] = int64_t(outliers);
  object["outlier_columns_moved"] = int64_t(outliersMoved);
  return object;
}

} // namespace mlir::qopt
