//===- Statistics.h - what a calibration knows about activations ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streaming, mergeable statistics of each tapped activation: one pass, memory
// that does not depend on the amount of data, results that depend neither on
// the order of the samples nor on how they were split. The file (.qcal) is an
// archive of NumPy arrays, versioned, and names its model by the hash of the
// ONNX file.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_STATISTICS_H
#define QOPT_CALIBRATION_STATISTICS_H

#include "qopt/Calibration/Histogram.h"
#include "qopt/Calibration/RowSketch.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir::qopt {

/// Magnitudes at which hits are counted: 6 * 2^(i/2), i = -8 .. 8, ascending.
/// The half powers of two let a threshold be read after a rescaling of
/// channels.
llvm::ArrayRef<float> exceedanceEdges();

/// The edge at 6.0, the published threshold of outliers.
constexpr unsigned outlierEdge = 8;

/// Statistics of one tap, an activation [rows, columns()].
class ColumnStatistics {
public:
  ColumnStatistics() = default;
  explicit ColumnStatistics(std::string name, int64_t number = 0)
      : name(std::move(name)), number(number) {}

  std::string name;
  /// Place of the tap in the model.
  int64_t number = 0;
  /// Rows that count, and rows left out because the mask marks them as padding.
  uint64_t tokens = 0;
  uint64_t masked = 0;
  /// Per column; 0 without tokens.
  std::vector<float> absmax, lo, hi;

  int64_t columns() const { return absmax.size(); }
  /// #{rows : |x[row, column]| >= exceedanceEdges()[edge]}.
  uint64_t hits(unsigned edge, int64_t column) const {
    return counts[edge * absmax.size() + column];
  }
  /// Of all values, and of the largest magnitude of each row.
  const Histogram &histogram() const { return values; }
  const Histogram &tokenAbsmax() const { return rowAbsmax; }

  /// A sample of the rows, RowSketch::limit(columns()) at most, each with the
  /// number of rows of the data that were equal to it.
  int64_t keptRows() const { return sketch.size(); }
  llvm::ArrayRef<float> keptRow(int64_t i) const { return sketch.row(i); }
  uint64_t keptCount(int64_t i) const { return sketch.count(i); }

  /// The same of the samples that are not in the tenth that is held out, to see
  /// what that tenth still moved.
  struct Base {
    uint64_t tokens = 0;
    std::vector<float> absmax;
    /// At outlierEdge.
    std::vector<uint64_t> hits;
  };
  const Base &base() const { return early; }
  /// Makes all that was added so far the base.
  void setBase();

  /// Adds rows; `padding` is empty or has one entry per row, nonzero for a row
  /// that counts in no statistic. False, with nothing added, when a row that
  /// counts holds NaN or Inf. The first call fixes the number of columns, which
  /// must not change afterwards. Rows whose hash is above `rowBound` are not
  /// kept.
  bool add(const float *data, int64_t rows, int64_t columns,
           llvm::ArrayRef<uint8_t> padding = {},
           uint64_t rowBound = UINT64_MAX);
  uint64_t rowBound() const { return sketch.bound(); }

  /// Adds the statistics of other data for the same tap.
  llvm::Error merge(const ColumnStatistics &other);
  /// Takes all rows out again; name, columns and memory stay.
  void clear();

private:
  friend class StatisticsWriter;
  friend class StatisticsReader;
  void resize(int64_t columns);
  /// Counts that can be above 0.
  size_t reach() const;

  std::vector<uint64_t> counts; // [edge][column]
  Histogram values, rowAbsmax;
  RowSketch sketch;
  Base early;
};

struct Statistics {
  /// SHA-256 of the ONNX file, in hexadecimal.
  std::string modelHash;
  /// Samples that count, those of them in the tenth that is held out, and
  /// samples left out for NaN or Inf in an activation.
  uint64_t samples = 0;
  uint64_t heldOutSamples = 0;
  uint64_t nonfiniteSamples = 0;
  /// Ascending by number.
  std::vector<ColumnStatistics> taps;

  /// The tap of that name, or null.
  const ColumnStatistics *find(llvm::StringRef tap) const;

  /// Adds the statistics of other samples on the same model.
  llvm::Error merge(const Statistics &other);
  llvm::Error merge(const ColumnStatistics &tap);

  /// Through a temporary beside `path`. Equal statistics make equal bytes.
  llvm::Error save(llvm::StringRef path) const;
  static llvm::Expected<Statistics> load(llvm::StringRef path);
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_STATISTICS_H
