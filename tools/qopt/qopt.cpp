//===- qopt.cpp - from an ONNX model to a shared library ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Process.h"

#include "qopt/Support/ExitCodes.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir::qopt;

int main(int argc, char **argv) {
  DriverOptions options;
  options.compile.executablePath = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&runParent));
  if (!parseCommandLine(argc, argv, options))
    return ExitUsage;
  if (options.listOps != ListOps::No)
    return printSupportedOps(options.listOps == ListOps::Markdown);
  return options.isWorker ? runWorker(options) : runParent(argc, argv, options);
}
