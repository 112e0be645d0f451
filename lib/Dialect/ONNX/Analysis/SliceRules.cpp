//===- SliceRules.cpp - the ranges of a Slice ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds of a slice count from the end if negative and are clamped, both of
// which need the sign of an expression. Where it cannot be proved the dim stays
// opaque and the conversion computes it from the operands.
//===----------------------------------------------------------------------===//

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

// A bound of a slice with positive step: negative ones count from the end, then
// clamped to [0, dim]. Not known if the sign is not.
std::optional<DimExpr> clampBound(DimSymbols &symbols, const DimExpr &bound,
                                  const DimExpr &dim, const DimExpr &low,
                                  const DimExpr &high) {
  // Exporters write "to the end" as the largest int32 or int64.
  std::optional<int64_t> constant = bound.getConstant();
  if (constant && *constant >= std::numeric_limits<int32_t>::max())
    return high;
  if (constant && *constant <= -std::numeric_limits<int32_t>::max())
    return low;
  // -dim of the dim itself ("the last n of n"): 0, also where the dim is 0.
  if ((bound + dim).isConstant(0) && high == dim)
    return low;
  DimExpr absolute = bound;
  if (symbols.isNegative(bound))
    absolute = bound + dim;
  else if (!symbols.isNonNegative(bound))
    return std::nullopt;
  // The upper limit of a backward start, dim - 1, is below 0 where the dim is
  // 0, and holds then: there is nothing to take.
  if (!symbols.isNonNegative(high))
    return symbols.min(symbols.max(absolute, low), high);
  return symbols.max(symbols.min(absolute, high), low);
}

LogicalResult slice(RuleContext &context) {
  auto op = cast<SliceOp>(context.getOp());
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  SmallVector<std::optional<SliceRange>> ranges =
      context.analysis.getSliceRanges(op);
  if (ranges.size() != data->size())
    return op.emitOpError(
        "axes, starts, ends and steps do not fit the operand");
  Dims dims;
  for (auto [i, range] : llvm::enumerate(ranges))
    dims.push_back(range ? range->size : context.opaqueDim(0, i));
  context.setShape(0, dims);

  std::optional<Dims> elements = context.elements(0);
  if (!elements || dims.size() != 1 || !ranges[0])
    return success();
  std::optional<int64_t> start = ranges[0]->start.getConstant(),
                         size = ranges[0]->size.getConstant();
  if (!start || !size)
    return success();
  Dims picked;
  for (int64_t i = 0; i < *size; ++i)
    picked.push_back((*elements)[*start + i * ranges[0]->step]);
  context.setElements(0, picked);
  return success();
}

} // namespace

SmallVector<std::optional<SliceRange>>
ShapeAnalysis::getSliceRanges(Operation *op) {
  auto slice = cast<SliceOp>(op);
  ArrayRef<DimExpr> data = getShape(slice.getData());
  int64_t rank = data.size();
  SmallVector<std::optional<SliceRange>> ranges;
  for (const DimExpr &dim : data)
    ranges.push_back(SliceRange{0, dim, 1});

  auto elementsOf = [&](Value value) -> std::optional<Dims> {
    if (std::optional<ArrayRef<DimExpr>> exprs = getElements(value))
      return Dims(*exprs);
    return std::nullopt;
  };
  std::optional<Dims> starts = elementsOf(slice.getStarts());
  std::optional<Dims> ends = elementsOf(slice.getEnds());
  SmallVector<std::optional<SliceRange>> unknown(rank, std::nullopt);
  if (!starts || !ends)
    return unknown;
  SmallVector<int64_t> axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(i);
  if (!isa<NoneType>(slice.getAxes().getType())) {
    std::optional<SmallVector<int64_t>> constants =
        getConstantElements(slice.getAxes());
    if (!constants)
      return unknown;
    axes = *constants;
  }
  if (!isa<NoneType>(slice.getSteps().getType())) {
    std::optional<SmallVector<int64_t>> constants =
        getConstantElements(slice.getSteps());
    if (!constants)
      return unknown;
    steps = *constants;
  }
  // An empty answer says that the operands contradict each other.
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return {};
  for (auto [i, given] : llvm::enumerate(axes)) {
    if (given < -rank || given >= rank || steps[i] == 0)
      return {};
    int64_t axis = given < 0 ? given + rank : given;
    const DimExpr &dim = data[axis];
    int64_t step = steps[i];
    // Forward bounds lie in [0, dim]; backward ones start in [0, dim - 1] and
    // end in [-1, dim - 1], where a huge negative end means "through element
    // 0".
    std::optional<DimExpr> start, end;
    DimExpr count;
    if (step > 0) {
      start = clampBound(symbols, (*starts)[i], dim, 0, dim);
      end = clampBound(symbols, (*ends)[i], dim, 0, dim);
      if (start && end)
        count = symbols.ceilDiv(*end - *start, step);
    } else {
      start = clampBound(symbols, (*starts)[i], dim, 0, dim - 1);
      end = clampBound(symbols, (*ends)[i], dim, -1, dim - 1);
      if (start && end)
        count = symbols.ceilDiv(*start - *end, -step);
    }
    if (!start || !end) {
      ranges[axis] = std::nullopt;
      continue;
    }
    ranges[axis] = SliceRange{*start, symbols.max(count, 0), step};
  }
  return ranges;
}

void mlir::onnx::addSliceRules(ShapeRules &rules) {
  rules.add({"onnx.Slice"}, slice);
}
