//===- Histogram.h - how often values are how large -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A signed histogram whose bins are 1/128 of a power of two wide and double
// their width with every power of two. It needs no range in advance, one value
// of 1e30 costs the others no resolution, and counts of parts add up exactly in
// any order. Rules that clip a range are functions of it.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_HISTOGRAM_H
#define QOPT_CALIBRATION_HISTOGRAM_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace mlir::qopt {

class Histogram {
public:
  /// Bins per power of two, and the powers of two that bins tell apart:
  /// magnitudes below 2^minExponent are one bin with 0, those from
  /// 2^maxExponent on one bin.
  static constexpr int64_t binsPerOctave = 128;
  static constexpr int minExponent = -31, maxExponent = 33;
  static constexpr int64_t binsPerSign =
      binsPerOctave * (maxExponent - minExponent);
  static constexpr int64_t numBins = 2 * binsPerSign;

  /// Exact extremes; 0 while empty.
  float lo = 0, hi = 0;

  bool empty() const { return total == 0; }
  uint64_t count() const { return total; }
  float absmax() const { return hi > -lo ? hi : -lo; }

  /// Adds finite values.
  void add(llvm::ArrayRef<float> values);
  void merge(const Histogram &other);
  /// Makes it empty, but keeps its memory.
  void clear();

  /// Bins in ascending order of their values; empty when nothing was added.
  llvm::ArrayRef<uint64_t> bins() const { return counts; }
  /// The values of a bin: from first to second, as far as lo and hi go.
  std::pair<float, float> edges(int64_t bin) const;

  /// Adds `count` values of one bin without knowing them; for readers of files,
  /// which set lo and hi.
  void addToBin(int64_t bin, uint64_t count);

  bool operator==(const Histogram &other) const {
    return lo == other.lo && hi == other.hi && counts == other.counts;
  }

private:
  /// Bins that can have a count, by the extremes.
  std::pair<int64_t, int64_t> reach() const;

  uint64_t total = 0;
  std::vector<uint64_t> counts; // numBins, or none
};

/// How a clipping range is found. The quantizer that it serves has `levels`
/// steps between the ends of the range; symmetric: from -hi to hi.
struct RangeRule {
  enum class Observer { MinMax, Percentile, MSE, Entropy };
  Observer observer = Observer::MinMax;
  /// Percentile: what stays; half of the rest is cut at each end.
  double percentile = 99.99;
  bool symmetric = true;
  /// 254 for -127..127, 255 for 0..255.
  int levels = 254;
};

struct Range {
  float lo = 0, hi = 0;
};

/// The range of `histogram` by `rule`. It holds 0 and lies within the extremes
/// of the values and 0; {0, 0} when all values are 0 or there are none.
/// Symmetric: lo is -hi.
Range chooseRange(const Histogram &histogram, const RangeRule &rule);

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_HISTOGRAM_H
