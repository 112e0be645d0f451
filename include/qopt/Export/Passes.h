//===- Passes.h - passes of Export ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EXPORT_PASSES_H
#define QOPT_EXPORT_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::qopt {

#define GEN_PASS_DECL
#include "qopt/Export/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Export/Passes.h.inc"

} // namespace mlir::qopt

#endif // QOPT_EXPORT_PASSES_H
