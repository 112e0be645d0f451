//===- Names.h - names out of a model, made safe to print -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models name their nodes, tensors and dims as they like: newlines, terminal
// escapes and a megabyte of text among them. Every message shows such a name
// through this function.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_NAMES_H
#define QOPT_SUPPORT_NAMES_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir::qopt {

/// `name` in single quotes; control characters, quotes, backslashes,
/// bidirectional overrides and bytes that are not UTF-8 as escapes; cut with
/// "..." after `limit` bytes.
std::string quoteName(llvm::StringRef name, size_t limit = 200);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_NAMES_H
