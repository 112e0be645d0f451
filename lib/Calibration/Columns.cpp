//===- Columns.cpp - extremes and hits of columns -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sixteen columns at a time, all rows: extremes and counts stay in registers.
// Edges above the largest magnitude of the sixteen are not even compared.
//===----------------------------------------------------------------------===//

#include "Columns.h"
#include "qopt/Calibration/Statistics.h"
#include "qopt/Support/Clones.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace llvm;

namespace mlir::qopt {

namespace {
constexpr int64_t width = 16;
using Floats = float __attribute__((vector_size(4 * width)));
using Ints = int32_t __attribute__((vector_size(4 * width)));
} // namespace

// By reference: a vector as a result would have another place in each copy.
static inline __attribute__((always_inline)) void load(Floats &result,
                                                       const float *from) {
  std::memcpy(&result, from, sizeof result);
}

QOPT_CLONES
float magnitudeOf(const float *row, int64_t columns) {
  // x * 0 is 0 for finite x and NaN for the others.
  Floats largest = {}, poison = {}, x;
  int64_t k = 0;
  for (; k + width <= columns; k += width) {
    load(x, row + k);
    poison += x * 0.0f;
    x = x < 0.0f ? -x : x;
    largest = x > largest ? x : largest;
  }
  float result = 0, sum = 0;
  for (int64_t i = 0; i < width; ++i) {
    result = std::max(result, largest[i]);
    sum += poison[i];
  }
  for (; k < columns; ++k) {
    result = std::max(result, std::fabs(row[k]));
    sum += row[k] * 0.0f;
  }
  return result + sum;
}

/// Extremes of sixteen columns.
QOPT_CLONES
static void blockExtremes(const float *const *rows, size_t count,
                          int64_t column, float *lo, float *hi) {
  Floats least, largest, x;
  load(least, lo);
  load(largest, hi);
  for (size_t row = 0; row < count; ++row) {
    load(x, rows[row] + column);
    least = x < least ? x : least;
    largest = x > largest ? x : largest;
  }
  std::memcpy(lo, &least, sizeof least);
  std::memcpy(hi, &largest, sizeof largest);
}

/// Hits of sixteen columns at four edges: [edge][column].
QOPT_CLONES
static void blockHits(const float *const *rows, size_t count, int64_t column,
                      const float *edges, int32_t *hits) {
  Ints c0 = {}, c1 = {}, c2 = {}, c3 = {};
  Floats x;
  for (size_t row = 0; row < count; ++row) {
    load(x, rows[row] + column);
    x = x < 0.0f ? -x : x;
    // True is -1 in every lane.
    c0 -= x >= edges[0];
    c1 -= x >= edges[1];
    c2 -= x >= edges[2];
    c3 -= x >= edges[3];
  }
  for (const Ints *sum : {&c0, &c1, &c2, &c3}) {
    std::memcpy(hits, sum, sizeof *sum);
    hits += width;
  }
}

void addToColumns(ArrayRef<const float *> rows, int64_t columns, float *lo,
                  float *hi, uint64_t *counts) {
  constexpr size_t group = 4;
  ArrayRef<float> edges = exceedanceEdges();
  int64_t k = 0;
  for (; k + width <= columns; k += width) {
    float least[width], largest[width];
    std::fill(least, least + width, HUGE_VALF);
    std::fill(largest, largest + width, -HUGE_VALF);
    blockExtremes(rows.data(), rows.size(), k, least, largest);
    float most = 0;
    for (int64_t i = 0; i < width; ++i) {
      most = std::max({most, -least[i], largest[i]});
      lo[k + i] = std::min(lo[k + i], least[i]);
      hi[k + i] = std::max(hi[k + i], largest[i]);
    }
    for (size_t e = 0; e < edges.size() && most >= edges[e]; e += group) {
      // Behind the last edge nothing hits.
      float some[group];
      for (size_t i = 0; i < group; ++i)
        some[i] = e + i < edges.size() ? edges[e + i] : HUGE_VALF;
      int32_t hits[group * width];
      blockHits(rows.data(), rows.size(), k, some, hits);
      for (size_t i = 0; i < group && e + i < edges.size(); ++i)
        for (int64_t j = 0; j < width; ++j)
          counts[(e + i) * columns + k + j] += hits[i * width + j];
    }
  }
  for (; k < columns; ++k)
    for (const float *row : rows) {
      lo[k] = std::min(lo[k], row[k]);
      hi[k] = std::max(hi[k], row[k]);
      for (size_t e = 0; e < edges.size() && std::fabs(row[k]) >= edges[e]; ++e)
        ++counts[e * columns + k];
    }
}

} // namespace mlir::qopt
