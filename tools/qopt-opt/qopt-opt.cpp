//===- qopt-opt.cpp - the passes and pipelines of qopt, one by one --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration only. All upstream dialects and passes are there too: they are
// the tools with which a lowering is debugged.
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "qopt/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::qopt::registerAllDialects(registry);
  mlir::qopt::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "qopt pass driver\n", registry));
}
