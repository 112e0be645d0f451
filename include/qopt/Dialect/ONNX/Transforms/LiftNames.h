//===- LiftNames.h - what can be lifted, by name --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_TRANSFORMS_LIFTNAMES_H
#define QOPT_DIALECT_ONNX_TRANSFORMS_LIFTNAMES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::onnx {

// The names that `no-lift` understands: the options of onnx-lift-patterns, and
// `all`.
llvm::ArrayRef<llvm::StringRef> getLiftNames();

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_TRANSFORMS_LIFTNAMES_H
