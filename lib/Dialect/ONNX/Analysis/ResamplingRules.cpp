//===- ResamplingRules.cpp - resize, samplers, norms per channel ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"

#include <cmath>

using namespace mlir;
using namespace mlir::onnx;

namespace {

// Larger results are left to run time, where they fail to be allocated.
constexpr float kMaxSize = 1e15f;

// The elements of an f32 constant.
std::optional<SmallVector<float>> floatsOf(RuleContext &context, unsigned i) {
  if (!context.has(i))
    return std::nullopt;
  auto constant = context->getOperand(i).getDefiningOp<ConstantOp>();
  auto value = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                        : DenseElementsAttr();
  if (!value || !value.getElementType().isF32())
    return std::nullopt;
  return llvm::to_vector(value.getValues<float>());
}

// floor(dim * scale), where that is an expression.
std::optional<DimExpr> scaled(RuleContext &context, const DimExpr &dim,
                              float scale) {
  if (!(scale > 0) || scale > 1e6f)
    return std::nullopt;
  if (auto constant = dim.getConstant()) {
    float size = float(*constant) * scale;
    return size < kMaxSize ? std::optional<DimExpr>(int64_t(size))
                           : std::nullopt;
  }
  if (scale == std::floor(scale))
    return dim * int64_t(scale);
  float inverse = 1 / scale;
  int exponent;
  // Only powers of two have an exact inverse.
  if (std::frexp(scale, &exponent) == 0.5f && inverse <= 1e6f)
    return context.symbols().floorDiv(dim, int64_t(inverse));
  return std::nullopt;
}

LogicalResult resize(RuleContext &context) {
  auto op = cast<ResizeOp>(context.getOp());
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  int64_t rank = x->size();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (std::optional<ArrayRef<int64_t>> given = op.getAxes();
      given && !given->empty()) {
    FailureOr<SmallVector<int64_t>> normalized = context.axes(*given, rank);
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  Dims dims(*x);
  for (int64_t axis : axes)
    dims[axis] = context.opaqueDim(0, axis);

  auto checkLength = [&](size_t length) -> LogicalResult {
    if (length == axes.size())
      return success();
    return op.emitOpError() << "has " << length << " scales or sizes for "
                            << axes.size() << " axes";
  };
  std::optional<Dims> sizes = context.elements(3);
  if (sizes && !sizes->empty()) {
    if (failed(checkLength(sizes->size())))
      return failure();
    bool stretch = op.getKeepAspectRatioPolicy() == "stretch";
    // The policies scale all axes alike, by floating-point arithmetic.
    float scale = op.getKeepAspectRatioPolicy() == "not_larger"
                      ? std::numeric_limits<float>::infinity()
                      : 0;
    bool allConstant = true;
    for (auto [axis, size] : llvm::zip(axes, *sizes)) {
      auto from = (*x)[axis].getConstant(), to = size.getConstant();
      allConstant &= from && to && *from > 0;
      if (stretch)
        dims[axis] = size;
      else if (allConstant)
        scale = op.getKeepAspectRatioPolicy() == "not_larger"
                    ? std::min(scale, float(*to) / float(*from))
                    : std::max(scale, float(*to) / float(*from));
    }
    for (int64_t axis : axes) {
      if (stretch || !allConstant)
        break;
      float size = std::round(scale * float(*(*x)[axis].getConstant()));
      if (size >= 0 && size < kMaxSize)
        dims[axis] = int64_t(size);
    }
  } else if (auto scales = floatsOf(context, 2); scales && !scales->empty()) {
    if (failed(checkLength(scales->size())))
      return failure();
    for (auto [axis, scale] : llvm::zip(axes, *scales)) {
      if (!(scale > 0))
        return op.emitOpError() << "has a scale of " << double(scale);
      if (auto dim = scaled(context, (*x)[axis], scale))
        dims[axis] = *dim;
    }
  }
  context.setShape(0, dims);
  return success();
}

LogicalResult gridSample(RuleContext &context) {
  OptionalDims x = context.shape(0), grid = context.shape(1);
  if (!x || !grid)
    return success();
  if (x->size() != grid->size() || x->size() < 3)
    return context->emitOpError() << "the operands have ranks " << x->size()
                                  << " and " << grid->size();
  if (failed(context.require((*grid).back(), int64_t(x->size()) - 2,
                             "the grid has a position per spatial dim")))
    return failure();
  Dims dims{(*x)[0], (*x)[1]};
  llvm::append_range(dims, grid->drop_front().drop_back());
  context.setShape(0, dims);
  return success();
}

LogicalResult affineGrid(RuleContext &context) {
  OptionalDims size = context.shape(1);
  if (!size || size->size() != 1)
    return success();
  std::optional<int64_t> length = size->front().getConstant();
  if (!length)
    return success();
  if (*length < 3)
    return context->emitOpError() << "size has " << *length << " entries";
  Dims dims = context.opaqueShape(0, *length);
  if (std::optional<Dims> sizes = context.elements(1)) {
    dims[0] = (*sizes)[0];
    for (int64_t i = 2; i < *length; ++i)
      dims[i - 1] = (*sizes)[i];
  }
  dims[*length - 1] = *length - 2;
  context.setShape(0, dims);
  return success();
}

LogicalResult centerCropPad(RuleContext &context) {
  auto op = cast<CenterCropPadOp>(context.getOp());
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  int64_t rank = data->size();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (std::optional<ArrayRef<int64_t>> given = op.getAxes()) {
    FailureOr<SmallVector<int64_t>> normalized = context.axes(*given, rank);
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  Dims dims(*data);
  std::optional<Dims> sizes = context.elements(1);
  if (sizes && sizes->size() != axes.size())
    return op.emitOpError() << "shape has " << sizes->size() << " entries for "
                            << axes.size() << " axes";
  for (auto [i, axis] : llvm::enumerate(axes))
    dims[axis] = sizes ? (*sizes)[i] : context.opaqueDim(0, axis);
  context.setShape(0, dims);
  return success();
}

// One result of the operand's shape; others are vectors over the channels.
LogicalResult channelNormalization(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  for (StringRef name : {"num_groups", "size"})
    if (context->hasAttr(name) && context.attr(name) < 1)
      return context->emitOpError()
             << "attribute '" << name << "' is " << context.attr(name);
  context.setShape(0, *x);
  for (unsigned i = 1; i < context->getNumResults(); ++i)
    if (OptionalDims vector = context.shape(3))
      context.setShape(i, *vector);
  return success();
}

LogicalResult globalPool(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  Dims dims(*x);
  for (size_t i = 2; i < dims.size(); ++i)
    dims[i] = 1;
  context.setShape(0, dims);
  return success();
}

} // namespace

void mlir::onnx::addResamplingRules(ShapeRules &rules) {
  rules.add({"onnx.Resize"}, resize);
  rules.add({"onnx.GridSample"}, gridSample);
  rules.add({"onnx.AffineGrid"}, affineGrid);
  rules.add({"onnx.CenterCropPad"}, centerCropPad);
  rules.add({"onnx.BatchNormalization", "onnx.InstanceNormalization",
             "onnx.GroupNormalization", "onnx.LRN"},
            channelNormalization);
  rules.add(
      {"onnx.GlobalAveragePool", "onnx.GlobalMaxPool", "onnx.GlobalLpPool"},
      globalPool);
}
