//===- LiftAttention.cpp - scaled dot product attention from its parts ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What AttentionMatch.h finds becomes one op. A chain of several masks becomes
// one by Add or And. What scales q before heads are split, and the cache in
// front of k and v, stay outside of the op.
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

class AttentionLifter : AttentionMatcher {
public:
  using AttentionMatcher::AttentionMatcher;
  unsigned run();

private:
  Value sizes(Value of, int64_t start, int64_t end, Location loc);
  Value splitMask(Value mask, bool merged, const AttentionMatch &match,
                  Location loc);
  std::optional<Value> makeMask(const AttentionMatch &match,
                                std::optional<double> &fill, Location loc);
  Value mergeHeads(Value y, MatMulOp op, const AttentionMatch &match);
  bool replace(MatMulOp op, const AttentionMatch &match);

  SmallVector<Operation *> replaced;
};

// The dims [start, end) as a tensor.
Value AttentionLifter::sizes(Value of, int64_t start, int64_t end,
                             Location loc) {
  auto type = RankedTensorType::get({end - start}, builder.getI64Type());
  return create<ShapeOp>(loc, type, of, start, builder.getI64IntegerAttr(end));
}

// A mask of merged batch and heads with both apart.
Value AttentionLifter::splitMask(Value mask, bool merged,
                                 const AttentionMatch &match, Location loc) {
  auto type = cast<RankedTensorType>(mask.getType());
  if (!merged || type.getRank() < 3 || type.getDimSize(0) == 1)
    return mask;
  auto target = RankedTensorType::get({4}, builder.getI64Type());
  Value shape = create<ConcatOp>(
      loc, target,
      ValueRange{sizes(match.q, 0, 2, loc), sizes(mask, 1, 3, loc)}, 0);
  auto q = cast<RankedTensorType>(match.q.getType());
  return create<ReshapeOp>(loc,
                           type.clone({q.getDimSize(0), q.getDimSize(1),
                                       type.getDimSize(1), type.getDimSize(2)}),
                           mask, shape);
}

// One mask for all of the match; `fill` is what a bool mask stands for. None if
// no mask says the same.
std::optional<Value> AttentionLifter::makeMask(const AttentionMatch &match,
                                               std::optional<double> &fill,
                                               Location loc) {
  auto broadcast = [&](ArrayRef<Value> values, Type element) {
    Dims dims;
    SmallVector<int64_t> shape;
    for (Value value : values) {
      ArrayRef<int64_t> other =
          cast<RankedTensorType>(value.getType()).getShape();
      SmallVector<int64_t> joined;
      for (size_t i = 0, e = std::max(shape.size(), other.size()); i != e;
           ++i) {
        auto at = [&](ArrayRef<int64_t> dims) {
          int64_t j = dims.size() + i - e;
          return j < 0 ? 1 : dims[j];
        };
        int64_t a = at(shape), b = at(other);
        joined.push_back(a == 1                     ? b
                         : b == 1                   ? a
                         : ShapedType::isDynamic(a) ? b
                                                    : a);
      }
      shape = joined;
    }
    return RankedTensorType::get(shape, element);
  };
  Type element = getElementTypeOrSelf(match.scores);
  Type boolean = builder.getI1Type();
  auto scalar = [&](double number) {
    auto type = RankedTensorType::get({}, element);
    Attribute value = builder.getFloatAttr(element, number);
    return create<ConstantOp>(loc, DenseElementsAttr::get(type, value));
  };
  for (const AttentionMatch::Choice &choice : match.choices)
    if (!isa<RankedTensorType>(choice.condition.getType()))
      return std::nullopt;
  for (const AttentionMatch::Addend &addend : match.addends)
    if (!isa<RankedTensorType>(addend.mask.getType()))
      return std::nullopt;
  bool additive = !match.addends.empty();
  for (const AttentionMatch::Choice &choice : match.choices) {
    // As an addend a number has to swallow the score.
    bool swallows = choice.fill <= -1e30;
    if ((additive && !swallows) || choice.fill != match.choices.front().fill)
      return std::nullopt;
  }
  if (!additive && match.choices.empty())
    return none(loc);

  Value mask;
  for (const AttentionMatch::Choice &choice : match.choices) {
    Value condition = splitMask(choice.condition, choice.merged, match, loc);
    if (choice.inverted)
      condition = create<NotOp>(loc, condition.getType(), condition);
    if (mask)
      condition = create<AndOp>(loc, broadcast({mask, condition}, boolean),
                                mask, condition);
    mask = condition;
  }
  if (!additive) {
    fill = match.choices.front().fill;
    return mask;
  }
  if (mask)
    mask = create<WhereOp>(loc, broadcast({mask}, element), mask, scalar(0),
                           scalar(match.choices.front().fill));
  // From the product outward, the order in which they were added.
  for (const AttentionMatch::Addend &addend : llvm::reverse(match.addends)) {
    Value more = splitMask(addend.mask, addend.merged, match, loc);
    if (addend.factor != 1)
      more = create<MulOp>(loc, more.getType(), more, scalar(addend.factor));
    mask =
        mask ? create<AddOp>(loc, broadcast({mask, more}, element), mask, more)
                   .getC()
             : more;
  }
  return mask;
}

// The tensor in the shape of the product that it replaces.
Value AttentionLifter::mergeHeads(Value y, MatMulOp op,
                                  const AttentionMatch &match) {
  Location loc = op.getLoc();
  auto target = RankedTensorType::get({3}, builder.getI64Type());
  Value shape = create<ConcatOp>(
      loc, target,
      ValueRange{sizes(match.mergedQ, 0, 2, loc), sizes(op.getB(), 2, 3, loc)},
      0);
  return create<ReshapeOp>(loc, op.getType(), y, shape);
}

bool AttentionLifter::replace(MatMulOp op, const AttentionMatch &match) {
  Location loc = op.getLoc();
  builder.setInsertionPoint(op);
  std::optional<double> fill;
  std::optional<Value> mask = makeMask(match, fill, loc);
  if (!mask)
    return false;
  Value k = match.k;
  // The expansion transposes back, and both disappear.
  if (match.keysTransposed)
    k = transpose(loc, k, {0, 1, 3, 2});
  auto number = [&](double value) {
    return builder.getF32FloatAttr(static_cast<float>(value));
  };
  Value absent = none(loc);
  Value operands[] = {match.q, k, match.v, *mask, absent, absent, absent};
  bool merged = hasRank(match.scores, 3);
  auto dimsOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  auto q = cast<RankedTensorType>(match.q.getType());
  auto type = [&](int64_t last) {
    SmallVector<int64_t> shape(q.getShape());
    shape.back() = last;
    return q.clone(shape);
  };
  Type results[] = {merged ? type(dimsOf(match.v).back()) : op.getType(),
                    k.getType(), match.v.getType(), type(dimsOf(k)[2])};
  OperationState state(loc, AttentionOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttribute("scale", number(match.scale));
  if (match.softcap != 0)
    state.addAttribute("softcap", number(match.softcap));
  if (match.precision)
    state.addAttribute("softmax_precision",
                       builder.getI64IntegerAttr(*match.precision));
  if (fill && *fill != -std::numeric_limits<double>::infinity())
    state.addAttribute("mask_filter_value", number(*fill));
  if (match.zeroMaskedRows)
    state.addAttribute("zero_masked_rows", builder.getUnitAttr());
  Operation *attention = builder.create(state);
  (void)analysis.analyze(attention);
  Value y = attention->getResult(0);
  replaced.push_back(op);
  if (merged) {
    // Mostly batch and heads come apart again at once.
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (isa<ReshapeOp>(user) &&
          otherView(user->getResult(0)) == op.getResult()) {
        user->getResult(0).replaceAllUsesWith(y);
        replaced.push_back(user);
      }
    y = mergeHeads(y, op, match);
  }
  op.getResult().replaceAllUsesWith(y);
  return true;
}

unsigned AttentionLifter::run() {
  unsigned count = 0;
  SmallVector<MatMulOp> products;
  analysis.getFunction().walk([&](MatMulOp op) { products.push_back(op); });
  for (MatMulOp op : products) {
    if (op->use_empty())
      continue;
    std::optional<AttentionMatch> found = match(op);
    count += found && replace(op, *found);
  }
  eraseDead(replaced);
  return count;
}

} // namespace

unsigned mlir::onnx::liftAttention(ShapeAnalysis &analysis) {
  return AttentionLifter(analysis).run();
}
