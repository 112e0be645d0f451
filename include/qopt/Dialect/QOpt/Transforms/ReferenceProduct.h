//===- ReferenceProduct.h - what quantization costs one product -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One contraction on sample rows of its activation, quantized in plain C++ with
// the roundings of the kernels, against the same product in float. The report,
// the search for alpha and the ranking of layers all ask this.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_REFERENCEPRODUCT_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_REFERENCEPRODUCT_H

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"

#include <vector>

namespace mlir::qopt {

/// How the product is quantized.
struct ProductScheme {
  SchemeAttr scheme;
  /// Columns of `qopt.outliers`, ascending.
  ArrayRef<int64_t> outliers = {};
  /// s per row of the weight: activation columns are divided by it and weight
  /// rows multiplied. Empty: none. Outlier columns are left out of it.
  ArrayRef<float> factors = {};
  /// Of a static scheme.
  float activationScale = 0;
  int32_t zeroPoint = 0;
};

struct ProductQuality {
  /// 10 log10(signal / noise) in dB, of what becomes codes and of the result.
  /// Infinite without noise.
  double weightSQNR = 0, activationSQNR = 0, outputSQNR = 0;
  /// Of all results as one vector; 1 when both are all 0.
  double cosine = 1;
  /// Largest |y - y^|, and the largest |y| beside it.
  double maxError = 0, maxOutput = 0;
  /// Sums of squares of y and y - y^.
  double signal = 0, noise = 0;
};

/// Ratio in dB; infinite for no noise, 0 for no signal.
double decibels(double signal, double noise);

class ReferenceProduct {
public:
  /// `rows` is [count, weight.k], row-major; both are kept by reference.
  ReferenceProduct(const WeightMatrix &weight, ArrayRef<float> rows);

  int64_t rowCount() const { return count; }
  /// The float product, [count, n].
  ArrayRef<float> product() const { return exact; }
  /// The product as `how` says, [count, n].
  std::vector<float> quantized(const ProductScheme &how) const;
  ProductQuality measure(const ProductScheme &how) const;

private:
  struct Parts;
  void quantizeWeight(const ProductScheme &how, Parts &parts) const;
  void quantizeRows(const ProductScheme &how, Parts &parts) const;
  std::vector<float> run(const ProductScheme &how, Parts &parts) const;

  WeightMatrix weight;
  ArrayRef<float> rows;
  int64_t count;
  std::vector<float> dense; // [k, n]
  std::vector<float> exact; // [count, n]
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_REFERENCEPRODUCT_H
