//===- WindowRules.cpp - convolutions and poolings ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/Analysis/Windows.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"
#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

Dims kernelAttribute(RuleContext &context) {
  Dims kernel;
  for (int64_t size :
       context->getAttrOfType<DenseI64ArrayAttr>("kernel_shape").asArrayRef())
    kernel.push_back(size);
  return kernel;
}

// Ranks agree, and what kernel_shape says is true of the weight.
LogicalResult checkWeight(RuleContext &context, ArrayRef<DimExpr> x,
                          ArrayRef<DimExpr> w) {
  if (x.size() != w.size() || x.size() < 3)
    return context->emitOpError()
           << "the operands have ranks " << x.size() << " and " << w.size();
  if (failed(verifyWindow(context.getOp(), x.size())))
    return failure();
  for (auto [have, said] :
       llvm::zip(w.drop_front(2), kernelOf(context.getOp(), w)))
    if (failed(context.require(have, said,
                               "kernel_shape differs from the weight")))
      return failure();
  return success();
}

LogicalResult convolution(RuleContext &context, unsigned weight) {
  OptionalDims x = context.shape(0), w = context.shape(weight);
  if (!x || !w)
    return success();
  int64_t group = context.attr("group", 1);
  if (failed(checkWeight(context, *x, *w)) ||
      failed(context.require((*x)[1], (*w)[1] * group,
                             "the channels of x and w differ")))
    return failure();
  if (auto channels = (*w)[0].getConstant(); channels && *channels % group)
    return context->emitOpError()
           << *channels << " channels are not in " << group << " groups";
  Dims dims{(*x)[0], (*w)[0]};
  for (const Window &window :
       slideWindows(context.symbols(), context.getOp(), x->drop_front(2),
                    kernelOf(context.getOp(), *w)))
    dims.push_back(window.count);
  context.setShape(0, dims);
  return success();
}

LogicalResult conv(RuleContext &context) { return convolution(context, 1); }
LogicalResult qlinearConv(RuleContext &context) {
  return convolution(context, 3);
}

// Entries of a list in [0, 2^31), as many as asked for.
LogicalResult checkRange(RuleContext &context, StringRef name,
                         std::optional<size_t> length = std::nullopt) {
  auto list = context->getAttrOfType<DenseI64ArrayAttr>(name);
  if (!list)
    return success();
  if (length && size_t(list.size()) != *length)
    return context->emitOpError()
           << "attribute '" << name << "' has " << list.size()
           << " entries for " << *length << " spatial dims";
  for (int64_t value : list.asArrayRef())
    if (value < 0 || value > INT32_MAX)
      return context->emitOpError()
             << "attribute '" << name << "' has an entry of " << value;
  return success();
}

LogicalResult convTranspose(RuleContext &context) {
  OptionalDims x = context.shape(0), w = context.shape(1);
  if (!x || !w)
    return success();
  if (failed(checkWeight(context, *x, *w)) ||
      failed(
          context.require((*x)[1], (*w)[0], "the channels of x and w differ")))
    return failure();
  if (failed(checkRange(context, "output_padding", x->size() - 2)) ||
      failed(checkRange(context, "output_shape")))
    return failure();
  auto shape = context->getAttrOfType<DenseI64ArrayAttr>("output_shape");
  if (shape && !shape.empty() && shape.size() != int64_t(x->size()) - 2 &&
      shape.size() != int64_t(x->size()))
    return context->emitOpError()
           << "output_shape has " << shape.size() << " entries for "
           << x->size() - 2 << " spatial dims";
  Dims dims{(*x)[0], (*w)[1] * context.attr("group", 1)};
  for (const Window &window :
       spreadWindows(context.symbols(), context.getOp(), x->drop_front(2),
                     kernelOf(context.getOp(), *w)))
    dims.push_back(window.image);
  context.setShape(0, dims);
  return success();
}

// The second result of MaxPool has the shape of the first.
LogicalResult pool(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  Dims kernel = kernelAttribute(context);
  if (x->size() != kernel.size() + 2)
    return context->emitOpError() << "kernel_shape has " << kernel.size()
                                  << " entries for rank " << x->size();
  if (failed(verifyWindow(context.getOp(), x->size())))
    return failure();
  Dims dims{(*x)[0], (*x)[1]};
  for (const Window &window : slideWindows(context.symbols(), context.getOp(),
                                           x->drop_front(2), kernel))
    dims.push_back(window.count);
  for (unsigned i = 0; i < context->getNumResults(); ++i)
    context.setShape(i, dims);
  return success();
}

LogicalResult maxUnpool(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  if (failed(verifyWindow(context.getOp(), x->size())))
    return failure();
  if (context.has(2)) {
    std::optional<Dims> dims = context.elements(2);
    if (dims && dims->size() == x->size())
      context.setShape(0, *dims);
    else
      context.setShape(0, context.opaqueShape(0, x->size()));
    return success();
  }
  Dims kernel = kernelAttribute(context);
  if (x->size() != kernel.size() + 2)
    return context->emitOpError() << "kernel_shape has " << kernel.size()
                                  << " entries for rank " << x->size();
  Dims dims{(*x)[0], (*x)[1]};
  for (const Window &window : spreadWindows(context.symbols(), context.getOp(),
                                            x->drop_front(2), kernel))
    dims.push_back(window.image);
  context.setShape(0, dims);
  return success();
}

LogicalResult col2im(RuleContext &context) {
  OptionalDims input = context.shape(0), image = context.shape(1),
               blocks = context.shape(2);
  if (!input || !image || !blocks)
    return success();
  if (input->size() != 3)
    return context->emitOpError()
           << "expects [N, C * block, L], the operand has rank "
           << input->size();
  std::optional<int64_t> spatial = image->front().getConstant();
  if (!spatial || !blocks->front().isConstant())
    return success();
  if (!blocks->front().isConstant(*spatial))
    return context->emitOpError()
           << "image_shape has " << *spatial << " entries, block_shape "
           << context.toString(blocks->front());
  Dims dims{(*input)[0], context.opaqueDim(0, 1)};
  if (std::optional<Dims> block = context.elements(2))
    if (auto channels = (*input)[1].dividedBy(product(*block)))
      dims[1] = *channels;
  std::optional<Dims> sizes = context.elements(1);
  for (int64_t i = 0; i < *spatial; ++i)
    dims.push_back(sizes ? (*sizes)[i] : context.opaqueDim(0, i + 2));
  context.setShape(0, dims);
  return success();
}

// [R, C, h, w] from x and rois.
LogicalResult regions(RuleContext &context, int64_t height, int64_t width) {
  OptionalDims x = context.shape(0), rois = context.shape(1);
  if (!x || !rois)
    return success();
  if (x->size() != 4 || rois->size() != 2)
    return context->emitOpError() << "expects operands of rank 4 and 2, not "
                                  << x->size() << " and " << rois->size();
  context.setShape(0, {(*rois)[0], (*x)[1], height, width});
  return success();
}

LogicalResult roiAlign(RuleContext &context) {
  return regions(context, context.attr("output_height", 1),
                 context.attr("output_width", 1));
}

LogicalResult maxRoiPool(RuleContext &context) {
  auto shape = context->getAttrOfType<DenseI64ArrayAttr>("pooled_shape");
  if (shape.size() != 2)
    return context->emitOpError()
           << "pooled_shape has " << shape.size() << " entries in place of two";
  return regions(context, shape[0], shape[1]);
}

} // namespace

void mlir::onnx::addWindowRules(ShapeRules &rules) {
  rules.add({"onnx.Conv", "onnx.ConvInteger", "onnx.DeformConv"}, conv);
  rules.add({"onnx.QLinearConv"}, qlinearConv);
  rules.add({"onnx.ConvTranspose"}, convTranspose);
  rules.add({"onnx.MaxPool", "onnx.AveragePool", "onnx.LpPool"}, pool);
  rules.add({"onnx.MaxUnpool"}, maxUnpool);
  rules.add({"onnx.Col2Im"}, col2im);
  rules.add({"onnx.RoiAlign"}, roiAlign);
  rules.add({"onnx.MaxRoiPool"}, maxRoiPool);
}
