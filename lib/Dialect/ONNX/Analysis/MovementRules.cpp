//===- MovementRules.cpp - ops that move elements ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

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

} // namespace

void mlir::onnx::addMovementRules(ShapeRules &rules) {
  rules.add({"onnx.Transpose"}, transpose);
  rules.add({"onnx.Concat"}, concat);
  rules.add({"onnx.Split"}, split);
  rules.add({"onnx.Expand"}, expand);
  rules.add({"onnx.Tile"}, tile);
  rules.add({"onnx.Pad"}, pad);
  rules.add({"onnx.DepthToSpace"}, depthToSpace);
  rules.add({"onnx.SpaceToDepth"}, spaceToDepth);
  rules.add({"onnx.Trilu", "onnx.ReverseSequence", "onnx.CumSum",
             "onnx.CumProd", "onnx.Softmax", "onnx.LogSoftmax", "onnx.Hardmax",
             "onnx.ScatterElements", "onnx.ScatterND", "onnx.RMSNormalization",
             "onnx.QuantizeLinear", "onnx.DequantizeLinear", "qopt.quantize",
             "qopt.dequantize"},
            sameShape);
}
