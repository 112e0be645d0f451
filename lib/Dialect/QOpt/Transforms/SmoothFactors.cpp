//===- SmoothFactors.cpp - how far each column is smoothed ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Powers are taken in double, so that s does not depend on the C library's
// float functions to more than its own rounding.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace mlir::qopt {

void raiseToRowAbsmax(ContractionOpInterface op, MutableArrayRef<float> wx) {
  auto [k, n] = weightShape(op);
  std::optional<FloatData> data = FloatData::get(constantWeight(op));
  if (!data)
    return;
  bool transposed = op.isWeightTransposed();
  int64_t width = transposed ? k : n;
  float factor = std::fabs(float(op.getProductFactor()));
  for (int64_t i = 0, e = data->size(); i < e; ++i) {
    float value = factor * std::fabs((*data)[i]);
    float &largest = wx[transposed ? i % width : i / width];
    // Once NaN, always NaN.
    if (!(value <= largest) && !std::isnan(largest))
      largest = value;
  }
}

SmallVector<float> smoothingFactors(ArrayRef<float> ax, ArrayRef<float> wx,
                                    double alpha) {
  constexpr double least = 1e-5;
  SmallVector<float> factors;
  for (auto [a, w] : llvm::zip_equal(ax, wx)) {
    double weight = std::max(double(w), least);
    double s = std::max(least, std::pow(double(a), alpha) /
                                   std::pow(weight, 1 - alpha));
    bool usable =
        a > 0 && std::isfinite(a) && std::isfinite(w) &&
        s * std::max(weight, 1.0) <= std::numeric_limits<float>::max();
    factors.push_back(usable ? float(s) : 1.0f);
  }
  return factors;
}

SmallVector<float> factorsOfColumns(ArrayRef<float> factors,
                                    ArrayRef<int32_t> of) {
  SmallVector<float> result;
  for (int32_t factor : of)
    result.push_back(factor == ScaleLayout::none ? 1.0f : factors[factor]);
  return result;
}

Value makeScaledWeight(ContractionOpInterface op, ArrayRef<float> factors,
                       OpBuilder &builder) {
  Value weight = op.getWeight();
  FloatData data = *FloatData::get(constantWeight(op));
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t width = type.getShape()[1], count = type.getNumElements();
  AsmResourceBlob blob = allocateBlob(count * sizeof(float));
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  bool transposed = op.isWeightTransposed();
  for (int64_t i = 0; i < count; ++i)
    out[i] = data[i] * factors[transposed ? i % width : i / width];
  Operation *constant = weight.getDefiningOp();
  return op.buildConstant(
      builder, constant->getLoc(),
      makeElements(type, (constantName(constant) + ".smooth").str(),
                   std::move(blob)));
}

} // namespace mlir::qopt
