//===- QuantizeWeights.cpp - codes and scales of a weight matrix ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops run along the storage of the source, whichever way it lies: weights are
// read once, at the speed of memory.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "qopt/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace mlir::qopt {

std::optional<int64_t> findNonfinite(const WeightMatrix &weight) {
  for (int64_t i = 0, e = weight.data.size(); i < e; ++i)
    if (!std::isfinite(weight.factor * weight.data[i]))
      return i;
  return std::nullopt;
}

/// Calls visit(row, column, value) for all elements, in the order of storage.
template <typename Visit>
static void forEachElement(const WeightMatrix &weight, Visit visit) {
  if (weight.transposed) {
    for (int64_t column = 0; column < weight.n; ++column)
      for (int64_t row = 0; row < weight.k; ++row)
        visit(row, column,
              weight.factor * weight.data[column * weight.k + row]);
    return;
  }
  for (int64_t row = 0; row < weight.k; ++row)
    for (int64_t column = 0; column < weight.n; ++column)
      visit(row, column, weight.factor * weight.data[row * weight.n + column]);
}

/// Round to nearest, ties to even, of a value within [-127, 127]: at 1.5 * 2^23
/// floats are integers, so that the addition rounds. nearbyintf would be a call
/// per element on a baseline x86-64.
static int8_t roundToCode(float value) {
  constexpr float magic = 12582912.0f;
  return int8_t(int32_t((value + magic) - magic));
}

int64_t quantizeMatrix(const WeightMatrix &weight, const ScaleGroups &groups,
                       ArrayRef<int64_t> removed, MutableArrayRef<int8_t> codes,
                       MutableArrayRef<float> scales, ArrayRef<float> factors) {
  // 0 for a removed row, 1 without factors: a product with it is exact.
  std::vector<float> rows(weight.k, 1.0f);
  llvm::copy(factors, rows.begin());
  for (int64_t row : removed)
    rows[row] = 0;
  // The scale of an element is at firstScale[row] + column * step.
  std::vector<int64_t> firstScale(weight.k, 0);
  int64_t step = groups.perTensor ? 0 : 1;
  for (int64_t row = 0; step && row < weight.k; ++row)
    firstScale[row] = row / groups.rows * weight.n;

  int64_t count = groups.count(weight.k, weight.n);
  std::vector<float> absmax(count, 0.0f);
  forEachElement(weight, [&](int64_t row, int64_t column, float value) {
    float &most = absmax[firstScale[row] + column * step];
    most = std::max(most, std::fabs(value) * rows[row]);
  });

  int64_t zeros = 0;
  std::vector<float> inverse(count);
  for (int64_t i = 0; i < count; ++i) {
    zeros += absmax[i] < tinyAbsmax;
    SymmetricScale scale = SymmetricScale::of(absmax[i]);
    scales[i] = scale.scale;
    inverse[i] = scale.inverse;
  }

  forEachElement(weight, [&](int64_t row, int64_t column, float value) {
    float scaled = value * rows[row] * inverse[firstScale[row] + column * step];
    codes[row * weight.n + column] =
        roundToCode(std::min(std::max(scaled, -127.0f), 127.0f));
  });
  return zeros;
}

int64_t quantizeColumns(const WeightMatrix &weight, ArrayRef<int64_t> removed,
                        MutableArrayRef<int8_t> codes,
                        MutableArrayRef<float> scales,
                        ArrayRef<float> factors) {
  ScaleGroups columns{/*perTensor=*/false, weight.k};
  return quantizeMatrix(weight, columns, removed, codes, scales, factors);
}

bool fitsHalf(const WeightMatrix &weight, ArrayRef<int64_t> rows) {
  for (int64_t row : rows)
    for (int64_t column = 0; column < weight.n; ++column)
      if (std::fabs(weight.at(row, column)) > halfMax)
        return false;
  return true;
}

void copyRowsHalf(const WeightMatrix &weight, ArrayRef<int64_t> rows,
                  MutableArrayRef<uint16_t> out) {
  size_t i = 0;
  for (int64_t row : rows)
    for (int64_t column = 0; column < weight.n; ++column)
      out[i++] = floatToHalf(weight.at(row, column));
}

void copyRowsFloat(const WeightMatrix &weight, ArrayRef<int64_t> rows,
                   MutableArrayRef<float> out) {
  size_t i = 0;
  for (int64_t row : rows)
    for (int64_t column = 0; column < weight.n; ++column)
      out[i++] = weight.at(row, column);
}

} // namespace mlir::qopt
