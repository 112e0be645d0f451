//===- Page.h - the parts of the page --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_REPORT_PAGE_H
#define QOPT_LIB_REPORT_PAGE_H

#include "qopt/Report/Report.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::qopt {

llvm::StringRef pageStyle();
/// Sorts, filters and opens rows; nothing else.
llvm::StringRef pageScript();

/// The table of the layers, each with what opens below it.
std::string layerTable(const ReportData &data);

/// "38.2 dB", "exact" for infinity.
std::string decibelText(double value);

} // namespace mlir::qopt

#endif // QOPT_LIB_REPORT_PAGE_H
