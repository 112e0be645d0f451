//===- IndexingRules.cpp - gather and selection --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

LogicalResult gather(RuleContext &context) {
  auto op = cast<GatherOp>(context.getOp());
  OptionalDims data = context.shape(0), indices = context.shape(1);
  if (!data || !indices)
    return success();
  FailureOr<int64_t> axis = context.axis(op.getAxis(), data->size());
  if (failed(axis))
    return failure();
  Dims dims(data->take_front(*axis));
  llvm::append_range(dims, *indices);
  llvm::append_range(dims, data->drop_front(*axis + 1));
  context.setShape(0, dims);

  // Picks from a vector: a dim out of a shape.
  std::optional<Dims> elements = context.elements(0);
  std::optional<SmallVector<int64_t>> positions = context.constants(1);
  if (!positions)
    return success();
  std::optional<int64_t> size = (*data)[*axis].getConstant();
  for (int64_t position : *positions)
    if (size && (position < -*size || position >= *size))
      return op.emitOpError()
             << "index " << position << " is outside a dim of " << *size;
  if (!elements || data->size() != 1)
    return success();
  Dims picked;
  for (int64_t position : *positions)
    picked.push_back(
        (*elements)[position < 0 ? position + elements->size() : position]);
  context.setElements(0, picked);
  return success();
}

LogicalResult gatherElements(RuleContext &context) {
  if (OptionalDims indices = context.shape(1))
    context.setShape(0, *indices);
  return success();
}

LogicalResult gatherND(RuleContext &context) {
  auto op = cast<GatherNDOp>(context.getOp());
  OptionalDims data = context.shape(0), indices = context.shape(1);
  if (!data || !indices || indices->empty())
    return success();
  std::optional<int64_t> length = indices->back().getConstant();
  int64_t batch = op.getBatchDims(), rank = data->size();
  // Else it follows from the rank that is declared.
  if (auto type = dyn_cast<RankedTensorType>(op.getOutput().getType());
      type && !length)
    length = int64_t(indices->size()) - 1 + rank - batch - type.getRank();
  if (!length || *length < 0)
    return success();
  if (batch < 0 || batch >= static_cast<int64_t>(indices->size()) ||
      batch + *length > rank)
    return op.emitOpError() << "index tuples of length " << *length << " and "
                            << batch << " batch dims do not fit rank " << rank;
  for (int64_t i = 0; i < batch; ++i)
    if (failed(context.require((*data)[i], (*indices)[i],
                               "batch dims of data and indices differ")))
      return failure();
  Dims dims(indices->drop_back());
  llvm::append_range(dims, data->drop_front(batch + *length));
  context.setShape(0, dims);
  return success();
}

LogicalResult oneHot(RuleContext &context) {
  auto op = cast<OneHotOp>(context.getOp());
  OptionalDims indices = context.shape(0);
  if (!indices)
    return success();
  FailureOr<int64_t> axis = context.axis(op.getAxis(), indices->size() + 1);
  if (failed(axis))
    return failure();
  std::optional<Dims> depth = context.elements(1);
  Dims dims(*indices);
  bool known = depth && depth->size() == 1;
  dims.insert(dims.begin() + *axis,
              known ? depth->front() : context.opaqueDim(0, *axis));
  context.setShape(0, dims);
  return success();
}

LogicalResult nonZero(RuleContext &context) {
  if (OptionalDims x = context.shape(0))
    context.setShape(0, {DimExpr(x->size()), context.opaqueDim(0, 1)});
  return success();
}

LogicalResult compress(RuleContext &context) {
  auto op = cast<CompressOp>(context.getOp());
  OptionalDims input = context.shape(0);
  std::optional<int64_t> axis = op.getAxis();
  if (!axis) {
    context.setShape(0, {context.opaqueDim(0, 0)});
    return success();
  }
  if (!input)
    return success();
  FailureOr<int64_t> normalized = context.axis(*axis, input->size());
  if (failed(normalized))
    return failure();
  Dims dims(*input);
  dims[*normalized] = context.opaqueDim(0, *normalized);
  context.setShape(0, dims);
  return success();
}

LogicalResult topK(RuleContext &context) {
  auto op = cast<TopKOp>(context.getOp());
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  FailureOr<int64_t> axis = context.axis(op.getAxis(), x->size());
  if (failed(axis))
    return failure();
  std::optional<Dims> k = context.elements(1);
  for (unsigned result : {0, 1}) {
    Dims dims(*x);
    dims[*axis] =
        k && k->size() == 1 ? k->front() : context.opaqueDim(result, *axis);
    context.setShape(result, dims);
  }
  return success();
}

LogicalResult nonMaxSuppression(RuleContext &context) {
  context.setShape(0, {context.opaqueDim(0, 0), DimExpr(3)});
  return success();
}

// y has its own size along the axis; it is that of indices and counts too, but
// each is known only as a dim of itself.
LogicalResult unique(RuleContext &context) {
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  Dims y{context.opaqueDim(0, 0)};
  DimExpr slices = product(*x);
  if (context->hasAttr("axis")) {
    FailureOr<int64_t> axis = context.axis(context.attr("axis"), x->size());
    if (failed(axis))
      return failure();
    slices = (*x)[*axis];
    y.assign(x->begin(), x->end());
    y[*axis] = context.opaqueDim(0, *axis);
  }
  context.setShape(0, y);
  context.setShape(1, {context.opaqueDim(1, 0)});
  context.setShape(2, {slices});
  context.setShape(3, {context.opaqueDim(3, 0)});
  return success();
}

} // namespace

void mlir::onnx::addIndexingRules(ShapeRules &rules) {
  rules.add({"onnx.Gather"}, gather);
  rules.add({"onnx.GatherElements"}, gatherElements);
  rules.add({"onnx.GatherND"}, gatherND);
  rules.add({"onnx.OneHot"}, oneHot);
  rules.add({"onnx.NonMaxSuppression"}, nonMaxSuppression);
  rules.add({"onnx.NonZero"}, nonZero);
  rules.add({"onnx.Unique"}, unique);
  rules.add({"onnx.Compress"}, compress);
  rules.add({"onnx.TopK"}, topK);
}
