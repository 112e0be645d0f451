//===- MovementRules.cpp - ops that move elements ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

LogicalResult transpose(RuleContext &context) {
  auto op = cast<TransposeOp>(context.getOp());
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  SmallVector<int64_t> perm = op.getPermutation(data->size());
  if (perm.size() != data->size())
    return op.emitOpError()
           << "perm has " << perm.size()
           << " entries, but the operand has rank " << data->size();
  Dims dims;
  for (int64_t i : perm)
    dims.push_back((*data)[i]);
  context.setShape(0, dims);
  if (perm.size() <= 1)
    if (std::optional<Dims> elements = context.elements(0))
      context.setElements(0, *elements);
  return success();
}

LogicalResult concat(RuleContext &context) {
  auto op = cast<ConcatOp>(context.getOp());
  Dims dims, elements;
  bool allElements = true;
  int64_t axis = 0;
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    OptionalDims input = context.shape(i);
    if (!input)
      return success();
    if (i == 0) {
      FailureOr<int64_t> normalized = context.axis(op.getAxis(), input->size());
      if (failed(normalized))
        return failure();
      axis = *normalized;
      dims.assign(input->begin(), input->end());
    } else {
      if (input->size() != dims.size())
        return op.emitOpError() << "operands have ranks " << dims.size()
                                << " and " << input->size();
      for (auto [j, dim] : llvm::enumerate(*input)) {
        if (static_cast<int64_t>(j) == axis) {
          dims[j] = dims[j] + dim;
          continue;
        }
        if (failed(context.require(dims[j], dim,
                                   "dim " + Twine(j) + " of operands differs")))
          return failure();
        // Equal at run time; the one that says more is kept.
        if (dim.isConstant())
          dims[j] = dim;
      }
    }
    std::optional<Dims> part = context.elements(i);
    if (part && input->size() == 1)
      llvm::append_range(elements, *part);
    else
      allElements = false;
  }
  context.setShape(0, dims);
  if (allElements)
    context.setElements(0, elements);
  return success();
}

LogicalResult split(RuleContext &context) {
  auto op = cast<SplitOp>(context.getOp());
  OptionalDims input = context.shape(0);
  if (!input)
    return success();
  FailureOr<int64_t> axis = context.axis(op.getAxis(), input->size());
  if (failed(axis))
    return failure();
  int64_t parts = op.getOutputs().size();
  const DimExpr total = (*input)[*axis];
  Dims sizes;
  if (context.has(1)) {
    if (std::optional<Dims> lengths = context.elements(1)) {
      if (static_cast<int64_t>(lengths->size()) != parts)
        return op.emitOpError() << "split has " << lengths->size()
                                << " entries for " << parts << " results";
      DimExpr sum;
      for (const DimExpr &length : *lengths)
        sum = sum + length;
      if (failed(
              context.require(total, sum, "split does not add up to the dim")))
        return failure();
      sizes = *lengths;
    } else {
      for (int64_t i = 0; i < parts; ++i)
        sizes.push_back(context.opaqueDim(i, *axis));
    }
  } else {
    // Equal parts of ceil(total / parts), the last one takes what is left.
    DimExpr each = context.symbols().ceilDiv(total, parts);
    sizes.assign(parts - 1, each);
    sizes.push_back(total - each * (parts - 1));
  }
  Dims shape(*input);
  std::optional<Dims> elements = context.elements(0);
  int64_t offset = 0;
  for (int64_t i = 0; i < parts; ++i) {
    shape[*axis] = sizes[i];
    context.setShape(i, shape);
    std::optional<int64_t> size = sizes[i].getConstant();
    if (!elements || shape.size() != 1 || !size || *size < 0 ||
        offset + *size > static_cast<int64_t>(elements->size())) {
      elements.reset();
      continue;
    }
    context.setElements(i, ArrayRef(*elements).slice(offset, *size));
    offset += *size;
  }
  return success();
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

LogicalResult expand(RuleContext &context) {
  OptionalDims input = context.shape(0), target = context.shape(1);
  if (!input || !target)
    return success();
  std::optional<Dims> wanted = context.elements(1);
  if (!wanted) {
    if (target->size() == 1)
      if (std::optional<int64_t> length = target->front().getConstant())
        context.setShape(0, context.opaqueShape(
                                0, std::max<int64_t>(*length, input->size())));
    return success();
  }
  for (const DimExpr &dim : *wanted)
    if (dim.isConstant() && *dim.getConstant() < 0)
      return context->emitOpError() << "shape holds " << context.toString(dim);
  Dims dims(*input);
  if (failed(context.broadcastInto(dims, *wanted)))
    return failure();
  context.setShape(0, dims);
  std::optional<Dims> elements = context.elements(0);
  std::optional<int64_t> count = product(dims).getConstant();
  if (elements && elements->size() == 1 && count && *count >= 0 &&
      *count <= ShapeAnalysis::kMaxElements)
    context.setElements(0, Dims(*count, elements->front()));
  return success();
}

LogicalResult tile(RuleContext &context) {
  OptionalDims input = context.shape(0);
  if (!input)
    return success();
  std::optional<Dims> repeats = context.elements(1);
  if (!repeats) {
    context.setShape(0, context.opaqueShape(0, input->size()));
    return success();
  }
  if (repeats->size() != input->size())
    return context->emitOpError()
           << "repeats has " << repeats->size()
           << " entries, but the operand has rank " << input->size();
  Dims dims;
  for (auto [dim, repeat] : llvm::zip(*input, *repeats))
    dims.push_back(dim * repeat);
  context.setShape(0, dims);
  std::optional<Dims> elements = context.elements(0);
  std::optional<int64_t> times = product(*repeats).getConstant();
  if (elements && dims.size() == 1 && times && *times >= 0 &&
      *times * static_cast<int64_t>(elements->size()) <=
          ShapeAnalysis::kMaxElements) {
    Dims repeated;
    for (int64_t i = 0; i < *times; ++i)
      llvm::append_range(repeated, *elements);
    context.setElements(0, repeated);
  }
  return success();
}

LogicalResult pad(RuleContext &context) {
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  int64_t rank = data->size();
  std::optional<Dims> pads = context.elements(1);
  SmallVector<int64_t> axes;
  bool known = pads.has_value();
  if (context.has(3)) {
    std::optional<SmallVector<int64_t>> constants = context.constants(3);
    known = known && constants;
    if (constants) {
      FailureOr<SmallVector<int64_t>> normalized =
          context.axes(*constants, rank);
      if (failed(normalized))
        return failure();
      axes = *normalized;
    }
  } else {
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(i);
  }
  if (!known) {
    context.setShape(0, context.opaqueShape(0, rank));
    return success();
  }
  if (pads->size() != 2 * axes.size())
    return context->emitOpError() << "pads has " << pads->size()
                                  << " entries for " << axes.size() << " axes";
  Dims dims(*data);
  for (auto [i, axis] : llvm::enumerate(axes))
    dims[axis] = dims[axis] + (*pads)[i] + (*pads)[i + axes.size()];
  context.setShape(0, dims);
  return success();
}

LogicalResult sameShape(RuleContext &context) {
  if (OptionalDims input = context.shape(0))
    context.setShape(0, *input);
  return success();
}

LogicalResult depthToSpace(RuleContext &context) {
  auto op = cast<DepthToSpaceOp>(context.getOp());
  OptionalDims in = context.shape(0);
  if (!in || in->size() != 4)
    return success();
  int64_t b = op.getBlocksize();
  context.setShape(0, {(*in)[0], context.symbols().floorDiv((*in)[1], b * b),
                       (*in)[2] * b, (*in)[3] * b});
  return success();
}

LogicalResult spaceToDepth(RuleContext &context) {
  auto op = cast<SpaceToDepthOp>(context.getOp());
  OptionalDims in = context.shape(0);
  if (!in || in->size() != 4)
    return success();
  int64_t b = op.getBlocksize();
  DimSymbols &symbols = context.symbols();
  context.setShape(0,
                   {(*in)[0], (*in)[1] * b * b, symbols.floorDiv((*in)[2], b),
                    symbols.floorDiv((*in)[3], b)});
  return success();
}

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
  DimExpr absolute = bound;
  if (symbols.isNegative(bound))
    absolute = bound + dim;
  else if (!symbols.isNonNegative(bound))
    return std::nullopt;
  return symbols.max(symbols.min(absolute, high), low);
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

void mlir::onnx::addMovementRules(ShapeRules &rules) {
  rules.add({"onnx.Transpose"}, transpose);
  rules.add({"onnx.Concat"}, concat);
  rules.add({"onnx.Split"}, split);
  rules.add({"onnx.Slice"}, slice);
  rules.add({"onnx.Expand"}, expand);
  rules.add({"onnx.Tile"}, tile);
  rules.add({"onnx.Pad"}, pad);
  rules.add({"onnx.DepthToSpace"}, depthToSpace);
  rules.add({"onnx.SpaceToDepth"}, spaceToDepth);
  rules.add({"onnx.Trilu", "onnx.ReverseSequence", "onnx.CumSum",
             "onnx.Softmax", "onnx.LogSoftmax", "onnx.Hardmax",
             "onnx.ScatterElements", "onnx.ScatterND", "onnx.RMSNormalization",
             "onnx.QuantizeLinear", "onnx.DequantizeLinear", "qopt.quantize",
             "qopt.dequantize"},
            sameShape);
}
