//===- ProductError.cpp - squared error of quantized products -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of codes are exact integers, in 16 bits times 16 bits, which every
// x86 multiplies and adds in pairs. The float products are made once. Outlier
// columns meet the original weights, whose rounding to half is left out.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/ProductError.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "qopt/Support/Clones.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

using namespace mlir;

namespace mlir::qopt {

RangeRule rangeRule(const SchemeSpec &recipe, bool symmetric) {
  RangeRule rule;
  switch (recipe.observer) {
  case SchemeSpec::Observer::MinMax:
    rule.observer = RangeRule::Observer::MinMax;
    break;
  case SchemeSpec::Observer::Percentile:
    rule.observer = RangeRule::Observer::Percentile;
    break;
  case SchemeSpec::Observer::MSE:
    rule.observer = RangeRule::Observer::MSE;
    break;
  case SchemeSpec::Observer::Entropy:
    rule.observer = RangeRule::Observer::Entropy;
    break;
  }
  rule.symmetric = symmetric;
  rule.levels = symmetric ? 254 : 255;
  return rule;
}

/// Codes less their zero point, and a scale per row.
struct ProductError::Codes {
  std::vector<int16_t> codes; // [rows][k]
  std::vector<float> scale;
  /// 1 where a column is no outlier.
  std::vector<float> body;
};

/// Sums of products of four rows of x with one row of w.
QOPT_CLONES
static void dotFour(const int16_t *x, int64_t stride, const int16_t *w,
                    int64_t k, int32_t *sums) {
  const int16_t *x0 = x, *x1 = x + stride, *x2 = x + 2 * stride,
                *x3 = x + 3 * stride;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int64_t i = 0; i < k; ++i) {
    int32_t value = w[i];
    s0 += x0[i] * value;
    s1 += x1[i] * value;
    s2 += x2[i] * value;
    s3 += x3[i] * value;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/// The float product, in double and in lanes since the compiler may not
/// reorder.
QOPT_CLONES
static float dotExact(const float *a, const float *b, int64_t k) {
  constexpr int64_t lanes = 8;
  double sums[lanes] = {}, sum = 0;
  int64_t i = 0;
  for (; i + lanes <= k; i += lanes)
    for (int64_t j = 0; j < lanes; ++j)
      sums[j] += double(a[i + j]) * b[i + j];
  for (; i < k; ++i)
    sum += double(a[i]) * b[i];
  for (double part : sums)
    sum += part;
  return float(sum);
}

/// Largest magnitude, in lanes since the compiler may not reorder.
QOPT_CLONES
static float magnitude(const float *values, int64_t count) {
  constexpr int64_t lanes = 16;
  float largest[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int64_t j = 0; j < lanes; ++j) {
      float value = std::fabs(values[i + j]);
      largest[j] = value > largest[j] ? value : largest[j];
    }
  for (; i < count; ++i)
    largest[0] = std::max(largest[0], std::fabs(values[i]));
  return *std::max_element(largest, largest + lanes);
}

QOPT_CLONES
static void multiply(float *out, const float *a, const float *b,
                     int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    out[i] = a[i] * b[i];
}

/// rne(clamp(v * r, lo, hi)) by the addition of 1.5 * 2^23, which rounds to
/// integers to even.
QOPT_CLONES
static void roundTo(int16_t *codes, const float *values, int64_t count, float r,
                    float lo, float hi) {
  constexpr float magic = 12582912.0f;
  for (int64_t i = 0; i < count; ++i) {
    float value = values[i] * r;
    value = value < lo ? lo : value;
    value = value > hi ? hi : value;
    float shifted = value + magic;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    codes[i] = int16_t(bits - 0x4B400000);
  }
}

/// Symmetric codes of a run of values, and their scale.
static float quantizeRun(int16_t *codes, const float *values, int64_t count,
                         float largest) {
  SymmetricScale scale = SymmetricScale::of(largest);
  roundTo(codes, values, count, scale.inverse, -127, 127);
  return scale.scale;
}

/// Codes by a scale and a zero point, less the zero point.
static void quantizeStatic(int16_t *codes, const float *values, int64_t count,
                           StaticScale scale, bool symmetric) {
  float z = float(scale.zeroPoint);
  roundTo(codes, values, count, 1 / scale.scale, symmetric ? -127 : -z,
          symmetric ? 127 : 255 - z);
}

ProductError::ProductError(const SmoothedColumns &statistics,
                           ArrayRef<ContractionOpInterface> readers,
                           Limits limits)
    : statistics(statistics),
      rows(std::min(limits.rows, statistics.keptRows())),
      k(statistics.columns()) {
  // Whole blocks of four rows; the added ones are 0 and count 0 times.
  int64_t padded = (rows + 3) / 4 * 4;
  x.resize(padded * k);
  counts.resize(padded);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < k; ++j)
      x[i * k + j] = statistics.kept(i, j);
    counts[i] = double(statistics.keptCount(i));
    tokens += counts[i];
  }
  rows = padded;
  for (ContractionOpInterface op : readers) {
    std::optional<FloatData> data = FloatData::get(constantWeight(op));
    if (!data)
      continue;
    int64_t n = weightShape(op).second;
    WeightMatrix weight{*data, k, n, op.isWeightTransposed(),
                        float(op.getProductFactor())};
    Reader reader;
    reader.columns = std::min(n, limits.columns);
    reader.rowAbsmax.resize(k);
    raiseToRowAbsmax(op, reader.rowAbsmax);
    reader.weight.resize(reader.columns * k);
    for (int64_t j = 0; j < reader.columns; ++j)
      for (int64_t i = 0; i < k; ++i)
        reader.weight[j * k + i] = weight.at(i, j * n / reader.columns);
    reader.result.resize(rows * reader.columns);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < reader.columns; ++j) {
        const float *a = x.data() + i * k, *b = reader.weight.data() + j * k;
        reader.result[i * reader.columns + j] = dotExact(a, b, k);
      }
    this->readers.push_back(std::move(reader));
  }
}

ProductError::Codes ProductError::quantizeRows(const Way &way) const {
  Codes result;
  result.body.assign(k, 1.0f);
  for (int64_t column : way.outliers)
    result.body[column] = 0;
  std::vector<float> inverse(result.body);
  if (!way.factors.empty())
    for (int64_t i = 0; i < k; ++i)
      inverse[i] /= way.factors[i];
  result.codes.resize(rows * k);
  result.scale.resize(rows);
  if (way.scheme.isWeightOnly())
    return result;
  bool symmetric = !way.scheme.getAsymmetric();
  // A call of unknown rows with one scale is taken for all of the data.
  bool whole = way.scheme.getActivationGranularity() == Granularity::Tensor;
  StaticScale common;
  if (whole) {
    RangeRule rule = rangeRule(way.recipe, symmetric);
    if (way.scheme.getActivationMode() != ActivationMode::Static)
      rule.observer = RangeRule::Observer::MinMax;
    std::vector<float> total(k);
    for (int64_t i = 0; i < k; ++i)
      total[i] =
          statistics.factor(i) * (way.factors.empty() ? 1 : way.factors[i]);
    common =
        way.scale
            ? *way.scale
            : makeStaticScale(chooseStaticRange({statistics.source(), total},
                                                way.outliers, rule),
                              symmetric);
  }
  std::vector<float> v(k);
  for (int64_t t = 0; t < rows; ++t) {
    multiply(v.data(), x.data() + t * k, inverse.data(), k);
    int16_t *codes = result.codes.data() + t * k;
    if (!whole && symmetric) {
      result.scale[t] = quantizeRun(codes, v.data(), k, magnitude(v.data(), k));
      continue;
    }
    StaticScale scale = common;
    if (!whole) {
      auto [lo, hi] = std::minmax_element(v.begin(), v.end());
      scale =
          makeStaticScale({std::min(*lo, 0.0f), std::max(*hi, 0.0f)}, false);
    }
    result.scale[t] = scale.scale;
    quantizeStatic(codes, v.data(), k, scale, symmetric);
  }
  return result;
}

void ProductError::forEachColumn(
    const Reader &reader, const Codes &codes, const Way &way,
    llvm::function_ref<void(int64_t, ArrayRef<double>)> visit) const {
  std::vector<float> factors(codes.body);
  if (!way.factors.empty())
    multiply(factors.data(), codes.body.data(), way.factors.data(), k);
  int64_t group = way.scheme.getWeightGranularity() == Granularity::Group
                      ? way.scheme.getGroupSize()
                      : k;
  float tensor = 0;
  for (int64_t i = 0; i < k; ++i)
    tensor = std::max(tensor, reader.rowAbsmax[i] * factors[i]);
  bool perTensor = way.scheme.getWeightGranularity() == Granularity::Tensor;

  std::vector<float> w(k), sums(rows);
  std::vector<int16_t> q(k);
  std::vector<double> errors(rows);
  for (int64_t j = 0; j < reader.columns; ++j) {
    const float *column = reader.weight.data() + j * k;
    multiply(w.data(), column, factors.data(), k);
    llvm::fill(sums, 0.0f);
    for (int64_t from = 0; from < k; from += group) {
      int64_t count = std::min(group, k - from);
      float scale =
          quantizeRun(q.data() + from, w.data() + from, count,
                      perTensor ? tensor : magnitude(w.data() + from, count));
      if (way.scheme.isWeightOnly()) {
        // Back in the place of what it stands for: x meets w / s * s.
        for (int64_t i = from; i < from + count; ++i)
          w[i] = factors[i] ? float(q[i]) * scale / factors[i] : 0;
        continue;
      }
      for (int64_t t = 0; t < rows; t += 4) {
        int32_t products[4];
        dotFour(codes.codes.data() + t * k + from, k, q.data() + from, count,
                products);
        for (int64_t i = 0; i < 4; ++i)
          sums[t + i] += float(products[i]) * (codes.scale[t + i] * scale);
      }
    }
    for (int64_t t = 0; t < rows; ++t) {
      const float *row = x.data() + t * k;
      double y =
          way.scheme.isWeightOnly() ? dotExact(row, w.data(), k) : sums[t];
      for (int64_t outlier : way.outliers)
        y += double(row[outlier]) * column[outlier];
      errors[t] = double(reader.result[t * reader.columns + j]) - y;
    }
    visit(j, errors);
  }
}

double ProductError::noise(const Way &way) const {
  Codes codes = quantizeRows(way);
  double sum = 0;
  for (const Reader &reader : readers) {
    double total = 0;
    forEachColumn(reader, codes, way, [&](int64_t, ArrayRef<double> errors) {
      for (auto [error, count] : llvm::zip_equal(errors, counts))
        total += count * error * error;
    });
    sum += total / (tokens * double(reader.columns));
  }
  return sum;
}

std::vector<float> ProductError::meanShift(size_t reader,
                                           const Way &way) const {
  Codes codes = quantizeRows(way);
  std::vector<float> result(readers[reader].columns);
  forEachColumn(readers[reader], codes, way,
                [&](int64_t column, ArrayRef<double> errors) {
                  double sum = 0;
                  for (auto [error, count] : llvm::zip_equal(errors, counts))
                    sum += count * error;
                  result[column] = float(sum / tokens);
                });
  return result;
}

double ProductError::signal() const {
  double sum = 0;
  for (const Reader &reader : readers) {
    double total = 0;
    for (int64_t t = 0; t < rows; ++t)
      for (int64_t j = 0; j < reader.columns; ++j) {
        double value = reader.result[t * reader.columns + j];
        total += counts[t] * value * value;
      }
    sum += total / (tokens * double(reader.columns));
  }
  return sum;
}

} // namespace mlir::qopt
