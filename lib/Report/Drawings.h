//===- Drawings.h - small pictures as inline SVG ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Colours come from the style of the page, by class, so that they follow its
// light and dark form.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_REPORT_DRAWINGS_H
#define QOPT_LIB_REPORT_DRAWINGS_H

#include "qopt/Report/Report.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::qopt {

/// `text` for the content or a quoted attribute of an element.
std::string escapeHTML(llvm::StringRef text);

/// A name out of a model: control and direction characters made visible, cut
/// after 200 bytes, escaped.
std::string escapeName(llvm::StringRef name);

/// "0.25", "1.2e-05": four digits at most.
std::string shortNumber(double value);

/// Bars with a logarithmic height, so that tails can be seen. `marks`:
/// magnitudes at which lines are drawn, on both sides.
std::string drawHistogram(const ReportHistogram &histogram,
                          llvm::StringRef title,
                          const std::vector<double> &marks);

/// Largest magnitude per column, outliers in another colour.
std::string drawColumns(const ReportLayer &layer);

/// Share of each scheme in the bytes behind the plan.
std::string drawSchemes(const ReportData &data);

/// What it would cost and buy to keep further layers in float, the best first;
/// empty without measured errors.
std::string drawPareto(const ReportData &data);

} // namespace mlir::qopt

#endif // QOPT_LIB_REPORT_DRAWINGS_H
