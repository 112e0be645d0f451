//===- Resizer.h - the lowering of one Resize -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interpolation is separable: along every dim that changes, a small table holds
// which elements each result element reads and with what weights, computed once
// per run; then one pass per dim sums. The nearest element of all dims at once
// is one pass of copies.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_RESIZER_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_RESIZER_H

#include "Elementwise.h"
#include "Lowering.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"

namespace mlir::qopt {

class Resizer {
public:
  Resizer(onnx::ResizeOp op, Lowering &l)
      : op(op), l(l), x(op.getX()), result(op.getY()), rank(l.rankOf(x)),
        type(l.elementOf(x).isF64() ? l.b.getF64Type() : l.b.getF32Type()) {}

  LogicalResult lower();

private:
  /// One dim that is resized.
  struct Axis {
    int64_t axis;
    Value in, out;
    /// Of the type that positions are computed in.
    Value scale, roiBegin, roiEnd;
  };

  // ResizeAxes.cpp
  LogicalResult findAxes();
  LogicalResult scalesFromSizes(ArrayRef<int64_t> axes);
  LogicalResult readRoi(ArrayRef<int64_t> axes);

  // Resize.cpp
  /// Where element `out` of the result lies in the operand.
  Value position(ImplicitLocOpBuilder &b, const Axis &axis, Value out);
  Value nearest(ImplicitLocOpBuilder &b, const Axis &axis, Value at);
  Value copyNearest();
  Value fillOutside(Value tensor);

  // ResizeInterpolation.cpp
  /// One pass: dim `axis` of `tensor` becomes that of the result.
  Value interpolate(const Axis &axis, Value tensor,
                    SmallVector<OpFoldResult> &dims);
  Value weigh(ImplicitLocOpBuilder &b, Value distance);

  bool is(StringRef mode) {
    return op.getCoordinateTransformationMode() == mode;
  }
  Value toType(Value scalar) { return convertFloat(l.b, scalar, type); }
  bool isGiven(Value operand) {
    return l.present(operand) && !l.expr(operand, 0).isConstant(0);
  }

  onnx::ResizeOp op;
  Lowering &l;
  Value x, result;
  int64_t rank;
  Type type;
  SmallVector<Axis> resized;
};

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_RESIZER_H
