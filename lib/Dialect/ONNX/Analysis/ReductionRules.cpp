//===- ReductionRules.cpp - reductions and norms -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// The one element of a reduction over all elements of a small tensor: exporters
// compute element counts with ReduceProd.
std::optional<DimExpr> reduceAll(RuleContext &context, ArrayRef<DimExpr> all) {
  DimSymbols &symbols = context.symbols();
  Operation *op = context.getOp();
  if (isa<ReduceProdOp>(op))
    return product(all);
  if (isa<ReduceSumOp>(op)) {
    DimExpr sum;
    for (const DimExpr &expr : all)
      sum = sum + expr;
    return sum;
  }
  if (all.empty() || !isa<ReduceMaxOp, ReduceMinOp>(op))
    return std::nullopt;
  DimExpr best = all.front();
  for (const DimExpr &expr : all.drop_front())
    best = isa<ReduceMaxOp>(op) ? symbols.max(best, expr)
                                : symbols.min(best, expr);
  return best;
}

LogicalResult reduce(RuleContext &context) {
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  int64_t rank = data->size();
  bool keepDims = context.attr("keepdims", 1);
  std::optional<SmallVector<int64_t>> axes;
  if (!context.has(1)) {
    axes.emplace();
  } else if (!(axes = context.constants(1))) {
    OptionalDims count = context.shape(1);
    if (keepDims)
      context.setShape(0, context.opaqueShape(0, rank));
    else if (count && count->size() == 1 && count->front().getConstant() &&
             *count->front().getConstant() > 0 &&
             *count->front().getConstant() <= rank)
      context.setShape(
          0, context.opaqueShape(0, rank - *count->front().getConstant()));
    return success();
  }
  FailureOr<SmallVector<int64_t>> normalized = context.axes(*axes, rank);
  if (failed(normalized))
    return failure();
  bool all = normalized->empty();
  if (all && context.attr("noop_with_empty_axes", 0)) {
    context.setShape(0, *data);
    return success();
  }
  Dims dims;
  int64_t reduced = 0;
  for (int64_t i = 0; i < rank; ++i) {
    if (!all && !llvm::is_contained(*normalized, i)) {
      dims.push_back((*data)[i]);
      continue;
    }
    ++reduced;
    if (keepDims)
      dims.push_back(1);
  }
  context.setShape(0, dims);
  std::optional<Dims> elements = context.elements(0);
  if (elements && reduced == rank)
    if (std::optional<DimExpr> value = reduceAll(context, *elements))
      context.setElements(0, {*value});
  return success();
}

LogicalResult argReduce(RuleContext &context) {
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  FailureOr<int64_t> axis = context.axis(context.attr("axis", 0), data->size());
  if (failed(axis))
    return failure();
  Dims dims(*data);
  if (context.attr("keepdims", 1))
    dims[*axis] = 1;
  else
    dims.erase(dims.begin() + *axis);
  context.setShape(0, dims);
  return success();
}

LogicalResult layerNormalization(RuleContext &context) {
  auto op = cast<LayerNormalizationOp>(context.getOp());
  OptionalDims x = context.shape(0);
  if (!x)
    return success();
  FailureOr<int64_t> axis = context.axis(op.getAxis(), x->size());
  if (failed(axis))
    return failure();
  context.setShape(0, *x);
  Dims statistics(*x);
  for (size_t i = *axis; i < statistics.size(); ++i)
    statistics[i] = 1;
  context.setShape(1, statistics);
  context.setShape(2, statistics);
  return success();
}

} // namespace

void mlir::onnx::addReductionRules(ShapeRules &rules) {
  rules.add({"onnx.ReduceSum", "onnx.ReduceMean", "onnx.ReduceMax",
             "onnx.ReduceMin", "onnx.ReduceProd", "onnx.ReduceSumSquare",
             "onnx.ReduceL1", "onnx.ReduceL2", "onnx.ReduceLogSum",
             "onnx.ReduceLogSumExp"},
            reduce);
  rules.add({"onnx.ArgMax", "onnx.ArgMin"}, argReduce);
  rules.add({"onnx.LayerNormalization"}, layerNormalization);
}
