//===- Passes.h - passes of Codegen ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_CODEGEN_PASSES_H
#define QOPT_CODEGEN_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::qopt {

#define GEN_PASS_DECL
#include "qopt/Codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Codegen/Passes.h.inc"

} // namespace mlir::qopt

#endif // QOPT_CODEGEN_PASSES_H
