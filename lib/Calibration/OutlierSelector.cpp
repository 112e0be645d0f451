//===- OutlierSelector.cpp - static lists of outlier columns --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The published criterion (arXiv 2208.07339) looks at the magnitude in the rows
// of a call. Over a calibration set that marks every column that was ever
// large; the frequency leaves the few that always are.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/OutlierSelector.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace mlir::qopt {

int exceedanceEdge(double threshold) {
  int index = -1;
  // Edges are rounded to float: 8.4852813742 is meant to find its edge.
  for (auto [i, edge] : enumerate(exceedanceEdges()))
    if (edge <= threshold * (1 + 1e-6))
      index = i;
  return index;
}

OutlierChoice selectOutliers(const ColumnStatistics &statistics,
                             const OutlierRule &rule) {
  OutlierChoice choice;
  int edge = exceedanceEdge(rule.threshold);
  if (rule.threshold <= 0 || edge < 0)
    return choice;
  double wanted = rule.frequency * double(statistics.tokens);
  for (int64_t k = 0; k < statistics.columns(); ++k) {
    uint64_t hits = statistics.hits(edge, k);
    if (hits >= 1 && double(hits) >= wanted)
      choice.columns.push_back(k);
  }
  choice.candidates = choice.columns.size();
  int64_t cap = std::min(rule.cap, statistics.columns() / 8);
  if (choice.candidates > cap) {
    sort(choice.columns, [&](int64_t a, int64_t b) {
      float x = statistics.absmax[a], y = statistics.absmax[b];
      return x > y || (x == y && a < b);
    });
    choice.columns.resize(std::max<int64_t>(cap, 0));
    sort(choice.columns);
  }
  return choice;
}

} // namespace mlir::qopt
