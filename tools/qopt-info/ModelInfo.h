//===- ModelInfo.h - what is in a model.onnx --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_INFO_MODELINFO_H
#define QOPT_TOOLS_QOPT_INFO_MODELINFO_H

#include "llvm/ADT/StringRef.h"

namespace qopt_info {

/// Prints signature, operators and parameters of the ONNX file at `path` on
/// stdout, with what qopt does not support, and returns the exit code.
int printModel(llvm::StringRef path, bool asJson);

} // namespace qopt_info

#endif // QOPT_TOOLS_QOPT_INFO_MODELINFO_H
