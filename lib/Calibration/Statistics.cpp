//===- Statistics.cpp - streaming statistics per column -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts are integers and absmax is a maximum, so that merging is exact and
// does not depend on order. The inner loops run over columns without branches,
// which is what the vectorizer needs.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Statistics.h"
#include "llvm/ADT/STLExtras.h"

#include <cassert>
#include <cmath>

using namespace llvm;

namespace mlir::qopt {

ArrayRef<float> exceedanceEdges() {
  static const std::vector<float> edges = [] {
    std::vector<float> values;
    for (int i = -8; i <= 8; ++i)
      values.push_back(float(6.0 * std::exp2(i / 2.0)));
    return values;
  }();
  return edges;
}

void ColumnStatistics::resize(int64_t columns) {
  absmax.assign(columns, 0);
  counts.assign(exceedanceEdges().size() * columns, 0);
}

/// Largest magnitude of the row; NaN or Inf when it holds one.
static float magnitude(const float *row, int64_t columns) {
  float largest = 0;
  // x * 0 is 0 for finite x and NaN for the others.
  float poison = 0;
  for (int64_t k = 0; k < columns; ++k) {
    largest = std::max(largest, std::fabs(row[k]));
    poison += row[k] * 0.0f;
  }
  return largest + poison;
}

bool ColumnStatistics::add(const float *data, int64_t rows, int64_t columns,
                           ArrayRef<uint8_t> padding) {
  assert(padding.empty() || int64_t(padding.size()) == rows);
  assert(absmax.empty() || this->columns() == columns);
  auto isPadding = [&](int64_t row) {
    return !padding.empty() && padding[row];
  };
  std::vector<float> largest(rows);
  for (int64_t row = 0; row < rows; ++row) {
    largest[row] = magnitude(data + row * columns, columns);
    if (!isPadding(row) && !std::isfinite(largest[row]))
      return false;
  }

  if (absmax.empty())
    resize(columns);
  ArrayRef<float> edges = exceedanceEdges();
  for (int64_t row = 0; row < rows; ++row) {
    if (isPadding(row)) {
      ++masked;
      continue;
    }
    ++tokens;
    const float *x = data + row * columns;
    for (int64_t k = 0; k < columns; ++k)
      absmax[k] = std::max(absmax[k], std::fabs(x[k]));
    for (size_t e = 0; e < edges.size() && largest[row] >= edges[e]; ++e) {
      uint64_t *count = counts.data() + e * columns;
      for (int64_t k = 0; k < columns; ++k)
        count[k] += std::fabs(x[k]) >= edges[e];
    }
  }
  return true;
}

Error ColumnStatistics::merge(const ColumnStatistics &other) {
  if (name != other.name || (!absmax.empty() && !other.absmax.empty() &&
                             columns() != other.columns()))
    return createStringError("statistics of '" + name + "' (" +
                             Twine(columns()) + " columns) and '" + other.name +
                             "' (" + Twine(other.columns()) +
                             ") do not belong together");
  tokens += other.tokens;
  masked += other.masked;
  if (other.absmax.empty())
    return Error::success();
  if (absmax.empty())
    resize(other.columns());
  for (auto [mine, theirs] : zip_equal(absmax, other.absmax))
    mine = std::max(mine, theirs);
  for (auto [mine, theirs] : zip_equal(counts, other.counts))
    mine += theirs;
  return Error::success();
}

const ColumnStatistics *Statistics::find(StringRef tap) const {
  auto it = llvm::find_if(
      taps, [&](const ColumnStatistics &entry) { return entry.name == tap; });
  return it == taps.end() ? nullptr : &*it;
}

Error Statistics::merge(const Statistics &other) {
  if (modelHash != other.modelHash)
    return createStringError("statistics of two models cannot be merged: " +
                             modelHash + " and " + other.modelHash);
  // Which activations a sample reaches is up to the conditions in the graph.
  for (const ColumnStatistics &theirs : other.taps) {
    auto mine = llvm::find_if(taps, [&](const ColumnStatistics &entry) {
      return entry.name == theirs.name;
    });
    if (mine == taps.end())
      taps.push_back(theirs);
    else if (Error error = mine->merge(theirs))
      return error;
  }
  samples += other.samples;
  nonfiniteSamples += other.nonfiniteSamples;
  return Error::success();
}

} // namespace mlir::qopt
