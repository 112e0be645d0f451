//===- Branches.h - graphs of an If that differ in rank ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A type has one rank. Two ways to write an If so that it has, too.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_ONNX_TRANSFORMS_BRANCHES_H
#define QOPT_LIB_DIALECT_ONNX_TRANSFORMS_BRANCHES_H

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"

namespace mlir::onnx {

// Torch writes x.squeeze(dim) as If(dim is 1) { Squeeze(x) } else { x }. Code
// that squeezes counts on it: the condition that leads there is assumed, with a
// warning, and its Squeeze ends a run in which the dim is not 1.
std::optional<bool> assumeSqueeze(const ShapeAnalysis &analysis, IfOp op);

// Gives the value of lower rank leading dims of 1, where that cannot be seen:
// every use broadcasts the result with a value of at least the higher rank.
// Returns whether it changed anything.
bool alignBranchRanks(const ShapeAnalysis &analysis, IfOp op);

} // namespace mlir::onnx

#endif // QOPT_LIB_DIALECT_ONNX_TRANSFORMS_BRANCHES_H
