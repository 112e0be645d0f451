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
#include <cmath>
#include <numeric>

using namespace llvm;

namespace mlir::qopt {

/// Puts columns with a large absmax first, ties to the lower index.
static void sortByAbsmax(const SmoothedColumns &statistics,
                         std::vector<int64_t> &columns) {
  sort(columns, [&](int64_t a, int64_t b) {
    float x = statistics.absmax(a), y = statistics.absmax(b);
    return x > y || (x == y && a < b);
  });
}

OutlierChoice selectOutliers(const SmoothedColumns &statistics,
                             const OutlierRule &rule) {
  OutlierChoice choice;
  if (rule.threshold <= 0)
    return choice;
  double wanted = rule.frequency * double(statistics.tokens());
  for (int64_t k = 0; k < statistics.columns(); ++k) {
    uint64_t hits = statistics.hits(rule.threshold, k);
    if (hits >= 1 && double(hits) >= wanted)
      choice.columns.push_back(k);
  }
  choice.candidates = choice.columns.size();
  int64_t cap = std::min(rule.cap, statistics.columns() / 8);
  if (choice.candidates > cap) {
    sortByAbsmax(statistics, choice.columns);
    choice.columns.resize(std::max<int64_t>(cap, 0));
    sort(choice.columns);
  }
  return choice;
}

std::vector<int64_t>
selectOutliersByGain(const SmoothedColumns &statistics, int64_t cap,
                     function_ref<double(ArrayRef<int64_t>)> noise) {
  constexpr double decibel = 0.1;
  constexpr size_t together = 4;
  std::vector<int64_t> order(statistics.columns());
  std::iota(order.begin(), order.end(), int64_t(0));
  sortByAbsmax(statistics, order);
  size_t most = std::max<int64_t>(0, std::min(cap, statistics.columns() / 8));
  size_t taken = 0;
  double best = noise({});
  for (size_t count = 1; count <= std::min(most, taken + together); ++count) {
    if (best <= 0 || statistics.absmax(order[count - 1]) == 0)
      break;
    double now = noise(ArrayRef(order).take_front(count));
    if (10 * std::log10(best / now) < decibel * double(count - taken))
      continue;
    best = now;
    taken = count;
  }
  order.resize(taken);
  sort(order);
  return order;
}

} // namespace mlir::qopt
