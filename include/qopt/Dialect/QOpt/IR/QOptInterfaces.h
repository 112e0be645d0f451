//===- QOptInterfaces.h - what the quantization passes see of an op -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Separate from the dialect, so that other dialects can implement the
// interfaces without depending on qopt's operations.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H
#define QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"
#include "qopt/Dialect/QOpt/IR/ScaleLayout.h"
#include <string>

namespace mlir::qopt {

/// What contractions do that say nothing else: a sum and a constant of `arith`.
Value buildArithSum(OpBuilder &builder, Value a, Value b);
Value buildArithConstant(OpBuilder &builder, Location loc, ElementsAttr value);

} // namespace mlir::qopt

#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h.inc"

#endif // QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H
