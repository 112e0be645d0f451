//===- ReshapeRules.cpp - ops that keep the elements ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reshape is where shapes computed in the graph come back: its target holds
// expressions, and the dim that is -1 (or whose sign cannot be proved) follows
// from the number of elements, by exact polynomial division where that works.
//===----------------------------------------------------------------------===//

#include "ShapeRules.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// Elements do not move, so they are the operand's.
void forwardElements(RuleContext &context) {
  if (std::optional<Dims> elements = context.elements(0))
    context.setElements(0, *elements);
}

LogicalResult reshape(RuleContext &context) {
  auto op = cast<ReshapeOp>(context.getOp());
  OptionalDims target = context.shape(1), data = context.shape(0);
  if (!target)
    return success();
  if (target->size() != 1)
    return op.emitOpError()
           << "expects a vector of dims, shape has rank " << target->size();
  std::optional<Dims> wanted = context.elements(1);
  if (!wanted) {
    if (std::optional<int64_t> rank = target->front().getConstant())
      context.setShape(0, context.opaqueShape(0, *rank));
    return success();
  }

  DimSymbols &symbols = context.symbols();
  Dims dims;
  std::optional<size_t> inferred; // position of the -1
  SmallVector<size_t> unproved;   // positions that may be -1 or 0 at run time
  for (auto [i, expr] : llvm::enumerate(*wanted)) {
    if (expr.isConstant(-1)) {
      if (inferred)
        return op.emitOpError("shape holds -1 twice");
      inferred = i;
      dims.push_back(context.opaqueDim(0, i));
    } else if (expr.isConstant(0) && !op.getAllowzero()) {
      if (data && i >= data->size())
        return op.emitOpError() << "shape copies dim " << i
                                << " of an operand of rank " << data->size();
      dims.push_back(data ? (*data)[i] : context.opaqueDim(0, i));
    } else if (symbols.isNonNegative(expr)) {
      dims.push_back(expr);
    } else if (expr.isConstant()) {
      return op.emitOpError() << "shape holds " << symbols.toString(expr);
    } else {
      unproved.push_back(i);
      dims.push_back(context.opaqueDim(0, i));
    }
  }

  // With a dim that really is 0, any number would do for the -1.
  if (inferred && op.getAllowzero() &&
      llvm::any_of(*wanted, [](DimExpr expr) { return expr.isConstant(0); }))
    return op.emitOpError("shape holds 0 and -1 under allowzero");

  // One dim that is not known otherwise follows from the others.
  std::optional<size_t> open = inferred;
  if (!inferred && unproved.size() == 1)
    open = unproved.front();
  bool solvable = data && (inferred ? unproved.empty() : unproved.size() <= 1);
  if (solvable) {
    DimExpr total = product(*data), rest = 1;
    for (auto [i, dim] : llvm::enumerate(dims))
      if (i != open)
        rest = rest * dim;
    if (open && !rest.isConstant(0)) {
      std::optional<int64_t> have = total.getConstant(),
                             per = rest.getConstant();
      if (have && per && *have % *per != 0)
        return op.emitOpError() << "cannot divide " << *have
                                << " elements into groups of " << *per;
      dims[*open] = symbols.floorDiv(total, rest);
    } else if (!open &&
               failed(context.require(
                   total, rest, "element counts before and after differ"))) {
      return failure();
    }
  }
  context.setShape(0, dims);
  forwardElements(context);
  return success();
}

LogicalResult flatten(RuleContext &context) {
  auto op = cast<FlattenOp>(context.getOp());
  OptionalDims input = context.shape(0);
  if (!input)
    return success();
  int64_t rank = input->size(), axis = op.getAxis();
  if (axis < -rank || axis > rank)
    return op.emitOpError() << "axis " << axis << " is outside [" << -rank
                            << ", " << rank << "]";
  if (axis < 0)
    axis += rank;
  context.setShape(
      0, {product(input->take_front(axis)), product(input->drop_front(axis))});
  forwardElements(context);
  return success();
}

// The number of axes, which the data names, if it is known.
std::optional<int64_t> countOfAxes(RuleContext &context) {
  OptionalDims axes = context.shape(1);
  if (!axes || axes->size() != 1)
    return std::nullopt;
  return axes->front().getConstant();
}

LogicalResult squeeze(RuleContext &context) {
  auto op = cast<SqueezeOp>(context.getOp());
  OptionalDims data = context.shape(0);
  if (!data)
    return success();
  int64_t rank = data->size();
  SmallVector<int64_t> axes;
  if (context.has(1)) {
    std::optional<SmallVector<int64_t>> constants = context.constants(1);
    if (!constants) {
      // Which dims go is known at run time only, but not how many.
      std::optional<int64_t> count = countOfAxes(context);
      if (count && *count > 0 && *count <= rank)
        context.setShape(0, context.opaqueShape(0, rank - *count));
      return success();
    }
    FailureOr<SmallVector<int64_t>> normalized = context.axes(*constants, rank);
    if (failed(normalized))
      return failure();
    axes = *normalized;
  } else {
    // Whether a symbolic dim goes is known at run time only, and so the rank.
    // What the file declares of it counts; without that, such dims stay, and
    // generated code checks that they are not 1.
    bool declared = isa<RankedTensorType>(op.getSqueezed().getType());
    for (int64_t i = 0; i < rank; ++i) {
      if (!(*data)[i].isConstant() && declared)
        return success();
      if ((*data)[i].isConstant(1))
        axes.push_back(i);
    }
  }
  Dims dims;
  for (int64_t i = 0; i < rank; ++i) {
    if (!llvm::is_contained(axes, i))
      dims.push_back((*data)[i]);
    else if ((*data)[i].isConstant() && !(*data)[i].isConstant(1))
      return op.emitOpError()
             << "dim " << i << " is " << context.toString((*data)[i])
             << " and cannot be removed";
  }
  context.setShape(0, dims);
  forwardElements(context);
  return success();
}

LogicalResult unsqueeze(RuleContext &context) {
  OptionalDims data = context.shape(0);
  std::optional<SmallVector<int64_t>> constants = context.constants(1);
  if (!data)
    return success();
  if (!constants) {
    if (std::optional<int64_t> count = countOfAxes(context))
      context.setShape(0, context.opaqueShape(0, data->size() + *count));
    return success();
  }
  int64_t rank = data->size() + constants->size();
  FailureOr<SmallVector<int64_t>> axes = context.axes(*constants, rank);
  if (failed(axes))
    return failure();
  Dims dims;
  const DimExpr *next = data->begin();
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(llvm::is_contained(*axes, i) ? DimExpr(1) : *next++);
  context.setShape(0, dims);
  forwardElements(context);
  return success();
}

} // namespace

void mlir::onnx::addReshapeRules(ShapeRules &rules) {
  rules.add({"onnx.Reshape"}, reshape);
  rules.add({"onnx.Flatten"}, flatten);
  rules.add({"onnx.Squeeze"}, squeeze);
  rules.add({"onnx.Unsqueeze"}, unsqueeze);
}
