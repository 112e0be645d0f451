//===- StatisticsFile.h - names in a statistics file -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/calibration.md describes the format.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CALIBRATION_STATISTICSFILE_H
#define QOPT_LIB_CALIBRATION_STATISTICSFILE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace mlir::qopt {

constexpr llvm::StringRef metaName = "meta.json";
constexpr llvm::StringRef formatName = "qopt-calibration";
/// Of the format, and of what the numbers mean.
constexpr int64_t formatVersion = 1, observerVersion = 1;

} // namespace mlir::qopt

#endif // QOPT_LIB_CALIBRATION_STATISTICSFILE_H
