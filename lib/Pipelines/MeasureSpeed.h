//===- MeasureSpeed.h - a library against its float form --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_MEASURESPEED_H
#define QOPT_LIB_PIPELINES_MEASURESPEED_H

#include "qopt/Calibration/Samples.h"
#include "qopt/Report/Report.h"

namespace mlir::qopt {

/// Runs both on the first sample of the data, in turns, so that what disturbs
/// one disturbs the other; medians.
llvm::Expected<ReportSpeed> measureSpeed(llvm::StringRef quantized,
                                         llvm::StringRef reference,
                                         llvm::StringRef data,
                                         const SampleOptions &options,
                                         unsigned threads);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_MEASURESPEED_H
