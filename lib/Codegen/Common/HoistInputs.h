//===- HoistInputs.h - make room for the fusion of two loops ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_HOISTINPUTS_H
#define QOPT_LIB_CODEGEN_COMMON_HOISTINPUTS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::qopt {

/// Moves what `second` is computed from in front of `first`, which stands
/// before it in the same block. False, with nothing moved, when one of these
/// operations has a region, or `canMove` denies it.
bool hoistInputs(Operation *first, Operation *second,
                 llvm::function_ref<bool(Operation *)> canMove);

} // namespace mlir::qopt

#endif // QOPT_LIB_CODEGEN_COMMON_HOISTINPUTS_H
