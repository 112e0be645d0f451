//===- WriteFile.cpp - a file in one piece --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/WriteFile.h"

#include "llvm/Support/raw_ostream.h"

namespace mlir::qopt {

std::error_code writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return code;
  os.write(bytes.data(), bytes.size());
  os.close();
  code = os.error();
  os.clear_error();
  return code;
}

} // namespace mlir::qopt
