//===- Reduction.h - reductions over dims of a tensor ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reduced dims vanish from the result; consumers read it through a map onto the
// dims that stay.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_REDUCTION_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_REDUCTION_H

#include "Lowering.h"

namespace mlir::qopt {

/// The dims of [0, rank) that are not in `axes`.
SmallVector<int64_t> otherAxes(int64_t rank, ArrayRef<int64_t> axes);

/// Reduces `input` over `axes`. `inputs` are tensors or graph values' tensors
/// with maps from the loops of `dims`; `combine` gets one element of each and
/// the accumulator, of the type of `start`.
Value reduce(Lowering &l, ArrayRef<OpFoldResult> dims, ArrayRef<int64_t> axes,
             ValueRange inputs, ArrayRef<AffineMap> maps, Value start,
             Body1 combine);

/// Puts dims of size 1 back at `axes`.
Value insertUnitDims(Lowering &l, Value reduced, ArrayRef<int64_t> axes,
                     RankedTensorType type);

/// A sum whose order is free, so that it can be vectorized.
Value sumFreely(ImplicitLocOpBuilder &b, Value a, Value c);
Value maximumFreely(ImplicitLocOpBuilder &b, Value a, Value c);

/// The number of elements reduced over, in a float type.
Value countOf(Lowering &l, Value graph, ArrayRef<int64_t> axes, Type type);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_REDUCTION_H
