//===- RotaryCaches.cpp - half of a cache with equal halves ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Proves that both halves are equal, back to constants or to where one tensor
// was repeated, and only computes one: what keeps the last axis is copied on
// half of its operands.
//===----------------------------------------------------------------------===//

#include "RotaryMatch.h"

#include "HostTensor.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::onnx;

static RankedTensorType halfType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() /= 2;
  return type.clone(shape);
}

Value RotaryCaches::halfOfConstant(ConstantOp constant, bool interleaved) {
  std::optional<HostTensor> whole = HostTensor::read(constant.getValue());
  if (!whole || !whole->isFloat())
    return {};
  int64_t width = whole->getShape().back(), n = width / 2;
  HostTensor part =
      HostTensor::create(halfType(constant.getOutput()), whole->isSplat());
  if (whole->isSplat()) {
    part.setFloat(0, whole->getFloat(0));
  } else {
    for (int64_t i = 0, e = part.getNumElements(); i != e; ++i) {
      int64_t row = i / n * width, column = i % n;
      int64_t first = row + (interleaved ? 2 * column : column);
      double number = whole->getFloat(first);
      if (number != whole->getFloat(first + (interleaved ? 1 : n)))
        return {};
      part.setFloat(i, number);
    }
  }
  builder.setInsertionPointAfter(constant);
  return create<ConstantOp>(constant.getLoc(), part.toAttr("rotary_cache"));
}

// The op on halves of its operands, where it keeps the last axis as it is.
Value RotaryCaches::halfOfOp(Operation *op, bool interleaved) {
  Value result = op->getResult(0);
  SmallVector<unsigned> wide;
  int64_t rank = analysis.getShape(result).size();
  if (op->hasTrait<OpTrait::ONNXElementwise>()) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!analysis.hasShape(operand.get()))
        return {};
      if (analysis.getShape(operand.get()).empty() ||
          staticDim(operand.get(), -1) == 1)
        continue;
      wide.push_back(operand.getOperandNumber());
    }
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    if (transpose.getPermutation(rank).back() == rank - 1)
      wide = {0};
  } else if (auto unsqueeze = dyn_cast<UnsqueezeOp>(op)) {
    auto axes = axesOf(unsqueeze.getAxes(), rank);
    if (axes && !llvm::is_contained(*axes, rank - 1))
      wide = {0};
  } else if (auto squeeze = dyn_cast<SqueezeOp>(op)) {
    if (analysis.hasShape(squeeze.getData()) &&
        staticDim(squeeze.getData(), -1) == staticDim(result, -1))
      wide = {0};
  } else if (auto gather = dyn_cast<GatherOp>(op)) {
    if (gather.getAxis() == 0 && analysis.hasShape(gather.getData()) &&
        analysis.getShape(gather.getData()).size() > 1)
      wide = {0};
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    // Bounds of other axes only: their meaning does not change.
    auto axes = axesOf(slice.getAxes(), rank);
    if (axes && !llvm::is_contained(*axes, rank - 1))
      wide = {0};
  }
  if (wide.empty())
    return {};
  IRMapping mapping;
  for (unsigned i : wide) {
    Value operand = op->getOperand(i);
    Value part = staticDim(operand, -1) == staticDim(result, -1)
                     ? half(operand, interleaved)
                     : Value();
    if (!part)
      return {};
    mapping.map(operand, part);
  }
  builder.setInsertionPointAfter(op);
  Operation *copy = builder.clone(*op, mapping);
  copy->getResult(0).setType(halfType(result));
  (void)analysis.analyze(copy);
  return copy->getResult(0);
}

Value RotaryCaches::half(Value cache, bool interleaved) {
  auto [it, inserted] =
      halves.try_emplace({cache, static_cast<unsigned>(interleaved)});
  if (!inserted)
    return it->second;
  Operation *op = cache.getDefiningOp();
  std::optional<int64_t> width = staticDim(cache, -1);
  if (!op || op->getNumResults() != 1 || !width || *width % 2 || *width == 0)
    return {};
  Value result;
  std::optional<Pair> pair = matchPair(cache);
  auto expanded = cache.getDefiningOp<ReshapeOp>();
  if (pair && pair->first == pair->second && pair->interleaved == interleaved) {
    result = pair->first;
  } else if (auto constant = dyn_cast<ConstantOp>(op)) {
    result = halfOfConstant(constant, interleaved);
  } else if (auto tile = dyn_cast<TileOp>(op)) {
    auto repeats = analysis.getConstantElements(tile.getRepeats());
    if (!interleaved && repeats && repeats->back() == 2 &&
        llvm::all_of(ArrayRef(*repeats).drop_back(),
                     [](int64_t n) { return n == 1; }))
      result = tile.getInput();
  } else if (expanded) {
    // repeat_interleave: [.., n, 1] to [.., n, 2] by Expand or Tile, flattened.
    Operation *repeat = expanded.getData().getDefiningOp();
    auto unsqueeze = isa_and_nonnull<ExpandOp, TileOp>(repeat)
                         ? repeat->getOperand(0).getDefiningOp<UnsqueezeOp>()
                         : UnsqueezeOp();
    Value part = unsqueeze ? unsqueeze.getData() : Value();
    if (part && analysis.hasShape(part) && staticDim(part, -1) == *width / 2) {
      ArrayRef<DimExpr> from = analysis.getShape(part);
      ArrayRef<DimExpr> column = analysis.getShape(unsqueeze.getExpanded());
      ArrayRef<DimExpr> twice = analysis.getShape(expanded.getData());
      ArrayRef<DimExpr> to = analysis.getShape(cache);
      size_t rank = from.size();
      bool behind = interleaved && column.size() == rank + 1 &&
                    column.back().isConstant(1) && twice.back().isConstant(2) &&
                    column.drop_back() == from && twice.drop_back() == from;
      bool before =
          !interleaved && column.size() == rank + 1 &&
          column[rank - 1].isConstant(1) && twice[rank - 1].isConstant(2) &&
          twice.drop_back(2) == from.drop_back() && twice.back() == from.back();
      if ((behind || before) && to.size() == rank &&
          to.drop_back() == from.drop_back())
        result = part;
    }
  } else {
    result = halfOfOp(op, interleaved);
  }
  halves[{cache, static_cast<unsigned>(interleaved)}] = result;
  return result;
}
