//===- StandardOutput.cpp - the end of what a tool prints -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/StandardOutput.h"

#include "qopt/Support/ExitCodes.h"

#include "llvm/Support/raw_ostream.h"

namespace mlir::qopt {

int finishStandardOutput(int code) {
  llvm::raw_fd_ostream &os = llvm::outs();
  os.flush();
  std::error_code failure = os.error();
  os.clear_error();
  if (!failure || code != ExitOk)
    return code;
  llvm::errs() << "error: standard output: " << failure.message() << "\n";
  return ExitIO;
}

} // namespace mlir::qopt
