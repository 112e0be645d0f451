//===- ScaleLayout.h - which factor meets which element of a value --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Smoothing gives every channel of an operation a factor. On the way to the
// products that read them, channels are split into heads, moved to other axes,
// repeated for groups of queries, or cut into the parts of a fused projection.
// A layout follows them.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_IR_SCALELAYOUT_H
#define QOPT_DIALECT_QOPT_IR_SCALELAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace mlir::qopt {

/// The factor of an element depends on its indices on some axes only.
struct ScaleLayout {
  /// Ascending, and their sizes.
  llvm::SmallVector<int64_t> axes, sizes;
  /// Number of the factor, row-major over the axes; `none` for elements that
  /// meet no factor.
  llvm::SmallVector<int32_t> factors;
  static constexpr int32_t none = -1;

  /// Channels of the last axis, each with its own factor.
  static ScaleLayout lastAxis(int64_t rank, int64_t channels) {
    ScaleLayout layout;
    layout.axes = {rank - 1};
    layout.sizes = {channels};
    for (int64_t i = 0; i < channels; ++i)
      layout.factors.push_back(i);
    return layout;
  }
  /// Whether only the last axis of a value of this rank matters.
  bool isLastAxis(int64_t rank) const {
    return axes.size() == 1 && axes.front() == rank - 1;
  }
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_IR_SCALELAYOUT_H
