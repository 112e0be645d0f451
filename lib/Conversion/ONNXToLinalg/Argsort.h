//===- Argsort.h - sorted positions ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_ARGSORT_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_ARGSORT_H

#include "Lowering.h"

namespace mlir::qopt {

/// Positions are kept as a tensor<?xi64>.
Value readIndex(Lowering &l, Value positions, Value place);
Value insertIndex(Lowering &l, Value index, Value positions, Value place);

/// The positions 0 .. count - 1 as a tensor<?xi64>, stably sorted by
/// `before(a, b)`, which says whether position a must come before position b.
/// A merge sort: count * log2(count) comparisons.
Value argsort(Lowering &l, Value count,
              llvm::function_ref<Value(Value, Value)> before);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_ARGSORT_H
