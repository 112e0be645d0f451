//===- ReferenceProduct.cpp - what quantization costs one product ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes are kept as the values that they stand for: their product in float
// differs from the kernels' exact integer sums by float rounding only, far
// below what is measured. Sums run along N, so that wider vectors change no
// bit.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/ReferenceProduct.h"
#include "qopt/Calibration/StaticScale.h"
#include "qopt/Support/Clones.h"
#include "qopt/Support/Half.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace mlir::qopt {

double decibels(double signal, double noise) {
  if (noise == 0)
    return std::numeric_limits<double>::infinity();
  return signal == 0 ? 0 : 10 * std::log10(signal / noise);
}

/// y[count, n] += x[count, k] * w[k, n].
QOPT_CLONES static void multiplyAdd(const float *x, const float *w, float *y,
                                    int64_t count, int64_t k, int64_t n) {
  // A block of weight rows stays in the cache for all rows of x.
  constexpr int64_t block = 32;
  for (int64_t begin = 0; begin < k; begin += block)
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = begin, end = std::min(begin + block, k); i < end; ++i) {
        float factor = x[row * k + i];
        if (factor == 0)
          continue;
        const float *from = w + i * n;
        float *to = y + row * n;
        for (int64_t column = 0; column < n; ++column)
          to[column] += factor * from[column];
      }
}

namespace {

/// Sums of squares of a quantity and of its error.
struct Noise {
  double signal = 0, noise = 0;
  void add(double exact, double value) {
    signal += exact * exact;
    noise += (exact - value) * (exact - value);
  }
};

} // namespace

/// The operands of a quantized product as float: bodies are what codes stand
/// for, tails the outlier columns and the rows that they meet.
struct ReferenceProduct::Parts {
  std::vector<float> activation, weight, tailActivation, tailWeight;
  bool hasTail = false;
  Noise activationNoise, weightNoise;
};

ReferenceProduct::ReferenceProduct(const WeightMatrix &weight,
                                   ArrayRef<float> rows)
    : weight(weight), rows(rows), count(rows.size() / weight.k),
      dense(weight.k * weight.n), exact(count * weight.n, 0.0f) {
  for (int64_t row = 0; row < weight.k; ++row)
    for (int64_t column = 0; column < weight.n; ++column)
      dense[row * weight.n + column] = weight.at(row, column);
  multiplyAdd(rows.data(), dense.data(), exact.data(), count, weight.k,
              weight.n);
}

/// rne(clamp(value * inverse, -127, 127)), as the value that it stands for.
static float symmetric(float value, float inverse, float scale) {
  return std::nearbyint(std::clamp(value * inverse, -127.0f, 127.0f)) * scale;
}

void ReferenceProduct::quantizeWeight(const ProductScheme &how,
                                      Parts &parts) const {
  int64_t k = weight.k, n = weight.n;
  bool listed = how.scheme.hasListedOutliers();
  ArrayRef<int64_t> removed = listed ? how.outliers : ArrayRef<int64_t>();
  ScaleGroups groups{how.scheme.getWeightGranularity() == Granularity::Tensor,
                     how.scheme.getWeightGranularity() == Granularity::Group
                         ? how.scheme.getGroupSize()
                         : k};
  std::vector<int8_t> codes(k * n);
  std::vector<float> scales(groups.count(k, n));
  quantizeMatrix(weight, groups, removed, codes, scales, how.factors);

  std::vector<float> rowFactors(k, 1.0f);
  llvm::copy(how.factors, rowFactors.begin());
  for (int64_t row : removed)
    rowFactors[row] = 0;
  parts.weight.resize(k * n);
  for (int64_t begin = 0; begin < k; begin += groups.rows)
    for (int64_t column = 0; column < n; ++column) {
      float scale =
          scales[groups.perTensor ? 0 : begin / groups.rows * n + column];
      for (int64_t row = begin; row < std::min(begin + groups.rows, k); ++row) {
        int64_t i = row * n + column;
        parts.weight[i] = float(codes[i]) * scale;
        parts.weightNoise.add(dense[i] * rowFactors[row], parts.weight[i]);
      }
    }

  parts.hasTail = how.scheme.getOutliers() != OutlierMode::None;
  if (!parts.hasTail)
    return;
  parts.tailWeight =
      how.scheme.getTail() == TailSource::Codes ? parts.weight : dense;
  if (how.scheme.getTail() == TailSource::Original)
    for (float &value : parts.tailWeight)
      if (std::fabs(value) <= halfMax)
        value = halfToFloat(floatToHalf(value));
}

/// Codes of `values` with one range, written as what they stand for.
static void quantizeRange(MutableArrayRef<float> values,
                          const ProductScheme &how, Noise &noise) {
  bool isStatic = how.scheme.getActivationMode() == ActivationMode::Static;
  float lo = 0, hi = 0;
  for (float value : values) {
    lo = std::min(lo, value);
    hi = std::max(hi, value);
  }
  auto store = [&](float &value, float code) {
    noise.add(value, code);
    value = code;
  };
  if (!how.scheme.getAsymmetric()) {
    SymmetricScale scale = SymmetricScale::of(std::max(hi, -lo));
    if (isStatic)
      scale = {how.activationScale, 1 / how.activationScale};
    for (float &value : values)
      store(value, symmetric(value, scale.inverse, scale.scale));
    return;
  }
  auto [scale, zeroPoint] =
      isStatic ? StaticScale{how.activationScale, how.zeroPoint}
               : makeStaticScale({lo, hi}, false);
  auto zero = float(zeroPoint);
  for (float &value : values)
    store(value,
          (std::clamp(std::nearbyint(value / scale) + zero, 0.0f, 255.0f) -
           zero) *
              scale);
}

void ReferenceProduct::quantizeRows(const ProductScheme &how,
                                    Parts &parts) const {
  int64_t k = weight.k;
  SchemeAttr scheme = how.scheme;
  parts.activation.assign(rows.begin(), rows.end());
  float threshold = scheme.getThreshold().getValueAsDouble();
  std::vector<bool> isTail(k, false);
  for (int64_t column :
       scheme.hasListedOutliers() ? how.outliers : ArrayRef<int64_t>())
    isTail[column] = true;
  if (scheme.getOutliers() == OutlierMode::Dynamic)
    for (size_t i = 0; i < rows.size(); ++i)
      if (std::fabs(rows[i]) >= threshold)
        isTail[i % k] = true;

  if (parts.hasTail)
    parts.tailActivation.assign(rows.size(), 0.0f);
  bool perRow = scheme.getOutliers() == OutlierMode::DynamicRow;
  for (size_t i = 0; i < rows.size(); ++i) {
    float &value = parts.activation[i];
    if (perRow ? std::fabs(value) >= threshold : bool(isTail[i % k])) {
      parts.tailActivation[i] = value;
      value = 0;
    } else if (!how.factors.empty()) {
      value *= 1 / how.factors[i % k];
    }
  }
  if (scheme.isWeightOnly())
    return;
  MutableArrayRef<float> values(parts.activation);
  if (scheme.getActivationGranularity() == Granularity::Tensor)
    return quantizeRange(values, how, parts.activationNoise);
  for (int64_t row = 0; row < count; ++row)
    quantizeRange(values.slice(row * k, k), how, parts.activationNoise);
}

std::vector<float> ReferenceProduct::run(const ProductScheme &how,
                                         Parts &parts) const {
  quantizeWeight(how, parts);
  quantizeRows(how, parts);
  std::vector<float> result(count * weight.n, 0.0f);
  multiplyAdd(parts.activation.data(), parts.weight.data(), result.data(),
              count, weight.k, weight.n);
  if (parts.hasTail)
    multiplyAdd(parts.tailActivation.data(), parts.tailWeight.data(),
                result.data(), count, weight.k, weight.n);
  return result;
}

std::vector<float> ReferenceProduct::quantized(const ProductScheme &how) const {
  Parts parts;
  return run(how, parts);
}

ProductQuality ReferenceProduct::measure(const ProductScheme &how) const {
  Parts parts;
  std::vector<float> result = run(how, parts);
  ProductQuality quality;
  quality.weightSQNR =
      decibels(parts.weightNoise.signal, parts.weightNoise.noise);
  quality.activationSQNR =
      decibels(parts.activationNoise.signal, parts.activationNoise.noise);
  double dot = 0, norm = 0;
  Noise output;
  for (auto [y, approximate] : llvm::zip_equal(exact, result)) {
    output.add(y, approximate);
    dot += double(y) * approximate;
    norm += double(approximate) * approximate;
    quality.maxError =
        std::max(quality.maxError, std::fabs(double(y) - approximate));
    quality.maxOutput = std::max(quality.maxOutput, std::fabs(double(y)));
  }
  quality.signal = output.signal;
  quality.noise = output.noise;
  quality.outputSQNR = decibels(output.signal, output.noise);
  if (output.signal > 0 || norm > 0)
    quality.cosine = output.signal > 0 && norm > 0
                         ? dot / std::sqrt(output.signal * norm)
                         : 0;
  return quality;
}

} // namespace mlir::qopt
