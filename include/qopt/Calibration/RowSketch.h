//===- RowSketch.h - a fixed sample of the rows of an activation ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeps the distinct rows with the smallest hashes of their contents, and how
// often each came. Which rows these are depends on the set of rows only, not on
// order or parts, so sketches of parts add up exactly; and the hash makes them
// a random sample.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_ROWSKETCH_H
#define QOPT_CALIBRATION_ROWSKETCH_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mlir::qopt {

/// Hash of the bytes of a row, the same on every machine.
uint64_t hashRow(llvm::ArrayRef<float> row);

class RowSketch {
public:
  /// Most rows that are kept: 512, fewer (but 64) above 1,024 columns.
  static int64_t limit(int64_t columns);

  int64_t size() const { return entries.size(); }
  llvm::ArrayRef<float> row(int64_t i) const {
    return llvm::ArrayRef<float>(rows).slice(entries[i].slot * columns,
                                             columns);
  }
  /// How many rows of the data were equal to row i.
  uint64_t count(int64_t i) const { return entries[i].count; }

  /// No row whose hash is above can enter; the largest hash while there is
  /// room.
  uint64_t bound() const;

  void add(llvm::ArrayRef<float> row, uint64_t hash, uint64_t count = 1);
  void merge(const RowSketch &other);
  /// Makes it empty, but keeps its memory.
  void clear() { entries.clear(); }

private:
  struct Entry {
    uint64_t hash;
    uint64_t count;
    int64_t slot;
  };
  int64_t columns = 0;
  /// Ascending by hash, then by bytes.
  std::vector<Entry> entries;
  std::vector<float> rows; // [slot][column]
};

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_ROWSKETCH_H
