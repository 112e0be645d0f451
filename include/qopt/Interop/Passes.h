//===- Passes.h - passes of Interop ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_INTEROP_PASSES_H
#define QOPT_INTEROP_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt {

#define GEN_PASS_DECL
#include "qopt/Interop/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qopt/Interop/Passes.h.inc"

} // namespace mlir::qopt

#endif // QOPT_INTEROP_PASSES_H
