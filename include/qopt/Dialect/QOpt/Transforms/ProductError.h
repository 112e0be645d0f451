//===- ProductError.h - squared error of quantized products ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far the readers of an activation are from their float results when they
// are quantized in some way, on the sample rows of the statistics. Made for
// searches: one object answers for many factors and lists of outliers.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H

#include "qopt/Calibration/StaticScale.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"

namespace mlir::qopt {

/// The rule for static ranges of a recipe.
RangeRule rangeRule(const SchemeSpec &recipe, bool symmetric);

class ProductError {
public:
  struct Way {
    SchemeAttr scheme;
    const SchemeSpec &recipe;
    /// s per column of the quantize step: x / s meets w * s. Empty: 1.
    ArrayRef<float> factors;
    /// Columns that are split off, in any order.
    ArrayRef<int64_t> outliers;
    /// Of static activations; none: as the recipe's observer says.
    std::optional<StaticScale> scale = std::nullopt;
  };

  /// At most so many rows and, evenly spread, columns of each weight are looked
  /// at. With a scale per output channel the error of a column depends on no
  /// other one, so that some of them stand for all.
  struct Limits {
    int64_t rows = 512;
    int64_t columns = 512;
  };
  static constexpr int64_t noLimit = INT64_MAX;

  /// `statistics` is what the weights meet as they are now: behind factors that
  /// were folded into the operation in front. It refers to data that must stay.
  ProductError(const SmoothedColumns &statistics,
               ArrayRef<ContractionOpInterface> readers, Limits limits);
  ProductError(const SmoothedColumns &statistics,
               ArrayRef<ContractionOpInterface> readers)
      : ProductError(statistics, readers, Limits()) {}

  /// Mean squared error per result, summed over the readers.
  double noise(const Way &way) const;
  /// Mean square of the float results, summed over the readers.
  double signal() const;
  /// Mean of (float result - quantized result) for each column of the reader.
  std::vector<float> meanShift(size_t reader, const Way &way) const;

private:
  /// One reader: weight columns [columns][k], results [rows][columns].
  struct Reader {
    int64_t columns;
    std::vector<float> weight, result;
    /// Largest magnitude in each row of the whole weight.
    std::vector<float> rowAbsmax;
  };
  struct Codes;
  Codes quantizeRows(const Way &way) const;
  void forEachColumn(
      const Reader &reader, const Codes &codes, const Way &way,
      llvm::function_ref<void(int64_t, ArrayRef<double>)> visit) const;

  SmoothedColumns statistics;
  int64_t rows, k;
  std::vector<float> x; // [rows][k]
  std::vector<double> counts;
  /// Sum of the counts.
  double tokens = 0;
  std::vector<Reader> readers;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H
