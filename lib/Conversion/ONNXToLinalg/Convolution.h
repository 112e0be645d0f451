//===- Convolution.h - convolutions as matrix products --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_CONVOLUTION_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_CONVOLUTION_H

#include "Windows.h"

namespace mlir::qopt {

/// A convolution whose operands have the type that it is computed in. The
/// result channels M are a multiple of the groups by their expression.
struct Convolution {
  /// [N, C, image..] and [M, C / group, kernel..].
  Value x, w;
  Exprs xDims, wDims;
  SmallVector<onnx::Window> windows;
  int64_t group = 1;

  onnx::DimExpr batch() const { return xDims[0]; }
  onnx::DimExpr channels() const { return wDims[0]; }
};

/// The dims, windows and groups of a node with operands `x` and `w`; what the
/// analysis does not prove of them is required at run time.
Convolution describeConvolution(Lowering &l, Operation *op, Value x, Value w);

/// The sums, as [N, M, counts..].
Value convolve(Lowering &l, const Convolution &c);

/// The same from the taps [N, C, kernel.., counts..] of the windows; the kernel
/// may be left out where it is 1 everywhere. `dims` are those of `taps`.
Value convolveTaps(Lowering &l, const Convolution &c, Value taps,
                   ArrayRef<onnx::DimExpr> dims);

/// Sums over K of w[g, m, k] * columns[n, g, k, p], as [n, g, m, p]. `result`
/// are its dims.
Value multiplyColumns(Lowering &l, Value w, Value columns,
                      ArrayRef<onnx::DimExpr> result);

/// `sums` [N, M, ..] plus the optional bias [M] (a graph value), in the element
/// type of `result`.
LogicalResult finishConvolution(Lowering &l, Value sums, Value bias,
                                Value result);

/// ConvInteger and QLinearConv.
void registerIntegerConvolution(Registry &registry);

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_CONVOLUTION_H
