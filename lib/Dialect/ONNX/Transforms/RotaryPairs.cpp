//===- RotaryPairs.cpp - the pairs of a rotary embedding ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As exporters take them apart and put them together: Slice, Split or Gather on
// the last axis or on one of their own, then Concat.
//===----------------------------------------------------------------------===//

#include "RotaryMatch.h"

#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

// Pairs under an axis of their own: [.., n, 2] or [.., 2, n] of a Reshape.
std::optional<RotaryPairs::Part> RotaryPairs::matchPairAxis(Value value) {
  Value picked;
  int64_t axis = 0, index = 0;
  Operation *op = value.getDefiningOp();
  if (auto gather = dyn_cast_or_null<GatherOp>(op)) {
    auto indices = analysis.getConstantElements(gather.getIndices());
    if (!indices || indices->size() != 1 || !hasRank(gather.getIndices(), 0) ||
        !analysis.hasShape(gather.getData()))
      return std::nullopt;
    picked = gather.getData();
    int64_t rank = analysis.getShape(picked).size();
    axis = gather.getAxis() + (gather.getAxis() < 0 ? rank : 0);
    index = indices->front() + (indices->front() < 0 ? 2 : 0);
  } else if (auto squeeze = dyn_cast_or_null<SqueezeOp>(op)) {
    if (!analysis.hasShape(squeeze.getData()))
      return std::nullopt;
    int64_t rank = analysis.getShape(squeeze.getData()).size();
    auto axes = axesOf(squeeze.getAxes(), rank);
    if (!axes || axes->size() != 1)
      return std::nullopt;
    axis = axes->front();
    std::optional<Range> range = matchRange(squeeze.getData(), axis);
    if (!range || range->size != 1)
      return std::nullopt;
    picked = range->source;
    index = range->start;
  } else {
    return std::nullopt;
  }
  auto split = picked.getDefiningOp<ReshapeOp>();
  if (!split || !analysis.hasShape(split.getData()))
    return std::nullopt;
  Value source = split.getData();
  ArrayRef<DimExpr> from = analysis.getShape(source);
  ArrayRef<DimExpr> to = analysis.getShape(picked);
  std::optional<int64_t> width = staticDim(source, -1);
  int64_t last = to.size() - 1;
  if (to.size() != from.size() + 1 || !width || *width % 2 ||
      to.drop_back(2) != from.drop_back(1) || axis < last - 1 ||
      !to[axis].isConstant(2) ||
      !to[2 * last - 1 - axis].isConstant(*width / 2) || index < 0 || index > 1)
    return std::nullopt;
  return Part{source, static_cast<unsigned>(index), axis == last};
}

std::optional<RotaryPairs::Part> RotaryPairs::matchPart(Value value) {
  if (!analysis.hasShape(value) || analysis.getShape(value).empty())
    return std::nullopt;
  int64_t axis = analysis.getShape(value).size() - 1;
  std::optional<Range> range = matchRange(value, axis);
  if (!range)
    return matchPairAxis(value);
  std::optional<int64_t> width = staticDim(range->source, axis);
  if (!width || *width != 2 * range->size)
    return std::nullopt;
  unsigned index = range->start != 0;
  if (range->step == 1 && range->start == index * range->size)
    return Part{range->source, index, /*interleaved=*/false};
  if (range->step == 2 && range->start == index)
    return Part{range->source, index, /*interleaved=*/true};
  return std::nullopt;
}

std::optional<RotaryPairs::Pair> RotaryPairs::matchPair(Value value) {
  if (!analysis.hasShape(value))
    return std::nullopt;
  auto concat = value.getDefiningOp<ConcatOp>();
  auto flat = value.getDefiningOp<ReshapeOp>();
  if (flat)
    concat = flat.getData().getDefiningOp<ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      !analysis.hasShape(concat.getConcatResult()))
    return std::nullopt;
  Value joined = concat.getConcatResult();
  int64_t rank = analysis.getShape(joined).size();
  int64_t axis = concat.getAxis() + (concat.getAxis() < 0 ? rank : 0);
  Value first = concat.getInputs()[0], second = concat.getInputs()[1];
  if (!flat) {
    if (axis != rank - 1 || !staticDim(first, axis) ||
        staticDim(first, axis) != staticDim(second, axis))
      return std::nullopt;
    return Pair{first, second, /*interleaved=*/false};
  }
  // Stacked along a new axis, which the Reshape merges with the other one.
  auto unsqueezed = [&](Value part) -> Value {
    auto unsqueeze = part.getDefiningOp<UnsqueezeOp>();
    if (!unsqueeze)
      return {};
    auto axes = axesOf(unsqueeze.getAxes(), rank);
    return axes && axes->size() == 1 && axes->front() == axis
               ? unsqueeze.getData()
               : Value();
  };
  first = unsqueezed(first);
  second = unsqueezed(second);
  if (!first || !second || axis < rank - 2)
    return std::nullopt;
  ArrayRef<DimExpr> parts = analysis.getShape(first);
  ArrayRef<DimExpr> whole = analysis.getShape(value);
  std::optional<int64_t> width = staticDim(first, -1);
  if (!width || parts.size() != whole.size() ||
      parts.drop_back() != whole.drop_back() ||
      !whole.back().isConstant(2 * *width))
    return std::nullopt;
  return Pair{first, second, axis == rank - 1};
}
