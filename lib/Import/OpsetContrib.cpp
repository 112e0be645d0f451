//===- OpsetContrib.cpp - domains other than ai.onnx ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators of com.microsoft, as onnxruntime-genai and ONNX Runtime's fusions
// write them, and of ai.onnx.preview. Their decoders make basic operators.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"com.microsoft.SimplifiedLayerNormalization", 1, 2, 2, 1, 2,
     "axis:i epsilon:f stash_type:i", decodeSimplifiedLayerNormalization},
};
} // namespace

ArrayRef<OpForm> contribForms() { return table; }

} // namespace mlir::qopt::importer
