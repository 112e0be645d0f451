//===- MatchAttentionOperands.cpp - q, k and v of an attention ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layout of the keys, heads that are repeated for groups of queries, and
// batch and heads merged: what the op takes lies behind them.
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"

#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

// [batch, heads, keys, size] of the second operand of the first product.
void AttentionMatcher::matchKeys(AttentionMatch &match) {
  match.k = skipScale(match.k, match.scale);
  auto transpose = match.k.getDefiningOp<TransposeOp>();
  SmallVector<int64_t> swap{0, 1, 3, 2};
  if (hasRank(match.k, 3))
    swap = {0, 2, 1};
  if (!transpose || transpose.getPermutation(swap.size()) != swap)
    return;
  match.k = transpose.getData();
  match.keysTransposed = false;
  if (transpose->hasOneUse())
    match.k = skipScale(match.k, match.scale);
}

// A tensor of rank 4 whose dim 1 repeats every entry of another one some times
// in a row: that one, and how often.
std::optional<std::pair<Value, int64_t>>
AttentionMatcher::matchRepeated(Value value) {
  if (auto gather = value.getDefiningOp<GatherOp>()) {
    auto indices = analysis.getConstantElements(gather.getIndices());
    std::optional<int64_t> heads = staticDim(gather.getData(), 1);
    if (!indices || !heads || *heads == 0 || !hasRank(gather.getIndices(), 1) ||
        !hasRank(gather.getData(), 4) || indices->size() % *heads ||
        (gather.getAxis() != 1 && gather.getAxis() != -3))
      return std::nullopt;
    int64_t times = indices->size() / *heads;
    for (auto [i, index] : llvm::enumerate(*indices))
      if (index != static_cast<int64_t>(i) / times)
        return std::nullopt;
    return std::pair(gather.getData(), times);
  }
  auto merge = value.getDefiningOp<ReshapeOp>();
  Operation *repeat = merge ? merge.getData().getDefiningOp() : nullptr;
  if (!isa_and_nonnull<ExpandOp, TileOp, ConcatOp>(repeat) ||
      !hasRank(value, 4) || !hasRank(merge.getData(), 5))
    return std::nullopt;
  if (auto concat = dyn_cast<ConcatOp>(repeat))
    if (!llvm::all_equal(concat.getInputs()))
      return std::nullopt;
  auto unsqueeze = repeat->getOperand(0).getDefiningOp<UnsqueezeOp>();
  if (!unsqueeze || !hasRank(unsqueeze.getData(), 4))
    return std::nullopt;
  Value source = unsqueeze.getData();
  ArrayRef<DimExpr> from = analysis.getShape(source);
  ArrayRef<DimExpr> one = analysis.getShape(unsqueeze.getExpanded());
  ArrayRef<DimExpr> many = analysis.getShape(merge.getData());
  ArrayRef<DimExpr> to = analysis.getShape(value);
  std::optional<int64_t> times = many[2].getConstant();
  std::optional<int64_t> heads = from[1].getConstant();
  auto axes = axesOf(unsqueeze.getAxes(), 5);
  if (!times || !heads || !axes || axes->size() != 1 || axes->front() != 2 ||
      one.take_front(2) != many.take_front(2) ||
      one.take_back(2) != many.take_back(2) || to[0] != from[0] ||
      !to[1].isConstant(*heads * *times) ||
      to.take_back(2) != from.take_back(2))
    return std::nullopt;
  return std::pair(source, *times);
}

// With batch and heads merged: q, k and v with both apart, as they were.
bool AttentionMatcher::splitHeads(AttentionMatch &match, Value result) {
  ArrayRef<DimExpr> scores = analysis.getShape(match.scores);
  match.mergedQ = match.q;
  for (Value *operand : {&match.q, &match.k, &match.v}) {
    Value view = otherView(*operand);
    if (!view || !hasRank(view, 4))
      return false;
    *operand = view;
  }
  return hasRank(result, 3) &&
         analysis.getDim(match.q, 0) * analysis.getDim(match.q, 1) == scores[0];
}

// Checks all dims; takes in repeated heads.
bool AttentionMatcher::fits(AttentionMatch &match, Value result) {
  bool merged = hasRank(match.scores, 3);
  if (merged && !splitHeads(match, result))
    return false;
  if (!hasRank(match.v, 4) || !hasRank(result, merged ? 3 : 4))
    return false;
  int64_t keys = match.keysTransposed ? 3 : 2;
  int64_t size = match.keysTransposed ? 2 : 3;
  if (!sameDim(match.q, 0, match.k, 0) || !sameDim(match.q, 0, match.v, 0) ||
      !sameDim(match.q, 3, match.k, size) ||
      !sameDim(match.k, keys, match.v, 2) || !sameDim(match.k, 1, match.v, 1) ||
      (!merged &&
       (!sameDim(match.q, 0, match.scores, 0) ||
        !sameDim(match.q, 1, match.scores, 1) ||
        !sameDim(match.q, 0, result, 0) || !sameDim(match.q, 1, result, 1))))
    return false;
  bool equalHeads = sameDim(match.q, 1, match.k, 1);
  if (!equalHeads && staticDim(match.k, 1) != 1)
    return false;
  if (!equalHeads || match.keysTransposed)
    return true;
  auto k = matchRepeated(match.k), v = matchRepeated(match.v);
  if (k && v && k->second == v->second) {
    match.k = k->first;
    match.v = v->first;
  }
  return true;
}
