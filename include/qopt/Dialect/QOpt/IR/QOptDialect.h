//===- QOptDialect.h - the qopt dialect, its attributes and operations ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_QOPTDIALECT_H
#define QOPT_DIALECT_QOPT_IR_QOPTDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"

#include "qopt/Dialect/QOpt/IR/QOptDialect.h.inc"
#include "qopt/Dialect/QOpt/IR/QOptEnums.h.inc"

namespace mlir::qopt {
/// The largest K whose i32 sum of products cannot overflow: of signed codes up
/// to 127, or of unsigned ones less their zero point, up to 255.
constexpr int64_t maxProductDepth(bool isUnsigned) {
  return ((int64_t(1) << 31) - 1) / (127 * (isUnsigned ? 255 : 127));
}
} // namespace mlir::qopt

#define GET_ATTRDEF_CLASSES
#include "qopt/Dialect/QOpt/IR/QOptAttrs.h.inc"

#define GET_OP_CLASSES
#include "qopt/Dialect/QOpt/IR/QOptOps.h.inc"

#endif // QOPT_DIALECT_QOPT_IR_QOPTDIALECT_H
