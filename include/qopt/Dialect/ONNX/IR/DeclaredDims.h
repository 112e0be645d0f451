//===- DeclaredDims.h - dims that a model declares of its values -*- C++
//-*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_DECLAREDDIMS_H
#define QOPT_DIALECT_ONNX_IR_DECLAREDDIMS_H

#include "llvm/ADT/StringRef.h"

namespace mlir::onnx {

// On an op fresh from the importer: an array with an entry per result, a dense
// array of sizes (-1: none declared) or unit. The first onnx-infer-shapes
// compares them with what follows and removes them.
inline constexpr llvm::StringLiteral declaredDimsAttrName = "onnx.declared";

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_IR_DECLAREDDIMS_H
