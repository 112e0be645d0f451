//===- QOptInterfaces.h - what the quantization passes see of an op -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Separate from the dialect, so that other dialects can implement the
// interfaces without depending on qopt's operations.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H
#define QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include <string>

#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h.inc"

#endif // QOPT_DIALECT_QOPT_IR_QOPTINTERFACES_H
