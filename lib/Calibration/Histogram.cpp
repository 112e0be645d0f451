//===- Histogram.cpp - how often values are how large ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The number of a bin is the upper half of the float's bits, less a constant:
// exponent and 7 bits of mantissa. Negative values come first, the largest
// magnitude in front.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Histogram.h"
#include "Clones.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>

using namespace llvm;

namespace mlir::qopt {

/// Upper half of the bits of 2^minExponent: exponent with bias 127, 7 bits.
static constexpr int32_t base = (Histogram::minExponent + 127) << 7;

static int64_t binOf(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  int32_t step = std::clamp<int32_t>(int32_t((bits & 0x7fffffff) >> 16) - base,
                                     0, Histogram::binsPerSign - 1);
  // The sign of a negative zero says nothing.
  return value < 0 ? Histogram::binsPerSign - 1 - step
                   : Histogram::binsPerSign + step;
}

QOPT_CLONES
static void extremes(const float *values, size_t count, float &lo, float &hi) {
  constexpr size_t lanes = 8;
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
  uint64_t *bins = counts.data();
  for (float value : values)
    ++bins[binOf(value)];
}

void Histogram::merge(const Histogram &other) {
  if (other.empty())
    return;
  lo = total ? std::min(lo, other.lo) : other.lo;
  hi = total ? std::max(hi, other.hi) : other.hi;
  total += other.total;
  if (counts.empty()) {
    counts = other.counts;
    return;
  }
  for (int64_t i = 0; i < numBins; ++i)
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
