//===- Columns.h - extremes and hits of columns ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CALIBRATION_COLUMNS_H
#define QOPT_LIB_CALIBRATION_COLUMNS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace mlir::qopt {

/// Largest magnitude of the row; NaN or Inf when it holds one.
float magnitudeOf(const float *row, int64_t columns);

/// Adds finite rows to the extremes, lo and hi, and to the counts
/// [edge][column] of magnitudes at or above exceedanceEdges().
void addToColumns(llvm::ArrayRef<const float *> rows, int64_t columns,
                  float *lo, float *hi, uint64_t *counts);

} // namespace mlir::qopt

#endif // QOPT_LIB_CALIBRATION_COLUMNS_H
