//===- QuantizeWeights.h - codes and scales of a weight matrix ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Symmetric 8-bit quantization per output channel, group of rows or tensor,
// with the arithmetic fixed to the last bit: scale = absmax / 127 and r = 127 /
// absmax, one IEEE division each, code = rne(clamp(w * r, -127, 127)).
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEWEIGHTS_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEWEIGHTS_H

#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

namespace mlir::qopt {

/// A matrix [K, N] over data that may be stored as [N, K].
struct WeightMatrix {
  FloatData data;
  int64_t k = 0, n = 0;
  bool transposed = false;
  /// Factor of the product (Gemm's alpha), taken into the weight.
  float factor = 1;

  float at(int64_t row, int64_t column) const {
    return factor * data[transposed ? column * k + row : row * n + column];
  }
  /// Index of the element in the tensor as it is stored.
  std::pair<int64_t, int64_t> stored(int64_t index) const {
    int64_t width = transposed ? k : n;
    return {index / width, index % width};
  }
};

/// The first element, in the order of storage, that is NaN or infinite.
std::optional<int64_t> findNonfinite(const WeightMatrix &weight);

/// An absmax below this counts as zero: above it the scale is a normal number
/// and the factor 127 / absmax is finite.
constexpr float tinyAbsmax = 127 * 1.17549435e-38f;

/// Of symmetric codes: what a code stands for, and what a value is multiplied
/// by to get one. A tiny absmax has scale 1 and codes 0.
struct SymmetricScale {
  float scale = 1, inverse = 0;

  static SymmetricScale of(float absmax) {
    if (absmax < tinyAbsmax)
      return {};
    return {absmax / 127.0f, 127.0f / absmax};
  }
};

/// Which elements of a matrix [K, N] share a scale.
struct ScaleGroups {
  /// One scale for all; else one for each column of `rows` rows.
  bool perTensor = false;
  int64_t rows = 0;

  int64_t count(int64_t k, int64_t n) const {
    return perTensor ? 1 : (k + rows - 1) / rows * n;
  }
};

/// Fills codes [K, N] and scales [count], row by row of groups. The rows
/// `removed` (ascending) get codes 0 and are no part of absmax; row k counts as
/// multiplied by factors[k] where there are factors. Returns the number of
/// scales whose absmax counts as zero: they are 1, and the codes 0.
int64_t quantizeMatrix(const WeightMatrix &weight, const ScaleGroups &groups,
                       ArrayRef<int64_t> removed, MutableArrayRef<int8_t> codes,
                       MutableArrayRef<float> scales,
                       ArrayRef<float> factors = {});

/// The same with one scale per column, [N].
int64_t quantizeColumns(const WeightMatrix &weight, ArrayRef<int64_t> removed,
                        MutableArrayRef<int8_t> codes,
                        MutableArrayRef<float> scales,
                        ArrayRef<float> factors = {});

/// Whether all elements of these rows stay finite in half precision.
bool fitsHalf(const WeightMatrix &weight, ArrayRef<int64_t> rows);

/// The rows as [rows.size(), N], in half precision or as they are.
void copyRowsHalf(const WeightMatrix &weight, ArrayRef<int64_t> rows,
                  MutableArrayRef<uint16_t> out);
void copyRowsFloat(const WeightMatrix &weight, ArrayRef<int64_t> rows,
                   MutableArrayRef<float> out);

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEWEIGHTS_H
