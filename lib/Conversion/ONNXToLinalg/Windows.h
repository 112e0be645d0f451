//===- Windows.h - tensors under sliding windows --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and poolings read `stride * o + dilation * k` of a tensor that
// was padded first, so that the loops need no tests of bounds: those would keep
// them from being vectorized.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_WINDOWS_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_WINDOWS_H

#include "Lowering.h"
#include "qopt/Dialect/ONNX/Analysis/Windows.h"

namespace mlir::qopt {

using Exprs = SmallVector<onnx::DimExpr>;

/// The dims as values.
SmallVector<OpFoldResult> materialize(Lowering &l, ArrayRef<onnx::DimExpr> e);

/// Requires that no dim of a result is negative, where that is not proved.
void requireNonNegative(Lowering &l, Value result);

/// Requires at run time that a dim of a graph value is `wanted`, unless that is
/// proved.
void requireDim(Lowering &l, Value graph, unsigned i,
                const onnx::DimExpr &wanted);

/// The quotient of a division without remainder; without a proof that there is
/// none, one is required at run time.
onnx::DimExpr divideExactly(Lowering &l, const onnx::DimExpr &number,
                            int64_t divisor);

/// `tensor` [a, b, image..] as [a, b, covered..]: padded with `fill`, and cut
/// where the windows do not reach. `leading` are the first two dims.
/// `firstCovered` is another size for the first spatial dim.
Value padToWindows(Lowering &l, Value tensor, ArrayRef<onnx::DimExpr> leading,
                   ArrayRef<onnx::Window> windows, Value fill,
                   OpFoldResult firstCovered = {});

/// The map of a loop nest of `loops` loops that reads a padded tensor: two
/// leading dims by their loops, then window `counts[i]` at tap `taps[i]`.
AffineMap windowMap(MLIRContext *context, int64_t loops,
                    ArrayRef<int64_t> leading, ArrayRef<int64_t> counts,
                    ArrayRef<int64_t> taps, ArrayRef<onnx::Window> windows);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_WINDOWS_H
