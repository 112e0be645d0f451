//===- Statistics.cpp - streaming statistics per column -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts are integers and everything else is a minimum or a maximum, so that
// merging is exact and does not depend on order.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Statistics.h"
#include "Columns.h"
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
  for (std::vector<float> *field : {&absmax, &lo, &hi, &early.absmax})
    field->assign(columns, 0);
  counts.assign(exceedanceEdges().size() * columns, 0);
  early.hits.assign(columns, 0);
}

bool ColumnStatistics::add(const float *data, int64_t rows, int64_t columns,
                           ArrayRef<uint8_t> padding, uint64_t rowBound) {
  assert(padding.empty() || int64_t(padding.size()) == rows);
  assert(absmax.empty() || this->columns() == columns);
  auto isPadding = [&](int64_t row) {
    return !padding.empty() && padding[row];
  };
  std::vector<float> largest;
  std::vector<const float *> counted;
  for (int64_t row = 0; row < rows; ++row) {
    if (isPadding(row))
      continue;
    counted.push_back(data + row * columns);
    largest.push_back(magnitudeOf(counted.back(), columns));
    if (!std::isfinite(largest.back()))
      return false;
  }

  if (absmax.empty())
    resize(columns);
  masked += rows - counted.size();
  if (counted.empty())
    return true;
  if (tokens == 0) {
    llvm::fill(lo, HUGE_VALF);
    llvm::fill(hi, -HUGE_VALF);
  }
  tokens += counted.size();
  rowAbsmax.add(largest);
  addToColumns(counted, columns, lo.data(), hi.data(), counts.data());
  for (const float *row : counted) {
    ArrayRef<float> x(row, columns);
    values.add(x);
    uint64_t hash = hashRow(x);
    if (hash <= rowBound)
      sketch.add(x, hash);
  }
  for (int64_t k = 0; k < columns; ++k) {
    // -0 and 0 are equal: which one was seen first must not show.
    lo[k] += 0.0f;
    hi[k] += 0.0f;
    absmax[k] = std::max(-lo[k], hi[k]) + 0.0f;
  }
  return true;
}

size_t ColumnStatistics::reach() const {
  ArrayRef<float> edges = exceedanceEdges();
  float most = values.absmax();
  return llvm::count_if(edges, [&](float edge) { return edge <= most; }) *
         absmax.size();
}

void ColumnStatistics::clear() {
  std::fill_n(counts.begin(), reach(), 0);
  tokens = masked = early.tokens = 0;
  for (std::vector<float> *field : {&absmax, &lo, &hi, &early.absmax})
    llvm::fill(*field, 0.0f);
  llvm::fill(early.hits, 0);
  values.clear();
  rowAbsmax.clear();
  sketch.clear();
}

void ColumnStatistics::setBase() {
  early.tokens = tokens;
  early.absmax = absmax;
  early.hits.assign(counts.begin() + outlierEdge * columns(),
                    counts.begin() + (outlierEdge + 1) * columns());
}

Error ColumnStatistics::merge(const ColumnStatistics &other) {
  if (name != other.name || (!absmax.empty() && !other.absmax.empty() &&
                             columns() != other.columns()))
    return createStringError("statistics of '" + name + "' (" +
                             Twine(columns()) + " columns) and '" + other.name +
                             "' (" + Twine(other.columns()) +
                             ") do not belong together");
  masked += other.masked;
  if (other.absmax.empty())
    return Error::success();
  if (absmax.empty())
    resize(other.columns());
  if (other.tokens == 0)
    return Error::success();
  bool first = tokens == 0;
  tokens += other.tokens;
  for (int64_t k = 0; k < columns(); ++k) {
    lo[k] = first ? other.lo[k] : std::min(lo[k], other.lo[k]);
    hi[k] = first ? other.hi[k] : std::max(hi[k], other.hi[k]);
    absmax[k] = std::max(absmax[k], other.absmax[k]);
    early.absmax[k] = std::max(early.absmax[k], other.early.absmax[k]);
    early.hits[k] += other.early.hits[k];
  }
  early.tokens += other.early.tokens;
  for (size_t i = 0, end = other.reach(); i < end; ++i)
    counts[i] += other.counts[i];
  values.merge(other.values);
  rowAbsmax.merge(other.rowAbsmax);
  sketch.merge(other.sketch);
  return Error::success();
}

const ColumnStatistics *Statistics::find(StringRef tap) const {
  auto it = llvm::find_if(
      taps, [&](const ColumnStatistics &entry) { return entry.name == tap; });
  return it == taps.end() ? nullptr : &*it;
}

Error Statistics::merge(const ColumnStatistics &tap) {
  auto mine = llvm::lower_bound(
      taps, tap, [](const ColumnStatistics &a, const ColumnStatistics &b) {
        return a.number < b.number;
      });
  if (mine != taps.end() && mine->number == tap.number)
    return mine->merge(tap);
  taps.insert(mine, tap);
  return Error::success();
}

Error Statistics::merge(const Statistics &other) {
  if (modelHash != other.modelHash)
    return createStringError("statistics of two models cannot be merged: " +
                             modelHash + " and " + other.modelHash);
  // Which activations a sample reaches is up to the conditions in the graph.
  for (const ColumnStatistics &tap : other.taps)
    if (Error error = merge(tap))
      return error;
  samples += other.samples;
  heldOutSamples += other.heldOutSamples;
  nonfiniteSamples += other.nonfiniteSamples;
  return Error::success();
}

} // namespace mlir::qopt
