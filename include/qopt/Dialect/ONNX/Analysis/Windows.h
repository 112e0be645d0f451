//===- Windows.h - sliding windows of convolutions and poolings -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the attributes of an operator with a window say about each spatial dim,
// as expressions: the shape rules take the result's dims from it, the lowering
// the pads. SAME pads depend on the dims, so they are expressions as well.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_ANALYSIS_WINDOWS_H
#define QOPT_DIALECT_ONNX_ANALYSIS_WINDOWS_H

#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"

namespace mlir::onnx {

/// One spatial dim: `image` elements (of the side that windows slide over)
/// between `begin` and `end` padding ones, seen through `count` windows of
/// `kernel` taps.
struct Window {
  DimExpr image, kernel, begin, end, count;
  int64_t stride = 1, dilation = 1;

  /// From the first tap to the last.
  DimExpr extent() const { return (kernel - 1) * dilation + 1; }
  /// Elements that the windows see, padding included.
  DimExpr covered() const { return (count - 1) * stride + extent(); }
};

/// Windows of `kernel` over the spatial dims `image`, by the attributes
/// auto_pad, pads, strides, dilations and ceil_mode of `op`.
SmallVector<Window> slideWindows(DimSymbols &symbols, Operation *op,
                                 ArrayRef<DimExpr> image,
                                 ArrayRef<DimExpr> kernel);

/// The other way: `image` of a ConvTranspose from the `count` windows that its
/// operand has, by output_padding and output_shape as well.
SmallVector<Window> spreadWindows(DimSymbols &symbols, Operation *op,
                                  ArrayRef<DimExpr> count,
                                  ArrayRef<DimExpr> kernel);

/// The kernel of a convolution, by the attribute kernel_shape or the weight.
SmallVector<DimExpr> kernelOf(Operation *op, ArrayRef<DimExpr> weight);

} // namespace mlir::onnx

#endif // QOPT_DIALECT_ONNX_ANALYSIS_WINDOWS_H
