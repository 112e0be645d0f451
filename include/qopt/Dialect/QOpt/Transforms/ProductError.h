//===- ProductError.h - squared error of quantized products ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far the readers of an activation are from their float results when they
// are quantized in some way, on the sample rows of the statistics. Made for
// searches: one object answers for many factors and lists of outliers.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H

#include "qopt/Calibration/Histogram.h"
#include "qopt/Calibration/Statistics.h"
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
    /// s per column: x / s meets w * s. Empty: 1.
    ArrayRef<float> factors;
    /// Columns that are split off, in any order.
    ArrayRef<int64_t> outliers;
  };

  /// At most so many rows and, evenly spread, columns of each weight are looked
  /// at. With a scale per output channel the error of a column depends on no
  /// other one, so that some of them stand for all.
  struct Limits {
    int64_t rows = 512;
    int64_t columns = 512;
  };

  ProductError(const ColumnStatistics &statistics,
               ArrayRef<ContractionOpInterface> readers, Limits limits);
  ProductError(const ColumnStatistics &statistics,
               ArrayRef<ContractionOpInterface> readers)
      : ProductError(statistics, readers, Limits()) {}

  /// Mean squared error per result, summed over the readers.
  double noise(const Way &way) const;
  /// Mean square of the float results, summed over the readers.
  double signal() const;

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
  double noiseOf(const Reader &reader, const Codes &codes,
                 const Way &way) const;

  const ColumnStatistics &statistics;
  int64_t rows, k;
  std::vector<float> x; // [rows][k]
  std::vector<double> counts;
  std::vector<Reader> readers;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_PRODUCTERROR_H
