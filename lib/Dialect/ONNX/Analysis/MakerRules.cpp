//===- MakerRules.cpp - ops that measure or make tensors -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <algorithm>

using namespace mlir;
using namespace mlir::onnx;

namespace {

LogicalResult constant(RuleContext &context) {
  auto type = cast<RankedTensorType>(context->getResult(0).getType());
  Dims dims;
  for (int64_t size : type.getShape())
    dims.push_back(size);
  context.setShape(0, dims);
  return success();
}

LogicalResult identity(RuleContext &context) {
  OptionalDims input = context.shape(0);
  if (!input)
    return success();
  context.setShape(0, *input);
  if (std::optional<Dims> elements = context.elements(0))
    context.setElements(0, *elements);
  return success();
}

LogicalResult shapeOf(RuleContext &context) {
  auto op = cast<ShapeOp>(context.getOp());
  OptionalDims data = context.shape(0);
  if (!data) {
    context.setShape(0, context.opaqueShape(0, 1));
    return success();
  }
  int64_t rank = data->size();
  auto clamp = [&](int64_t bound) {
    return std::clamp<int64_t>(bound < 0 ? bound + rank : bound, 0, rank);
  };
  int64_t start = clamp(op.getStart());
  int64_t end = clamp(op.getEnd().value_or(rank));
  ArrayRef<DimExpr> dims =
      start < end ? data->slice(start, end - start) : ArrayRef<DimExpr>();
  context.setShape(0, {DimExpr(dims.size())});
  context.setElements(0, dims);
  return success();
}

LogicalResult sizeOf(RuleContext &context) {
  context.setShape(0, {});
  if (OptionalDims data = context.shape(0))
    context.setElements(0, {product(*data)});
  return success();
}

LogicalResult constantOfShape(RuleContext &context) {
  auto op = cast<ConstantOfShapeOp>(context.getOp());
  OptionalDims operand = context.shape(0);
  if (!operand)
    return success();
  if (operand->size() != 1)
    return op.emitOpError() << "expects a vector of dims, the operand has rank "
                            << operand->size();
  std::optional<Dims> dims = context.elements(0);
  if (!dims) {
    if (std::optional<int64_t> rank = operand->front().getConstant())
      context.setShape(0, context.opaqueShape(0, *rank));
    return success();
  }
  context.setShape(0, *dims);

  auto value = dyn_cast_or_null<DenseElementsAttr>(op.getValueAttr());
  std::optional<int64_t> count = product(*dims).getConstant();
  bool isStatic =
      llvm::all_of(*dims, [](const DimExpr &dim) { return dim.isConstant(); });
  if (isStatic && value && isa<IntegerType>(value.getElementType()) && count &&
      *count >= 0 && *count <= ShapeAnalysis::kMaxElements) {
    APInt element = *value.value_begin<APInt>();
    auto type = cast<IntegerType>(value.getElementType());
    DimExpr expr = type.isUnsigned() || type.getWidth() == 1
                       ? static_cast<int64_t>(element.getZExtValue())
                       : element.getSExtValue();
    context.setElements(0, Dims(*count, expr));
  }
  return success();
}

LogicalResult range(RuleContext &context) {
  std::optional<Dims> start = context.elements(0), limit = context.elements(1),
                      delta = context.elements(2);
  std::optional<int64_t> step;
  if (delta && delta->size() == 1)
    step = delta->front().getConstant();
  if (step == 0)
    return context->emitOpError("delta is 0");
  if (!step || !start || !limit || start->size() != 1 || limit->size() != 1) {
    context.setShape(0, context.opaqueShape(0, 1));
    return success();
  }
  DimSymbols &symbols = context.symbols();
  DimExpr distance = limit->front() - start->front();
  DimExpr count = *step > 0 ? symbols.ceilDiv(distance, *step)
                            : symbols.ceilDiv(-distance, -*step);
  count = symbols.max(count, 0);
  context.setShape(0, {count});
  std::optional<int64_t> length = count.getConstant();
  if (length && *length <= ShapeAnalysis::kMaxElements) {
    Dims exprs;
    for (int64_t i = 0; i < *length; ++i)
      exprs.push_back(start->front() + i * *step);
    context.setElements(0, exprs);
  }
  return success();
}

LogicalResult eyeLike(RuleContext &context) {
  OptionalDims input = context.shape(0);
  if (!input)
    return success();
  if (input->size() != 2)
    return context->emitOpError()
           << "expects a matrix, the operand has rank " << input->size();
  context.setShape(0, *input);
  return success();
}

} // namespace

void mlir::onnx::addMakerRules(ShapeRules &rules) {
  rules.add({"onnx.Constant"}, constant);
  rules.add({"onnx.Identity"}, identity);
  rules.add({"onnx.Shape"}, shapeOf);
  rules.add({"onnx.Size"}, sizeOf);
  rules.add({"onnx.ConstantOfShape"}, constantOfShape);
  rules.add({"onnx.Range"}, range);
  rules.add({"onnx.EyeLike"}, eyeLike);
}
