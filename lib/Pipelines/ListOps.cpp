//===- ListOps.cpp - qopt --list-ops --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Import/OpList.h"
#include "qopt/Pipelines/Compile.h"

namespace mlir::qopt {

void printSupportedOps(bool markdown) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<onnx::ONNXDialect>();
  printSupportedOps(context, markdown, llvm::outs());
}

} // namespace mlir::qopt
