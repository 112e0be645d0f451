//===- SmoothedColumns.cpp - statistics behind smoothing ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// |x / s| >= t is |x| >= t * s: counts at fixed magnitudes answer for every s.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/SmoothedColumns.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

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

uint64_t SmoothedColumns::hits(double threshold, int64_t k) const {
  double raw = threshold * factor(k);
  if (statistics.absmax[k] < raw)
    return 0;
  int edge = exceedanceEdge(raw);
  if (edge >= 0)
    return statistics.hits(edge, k);
  uint64_t rows = 0, hits = 0;
  for (int64_t i = 0; i < keptRows(); ++i) {
    rows += keptCount(i);
    if (std::fabs(statistics.keptRow(i)[k]) >= raw)
      hits += keptCount(i);
  }
  if (rows == 0)
    return tokens();
  // The largest value of the column reaches the threshold, kept or not.
  return std::max<uint64_t>(
      1, std::llround(double(hits) / double(rows) * double(tokens())));
}

} // namespace mlir::qopt
