//===- Indices.h - indices that come from data ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX indices may be negative, and must lie in range. The range is checked
// once, by a reduction in front of the loop that reads without checks.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_INDICES_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_INDICES_H

#include "Lowering.h"

namespace mlir::qopt {

/// Requires all elements of an index tensor (a graph value) to lie in
/// [-size, size).
LogicalResult checkIndices(Lowering &l, Value indices, OpFoldResult size);

/// The same for tuples along the last dim: entry k lies in
/// [-sizes[k], sizes[k]).
LogicalResult checkIndexTuples(Lowering &l, Value indices,
                               ArrayRef<OpFoldResult> sizes);

/// An index element as a value of type index in [0, size).
Value wrapIndex(ImplicitLocOpBuilder &b, Value element, Value size);

/// Smallest and largest element of an integer tensor, as i64.
std::pair<Value, Value> rangeOf(Lowering &l, Value graph);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_INDICES_H
