//===- Statistics.h - what a calibration knows about activations ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streaming, mergeable statistics per column of each tapped activation: one
// pass, memory that does not depend on the amount of data, sums that do not
// depend on how the data was split. The file is JSON, versioned, and names its
// model by the hash of the ONNX file.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_STATISTICS_H
#define QOPT_CALIBRATION_STATISTICS_H

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

/// Statistics of one tap, an activation [rows, columns()].
class ColumnStatistics {
public:
  ColumnStatistics() = default;
  explicit ColumnStatistics(std::string name) : name(std::move(name)) {}

  std::string name;
  /// Rows that count, and rows left out because the mask marks them as padding.
  uint64_t tokens = 0;
  uint64_t masked = 0;
  /// Per column.
  std::vector<float> absmax;

  int64_t columns() const { return absmax.size(); }
  /// #{rows : |x[row, column]| >= exceedanceEdges()[edge]}.
  uint64_t hits(unsigned edge, int64_t column) const {
    return counts[edge * absmax.size() + column];
  }

  /// Adds rows; `padding` is empty or has one entry per row, nonzero for a row
  /// that counts in no statistic. False, with nothing added, when a row that
  /// counts holds NaN or Inf. The first call fixes the number of columns, which
  /// must not change afterwards.
  bool add(const float *data, int64_t rows, int64_t columns,
           llvm::ArrayRef<uint8_t> padding = {});

  /// Adds the statistics of other data for the same tap.
  llvm::Error merge(const ColumnStatistics &other);

private:
  friend struct Statistics;
  void resize(int64_t columns);
  std::vector<uint64_t> counts; // [edge][column]
};

struct Statistics {
  /// SHA-256 of the ONNX file, in hexadecimal.
  std::string modelHash;
  /// Samples that count, and samples left out for NaN or Inf in an activation.
  uint64_t samples = 0;
  uint64_t nonfiniteSamples = 0;
  std::vector<ColumnStatistics> taps;

  /// The tap of that name, or null.
  const ColumnStatistics *find(llvm::StringRef tap) const;

  /// Adds the statistics of other samples on the same model.
  llvm::Error merge(const Statistics &other);

  std::string toJSON() const;
  /// `path` is named in errors only.
  static llvm::Expected<Statistics> fromJSON(llvm::StringRef text,
                                             llvm::StringRef path);

  llvm::Error save(llvm::StringRef path) const;
  static llvm::Expected<Statistics> load(llvm::StringRef path);
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_STATISTICS_H
