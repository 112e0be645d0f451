//===- Info.h - what is in a statistics file --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_CALIB_INFO_H
#define QOPT_TOOLS_QOPT_CALIB_INFO_H

#include "qopt/Calibration/Statistics.h"

namespace qopt_calib {

void printInfo(const mlir::qopt::Statistics &statistics, bool json);

} // namespace qopt_calib

#endif // QOPT_TOOLS_QOPT_CALIB_INFO_H
