//===- WriteFile.h - a file in one piece ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_SUPPORT_WRITEFILE_H
#define QOPT_SUPPORT_WRITEFILE_H

#include "llvm/ADT/StringRef.h"

#include <system_error>

namespace mlir::qopt {

/// Makes or overwrites the file; for files of a private directory. What users
/// named is written with AtomicFile. An error of the last byte is seen too.
std::error_code writeFile(llvm::StringRef path, llvm::StringRef bytes);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_WRITEFILE_H
