//===- Histogram.cpp - how often values are how large ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The number of a bin is the upper half of the float's bits, less a constant:
// exponent and 7 bits of mantissa. Negative values come first, the largest
// magnitude in front.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Histogram.h"
#include "qopt/Support/Clones.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cstring>

using namespace llvm;

namespace mlir::qopt {

/// Upper half of the bits of 2^minExponent: exponent with bias 127, 7 bits.
static constexpr int32_t base = (Histogram::minExponent + 127) << 7;

/// Bins of values, in a loop that becomes vectors.
QOPT_CLONES
static void findBins(const float *values, size_t count, uint16_t *bins) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    int32_t step = int32_t((bits & 0x7fffffff) >> 16) - base;
    step = step < 0 ? 0 : step;
    constexpr int32_t last = Histogram::binsPerSign - 1;
    step = step > last ? last : step;
    // The sign of a negative zero says nothing.
    bins[i] = values[i] < 0 ? last - step : last + 1 + step;
  }
}

std::pair<int64_t, int64_t> Histogram::reach() const {
  float ends[] = {lo, hi};
  uint16_t bins[2];
  findBins(ends, 2, bins);
  return {bins[0], bins[1]};
}

void Histogram::clear() {
  if (total) {
    auto [first, last] = reach();
    std::fill(counts.begin() + first, counts.begin() + last + 1, 0);
  }
  total = 0;
  lo = hi = 0;
}

QOPT_CLONES
static void extremes(const float *values, size_t count, float &lo, float &hi) {
  constexpr size_t lanes = 32;
  float least[lanes], largest[lanes];
  std::fill(least, least + lanes, lo);
  std::fill(largest, largest + lanes, hi);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (size_t j = 0; j < lanes; ++j) {
      float value = values[i + j];
      least[j] = value < least[j] ? value : least[j];
      largest[j] = value > largest[j] ? value : largest[j];
    }
  for (; i < count; ++i) {
    least[0] = std::min(least[0], values[i]);
    largest[0] = std::max(largest[0], values[i]);
  }
  // -0 and 0 are equal: which one was seen first must not show.
  lo = *std::min_element(least, least + lanes) + 0.0f;
  hi = *std::max_element(largest, largest + lanes) + 0.0f;
}

void Histogram::add(ArrayRef<float> values) {
  if (values.empty())
    return;
  if (counts.empty())
    counts.resize(numBins);
  if (total == 0)
    lo = hi = values[0];
  extremes(values.data(), values.size(), lo, hi);
  total += values.size();
  static_assert(numBins <= 1 << 16, "bins do not fit their numbers");
  constexpr size_t piece = 1024;
  uint16_t bins[piece];
  for (size_t begin = 0; begin < values.size(); begin += piece) {
    size_t length = std::min(piece, values.size() - begin);
    findBins(values.data() + begin, length, bins);
    for (size_t i = 0; i < length; ++i)
      ++counts[bins[i]];
  }
}

void Histogram::merge(const Histogram &other) {
  if (other.empty())
    return;
  lo = total ? std::min(lo, other.lo) : other.lo;
  hi = total ? std::max(hi, other.hi) : other.hi;
  total += other.total;
  if (counts.empty())
    counts.resize(numBins);
  auto [first, last] = other.reach();
  for (int64_t i = first; i <= last; ++i)
    counts[i] += other.counts[i];
}

void Histogram::addToBin(int64_t bin, uint64_t count) {
  if (counts.empty())
    counts.resize(numBins);
  counts[bin] += count;
  total += count;
}

std::pair<float, float> Histogram::edges(int64_t bin) const {
  bool negative = bin < binsPerSign;
  int64_t step = negative ? binsPerSign - 1 - bin : bin - binsPerSign;
  auto magnitude = [](int64_t step) {
    return llvm::bit_cast<float>(uint32_t(step + base) << 16);
  };
  float near = step == 0 ? 0 : magnitude(step);
  float far = step == binsPerSign - 1 ? absmax() : magnitude(step + 1);
  far = std::max(near, far);
  std::pair<float, float> result =
      negative ? std::pair(-far, -near) : std::pair(near, far);
  return {std::clamp(result.first, lo, hi), std::clamp(result.second, lo, hi)};
}

} // namespace mlir::qopt
