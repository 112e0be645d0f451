//===- CollectReport.h - what a compile can say about itself ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_COLLECTREPORT_H
#define QOPT_LIB_PIPELINES_COLLECTREPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "qopt/Report/Report.h"

namespace mlir::qopt {

/// Everything about the layers, from the module where its plan stands. The
/// error of each product is measured on rows that the statistics (a file, or
/// empty) hold. Failures are diagnostics.
FailureOr<ReportData> collectReport(ModuleOp module, unsigned floatWeightBits,
                                    StringRef statistics);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_COLLECTREPORT_H
