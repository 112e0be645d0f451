//===- LiftGraph.cpp - what rotary embedding and attention lifting share -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LiftGraph.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::onnx;

Value GraphLifter::ints(Location loc, ArrayRef<int64_t> numbers) {
  return create<ConstantOp>(loc, builder.getI64TensorAttr(numbers));
}

Value GraphLifter::none(Location loc) {
  return create<NoValueOp>(loc, builder.getNoneType());
}

Value GraphLifter::transpose(Location loc, Value value,
                             ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  for (int64_t i : perm)
    shape.push_back(type.getDimSize(i));
  return create<TransposeOp>(loc, type.clone(shape), value,
                             builder.getDenseI64ArrayAttr(perm));
}

Value GraphLifter::reshape(Location loc, Value value, ArrayRef<int64_t> target,
                           ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  return create<ReshapeOp>(loc, type.clone(shape), value, ints(loc, target));
}

std::optional<int64_t> GraphLifter::staticDim(Value value, int64_t i) const {
  if (!analysis.hasShape(value))
    return std::nullopt;
  int64_t rank = analysis.getShape(value).size();
  i += i < 0 ? rank : 0;
  return i >= 0 && i < rank ? analysis.getDim(value, i).getConstant()
                            : std::nullopt;
}

std::optional<SmallVector<int64_t>> GraphLifter::axesOf(Value axes,
                                                        int64_t rank) {
  if (isa<NoneType>(axes.getType()))
    return std::nullopt;
  std::optional<SmallVector<int64_t>> numbers =
      analysis.getConstantElements(axes);
  if (numbers)
    for (int64_t &axis : *numbers)
      axis += axis < 0 ? rank : 0;
  return numbers;
}

std::optional<GraphLifter::Range> GraphLifter::matchRange(Value value,
                                                          int64_t axis) {
  Operation *op = value.getDefiningOp();
  if (auto split = dyn_cast_or_null<SplitOp>(op)) {
    int64_t rank = analysis.getShape(split.getInput()).size();
    if (split.getAxis() + (split.getAxis() < 0 ? rank : 0) != axis)
      return std::nullopt;
    int64_t start = 0;
    for (Value part : split.getOutputs()) {
      std::optional<int64_t> size = staticDim(part, axis);
      if (!size)
        return std::nullopt;
      if (part == value)
        return Range{split.getInput(), start, *size, 1};
      start += *size;
    }
  }
  auto slice = dyn_cast_or_null<SliceOp>(op);
  if (!slice || !analysis.hasShape(slice.getData()))
    return std::nullopt;
  std::optional<Range> result;
  SmallVector<std::optional<SliceRange>> ranges =
      analysis.getSliceRanges(slice);
  for (auto [i, range] : llvm::enumerate(ranges)) {
    if (!range)
      return std::nullopt;
    if (static_cast<int64_t>(i) != axis) {
      if (range->step != 1 || !range->start.isConstant(0) ||
          range->size != analysis.getDim(slice.getData(), i))
        return std::nullopt;
      continue;
    }
    std::optional<int64_t> start = range->start.getConstant();
    std::optional<int64_t> size = range->size.getConstant();
    if (!start || !size)
      return std::nullopt;
    result = Range{slice.getData(), *start, *size, range->step};
  }
  return result;
}

void mlir::onnx::eraseDead(ArrayRef<Operation *> roots) {
  llvm::SetVector<Operation *> work;
  work.insert(roots.begin(), roots.end());
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (!op->use_empty() || !isMemoryEffectFree(op))
      continue;
    SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands)
      if (Operation *producer = operand.getDefiningOp())
        work.insert(producer);
  }
}
