//===- RunTimeAxes.h - axes that are data of the run ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A rank is fixed when a model is compiled, so the number of axes is; which
// ones they are need not be. They become one flag per dim, and sizes of results
// are chosen by the flags.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_RUNTIMEAXES_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_RUNTIMEAXES_H

#include "Lowering.h"

namespace mlir::qopt {

/// One i1 per dim: whether `axes`, a graph value, names it. Axes outside of
/// [-rank, rank) and axes named twice end the run with an error. `emptyIsAll`:
/// no axis stands for all of them.
FailureOr<SmallVector<Value>> axisFlags(Lowering &l, Value axes, int64_t rank,
                                        bool emptyIsAll);

/// The sizes whose flag is not set, in order; as many as `count`, which the run
/// checks.
SmallVector<Value> keptSizes(Lowering &l, ArrayRef<Value> sizes,
                             ArrayRef<Value> flags, int64_t count);

/// 1 where a flag is set, else the next of `sizes`.
SmallVector<Value> spreadSizes(Lowering &l, ArrayRef<Value> sizes,
                               ArrayRef<Value> flags);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_RUNTIMEAXES_H
