//===- qopt.cpp - from an ONNX model to a shared library ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Process.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/StandardOutput.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir::qopt;

int main(int argc, char **argv) {
  DriverOptions options;
  options.compile.executablePath = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&runParent));
  if (!parseCommandLine(argc, argv, options))
    return ExitUsage;
  int code = ExitOk;
  if (options.listOps != ListOps::No)
    printSupportedOps(options.listOps == ListOps::Markdown);
  else if (options.isWorker)
    code = runWorker(options);
  else
    code = runParent(argc, argv, options);
  return finishStandardOutput(code);
}
