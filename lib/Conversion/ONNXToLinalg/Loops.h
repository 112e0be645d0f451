//===- Loops.h - scf loops and branches that carry values -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For the operators that are sequential algorithms, not maps over elements.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_LOOPS_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_LOOPS_H

#include "Lowering.h"

namespace mlir::qopt {

/// for i in [from, to): carried = body(i, carried). Gives the last ones.
SmallVector<Value>
forLoop(Lowering &l, Value from, Value to, ValueRange carried,
        llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body);

/// condition ? then() : otherwise, computed only if the condition holds.
SmallVector<Value> ifThen(Lowering &l, Value condition, ValueRange otherwise,
                          llvm::function_ref<SmallVector<Value>()> then);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_LOOPS_H
