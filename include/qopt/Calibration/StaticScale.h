//===- StaticScale.h - activation scales from statistics ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One scale for an activation, fixed at compile time: over the columns that are
// not split off, as smoothing has left them.
//===----------------------------------------------------------------------===//

#ifndef QOPT_CALIBRATION_STATICSCALE_H
#define QOPT_CALIBRATION_STATICSCALE_H

#include "qopt/Calibration/SmoothedColumns.h"

namespace mlir::qopt {

struct StaticScale {
  float scale = 1;
  /// 0 .. 255; 0 for signed codes.
  int32_t zeroPoint = 0;
};

/// Range of the columns that are not in `outliers`, by the observer. Extremes
/// are exact; the other rules see the kept rows, and fall back to extremes
/// without them.
Range chooseStaticRange(const SmoothedColumns &statistics,
                        llvm::ArrayRef<int64_t> outliers, RangeRule rule);

/// Symmetric: hi / 127. Else the scale and zero point of ONNX
/// DynamicQuantizeLinear. An empty range has scale 1.
StaticScale makeStaticScale(Range range, bool symmetric);

} // namespace mlir::qopt

#endif // QOPT_CALIBRATION_STATICSCALE_H
