//===- Report.h - numbers as text and as JSON -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_EVAL_REPORT_H
#define QOPT_TOOLS_QOPT_EVAL_REPORT_H

#include "qopt/Evaluation/Embeddings.h"
#include "qopt/Evaluation/Layerwise.h"
#include "qopt/Evaluation/Metrics.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace evaluate {

/// llama.cpp's lines, of the names that its users know.
void printComparison(llvm::raw_ostream &os,
                     const mlir::qopt::PerplexitySummary &own,
                     const mlir::qopt::ComparisonSummary &comparison);
void printEmbeddings(llvm::raw_ostream &os,
                     const mlir::qopt::EmbeddingSummary &summary);

/// A table, the worst layer first.
void printLayers(llvm::raw_ostream &os,
                 llvm::ArrayRef<mlir::qopt::LayerError> layers);

llvm::json::Object toJSON(const mlir::qopt::PerplexitySummary &summary);
llvm::json::Object toJSON(const mlir::qopt::ComparisonSummary &comparison);
llvm::json::Object toJSON(const mlir::qopt::EmbeddingSummary &summary);
llvm::json::Array toJSON(llvm::ArrayRef<mlir::qopt::LayerError> layers);

} // namespace evaluate

#endif // QOPT_TOOLS_QOPT_EVAL_REPORT_H
