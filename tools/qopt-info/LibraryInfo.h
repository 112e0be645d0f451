//===- LibraryInfo.h - what is in a model.so --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_INFO_LIBRARYINFO_H
#define QOPT_TOOLS_QOPT_INFO_LIBRARYINFO_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

namespace qopt_info {

/// Prints signature, sizes and hash of the library at `path` on stdout, and
/// returns the exit code of the tool. The library is loaded, no model opened.
int printLibrary(llvm::StringRef path, bool asJson);

} // namespace qopt_info

#endif // QOPT_TOOLS_QOPT_INFO_LIBRARYINFO_H
