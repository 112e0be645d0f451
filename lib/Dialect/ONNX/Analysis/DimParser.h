//===- DimParser.h - texts of named dims ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters name dims by expressions: "past_sequence_length + sequence_length",
// "decoder_sequence_length + 1", "2*n". Sums of products of names and integers
// are understood; other text is the caller's to treat as one opaque name.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_ANALYSIS_DIMPARSER_H
#define QOPT_LIB_DIALECT_ONNX_ANALYSIS_DIMPARSER_H

#include "qopt/Dialect/ONNX/Analysis/DimExpr.h"

namespace mlir::onnx {

struct ParsedDim {
  bool valid = false;
  // The part over known names; unknown names occur outside of it.
  DimExpr known;
  SmallVector<StringRef> unknown;
  // Factor of the unknown name; 0 if it stands in a product with other names.
  int64_t unknownFactor = 0;
};

// True for text that is one name, or that cannot be taken apart.
bool isDimName(StringRef text);

ParsedDim
parseDim(StringRef text,
         llvm::function_ref<std::optional<DimExpr>(StringRef)> lookup);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_ANALYSIS_DIMPARSER_H
