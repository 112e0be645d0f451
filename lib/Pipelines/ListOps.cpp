//===- ListOps.cpp - qopt --list-ops --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"
#include "qopt/Import/OpList.h"
#include "qopt/Pipelines/Compile.h"
#include "qopt/Support/ExitCodes.h"

namespace mlir::qopt {

int printSupportedOps(bool markdown) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<onnx::ONNXDialect>();
  printSupportedOps(context, markdown, llvm::outs());
  llvm::outs().flush();
  // A full disk or a closed pipe must not look like a short list.
  bool written = !llvm::outs().has_error();
  llvm::outs().clear_error();
  return written ? ExitOk : ExitIO;
}

} // namespace mlir::qopt
