//===- Passes.td - passes of Codegen ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_CODEGEN_PASSES_TD
#define QOPT_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // QOPT_CODEGEN_PASSES_TD
