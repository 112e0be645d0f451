//===- ONNXResampling.cpp - verifiers of resize and samplers ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXResampling.cpp.inc"

void ONNXDialect::registerResamplingOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXResampling.cpp.inc"
      >();
}

LogicalResult ResizeOp::verify() {
  if (failed(verifyOneOf(*this, "mode", getMode(),
                         {"nearest", "linear", "cubic"})) ||
      failed(verifyOneOf(*this, "coordinate_transformation_mode",
                         getCoordinateTransformationMode(),
                         {"half_pixel", "half_pixel_symmetric",
                          "pytorch_half_pixel", "align_corners", "asymmetric",
                          "tf_half_pixel_for_nn", "tf_crop_and_resize"})) ||
      failed(verifyOneOf(*this, "nearest_mode", getNearestMode(),
                         {"round_prefer_floor", "round_prefer_ceil", "floor",
                          "ceil", "simple"})) ||
      failed(verifyOneOf(*this, "keep_aspect_ratio_policy",
                         getKeepAspectRatioPolicy(),
                         {"stretch", "not_larger", "not_smaller"})))
    return failure();
  auto isEmpty = [](Value operand) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    return isa<NoneType>(operand.getType()) ||
           (type && type.hasStaticShape() && type.getNumElements() == 0);
  };
  if (isEmpty(getScales()) && isEmpty(getSizes()))
    return emitOpError("has neither scales nor sizes");
  if (std::optional<ArrayRef<int64_t>> axes = getAxes())
    for (int64_t axis : *axes)
      if (failed(verifyAxis(*this, axis, rankOf(getX()))))
        return failure();
  return success();
}

LogicalResult GridSampleOp::verify() {
  if (failed(verifyOneOf(*this, "mode", getMode(),
                         {"nearest", "linear", "cubic"})))
    return failure();
  return verifyOneOf(*this, "padding_mode", getPaddingMode(),
                     {"zeros", "border", "reflection"});
}
