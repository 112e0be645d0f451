//===- ONNXScaleLayouts.h - following factors through operations ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the onnx implementations of ScalePassingOpInterface share.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_DIALECT_QOPT_TRANSFORMS_ONNXSCALELAYOUTS_H
#define QOPT_LIB_DIALECT_QOPT_TRANSFORMS_ONNXSCALELAYOUTS_H

#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"

namespace mlir::qopt {

using ScaledResults = SmallVectorImpl<std::pair<OpResult, ScaleLayout>>;

/// The factor of the element at `index`, one entry per axis of the value.
int32_t factorAt(const ScaleLayout &layout, ArrayRef<int64_t> index);

/// The layout on these axes (ascending) with factorOf(index on them). Axes on
/// which nothing depends are left out.
ScaleLayout makeLayout(ArrayRef<int64_t> axes, ArrayRef<int64_t> sizes,
                       llvm::function_ref<int32_t(ArrayRef<int64_t>)> factorOf);

/// Appends the layout for a result whose axes are those of the operand, aligned
/// at the last one. False where the result is wider on an axis that matters.
bool passAligned(const ScaleLayout &layout, Value operand, OpResult result,
                 ScaledResults &results);

/// A copy of the f32 constant, which is broadcast to `rank` axes, multiplied by
/// values[layout]; elements without factor stay.
Value scaleConstant(OpBuilder &builder, Value constant, int64_t rank,
                    const ScaleLayout &layout, ArrayRef<float> values);

/// What most implementations have in common.
template <typename Model, typename Op>
struct PassingModel : ScalePassingOpInterface::ExternalModel<Model, Op> {
  void rescaleConstants(Operation *, OpBuilder &, const ScaleLayout &,
                        ArrayRef<float>) const {}
  bool readsOnlyShape(Operation *) const { return false; }
};

void attachONNXScaleMovement(MLIRContext *context);

} // namespace mlir::qopt

#endif // QOPT_LIB_DIALECT_QOPT_TRANSFORMS_ONNXSCALELAYOUTS_H
