//===- LiftAttention.cpp - scaled dot product attention from its parts ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the second product backward: guard against NaN, casts, softmax, masks,
// softcap, scale, first product, scales and transposes of its operands,
// repeated heads. Whatever is seen through must have no other reader: nothing
// is computed twice. Masks are taken as they are; a chain of several becomes
// one by Add or And. What scales q before heads are split, and the cache in
// front of k and v, stay outside of the op.
//===----------------------------------------------------------------------===//

#include "LiftGraph.h"
#include "LiftPatterns.h"

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

class AttentionLifter : GraphLifter {
public:
  using GraphLifter::GraphLifter;
  unsigned run();

private:
  // Where `condition` is false (true, if inverted) a score becomes `fill`.
  struct Choice {
    Value condition;
    bool inverted;
    double fill;
    bool merged;
  };
  // A mask that is added, times a scale that stands behind both.
  struct Addend {
    Value mask;
    double factor;
    // The scores had rank 3 there: batch and heads merged.
    bool merged;
  };
  struct Match {
    Value q, k, v, scores;
    // q with batch and heads merged, if the products have it so.
    Value mergedQ;
    double scale = 1, softcap = 0;
    SmallVector<Addend, 2> addends;
    SmallVector<Choice, 1> choices;
    bool zeroMaskedRows = false;
    std::optional<int64_t> precision;
    // k is as in the first product: [batch, heads, size, keys].
    bool keysTransposed = true;
  };

  SoftmaxOp matchProbabilities(Value value, Match &match);
  bool matchMasked(Value value, Match &match);
  bool keepsShape(Value scores, Value masked);
  bool matchScaled(Value value, Match &match);
  bool matchProduct(Value value, Match &match);
  Value skipScale(Value value, double &scale);
  Value otherView(Value value);
  bool splitHeads(Match &match, Value result);
  Value splitMask(Value mask, bool merged, const Match &match, Location loc);
  std::optional<std::pair<Value, int64_t>> matchRepeated(Value value);
  void matchKeys(Match &match);
  bool fits(Match &match, Value result);
  std::optional<Value> makeMask(const Match &match, std::optional<double> &fill,
                                Location loc);
  Value sizes(Value of, int64_t start, int64_t end, Location loc);
  Value mergeHeads(Value y, MatMulOp op, const Match &match);
  bool replace(MatMulOp op, const Match &match);

  SmallVector<Operation *> replaced;
};

//===----------------------------------------------------------------------===//
// From the probabilities to the scores
//===----------------------------------------------------------------------===//

// The number of a floating-point type in ONNX.
std::optional<int64_t> onnxTypeNumber(Type type) {
  if (type.isF32())
    return 1;
  if (type.isF16())
    return 10;
  if (type.isF64())
    return 11;
  return type.isBF16() ? std::optional<int64_t>(16) : std::nullopt;
}

bool isFloatCast(CastOp cast) {
  return cast && isa<FloatType>(getElementTypeOrSelf(cast.getInput())) &&
         isa<FloatType>(getElementTypeOrSelf(cast.getOutput()));
}

// [batch, heads, ..] as [batch * heads, ..] or the other way round: the operand
// of the Reshape.
Value AttentionLifter::otherView(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape || !analysis.hasShape(value) ||
      !analysis.hasShape(reshape.getData()))
    return {};
  ArrayRef<DimExpr> from = analysis.getShape(reshape.getData());
  ArrayRef<DimExpr> to = analysis.getShape(value);
  bool fits = std::min(from.size(), to.size()) == 3 &&
              std::max(from.size(), to.size()) == 4 &&
              from.take_back(2) == to.take_back(2) &&
              product(from.drop_back(2)) == product(to.drop_back(2));
  return fits ? reshape.getData() : Value();
}

// Through casts, Identity, views and Where(IsNaN(p), 0, p).
SoftmaxOp AttentionLifter::matchProbabilities(Value value, Match &match) {
  while (Operation *op = value.getDefiningOp()) {
    bool guarded = false;
    if (auto where = dyn_cast<WhereOp>(op)) {
      auto isNaN = where->getOperand(0).getDefiningOp<IsNaNOp>();
      if (!where->hasOneUse() || match.zeroMaskedRows || !isNaN ||
          !isNaN->hasOneUse() || isNaN.getX() != where->getOperand(2) ||
          splatNumber(where->getOperand(1)) != 0.0)
        return {};
      value = isNaN.getX();
      op = value.getDefiningOp();
      match.zeroMaskedRows = guarded = true;
    }
    if (!op || llvm::range_size(value.getUses()) != (guarded ? 2 : 1))
      return {};
    if (auto softmax = dyn_cast<SoftmaxOp>(op))
      return softmax;
    if (guarded || !(isa<IdentityOp>(op) || otherView(value) ||
                     isFloatCast(dyn_cast<CastOp>(op))))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

// True if a mask widens no dim of the scores. Where it is not longer than they
// are, it can only fit or be an error.
bool AttentionLifter::keepsShape(Value scores, Value masked) {
  if (!analysis.hasShape(scores) || !analysis.hasShape(masked))
    return false;
  ArrayRef<DimExpr> before = analysis.getShape(scores);
  ArrayRef<DimExpr> after = analysis.getShape(masked);
  if (before.size() != after.size())
    return false;
  DimSymbols &symbols = analysis.getSymbols();
  for (auto [a, b] : llvm::zip_equal(before, after)) {
    std::optional<DimSymbol> symbol = b.getSymbol();
    if (a == b)
      continue;
    if (!symbol || symbols.getInfo(*symbol).kind != DimSymbols::Kind::Broadcast)
      return false;
    DimExpr lhs = symbols.getInfo(*symbol).lhs,
            rhs = symbols.getInfo(*symbol).rhs;
    if (!(lhs == a && symbols.isNonNegative(a - rhs)) &&
        !(rhs == a && symbols.isNonNegative(a - lhs)))
      return false;
  }
  return true;
}

// Where(condition, scores, number) and its opposite; scores + mask. A scale
// behind them applies to the masks too.
bool AttentionLifter::matchMasked(Value value, Match &match) {
  if (!value.hasOneUse())
    return false;
  if (Value view = otherView(value))
    return matchMasked(view, match);
  bool merged = hasRank(value, 3);
  double factor = 1;
  Value inner = skipScale(value, factor);
  Operation *op = inner.getDefiningOp();
  if (!isa_and_nonnull<AddOp, WhereOp>(op) || !inner.hasOneUse())
    return matchScaled(value, match);
  value = inner;
  match.scale *= factor;
  factor = match.scale;
  if (auto where = dyn_cast<WhereOp>(op)) {
    for (bool inverted : {false, true}) {
      Value scores = where->getOperand(inverted ? 2 : 1);
      std::optional<double> fill =
          splatNumber(where->getOperand(inverted ? 1 : 2));
      if (!fill || !keepsShape(scores, value))
        continue;
      match.choices.push_back(
          {where->getOperand(0), inverted, *fill * factor, merged});
      return matchMasked(scores, match);
    }
    return false;
  }
  for (unsigned i : {0, 1}) {
    Value scores = op->getOperand(i), mask = op->getOperand(1 - i);
    Match attempt = match;
    attempt.addends.push_back({mask, factor, merged});
    if (!keepsShape(scores, value) || !matchMasked(scores, attempt))
      continue;
    match = attempt;
    return true;
  }
  return false;
}

// value * number or value / number: the value.
Value scaledBy(Value value, double &scale) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<MulOp, DivOp>(op))
    return {};
  for (unsigned i : {1, 0}) {
    std::optional<double> number = splatNumber(op->getOperand(i));
    if (!number || op->getOperand(1 - i).getType() != value.getType())
      continue;
    if (isa<DivOp>(op)) {
      if (i == 0)
        return {};
      scale /= *number;
    } else {
      scale *= *number;
    }
    return op->getOperand(1 - i);
  }
  return {};
}

Value AttentionLifter::skipScale(Value value, double &scale) {
  while (value.hasOneUse()) {
    Value inner = scaledBy(value, scale);
    if (!inner)
      break;
    value = inner;
  }
  return value;
}

// Scale and softcap: c * tanh(scores * f).
bool AttentionLifter::matchScaled(Value value, Match &match) {
  double scale = 1;
  Value inner = skipScale(value, scale);
  auto tanh = inner.getDefiningOp<TanhOp>();
  if (!tanh) {
    match.scale *= scale;
    return matchProduct(inner, match);
  }
  if (!inner.hasOneUse() || !(scale > 0))
    return false;
  match.scale *= scale;
  match.softcap = match.scale;
  return matchProduct(skipScale(tanh.getX(), match.scale), match);
}

bool AttentionLifter::matchProduct(Value value, Match &match) {
  auto product = value.getDefiningOp<MatMulOp>();
  if (!product || !value.hasOneUse() || !analysis.hasShape(value))
    return false;
  size_t rank = analysis.getShape(value).size();
  if ((rank != 3 && rank != 4) || !hasRank(product.getA(), rank) ||
      !hasRank(product.getB(), rank))
    return false;
  match.scores = value;
  match.q = skipScale(product.getA(), match.scale);
  match.k = product.getB();
  matchKeys(match);
  return true;
}

//===----------------------------------------------------------------------===//
// Keys and values
//===----------------------------------------------------------------------===//

// [batch, heads, keys, size] of the second operand of the first product.
void AttentionLifter::matchKeys(Match &match) {
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
AttentionLifter::matchRepeated(Value value) {
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
bool AttentionLifter::splitHeads(Match &match, Value result) {
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
bool AttentionLifter::fits(Match &match, Value result) {
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

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

// The dims [start, end) as a tensor.
Value AttentionLifter::sizes(Value of, int64_t start, int64_t end,
                             Location loc) {
  auto type = RankedTensorType::get({end - start}, builder.getI64Type());
  return create<ShapeOp>(loc, type, of, start, builder.getI64IntegerAttr(end));
}

// A mask of merged batch and heads with both apart.
Value AttentionLifter::splitMask(Value mask, bool merged, const Match &match,
                                 Location loc) {
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
std::optional<Value> AttentionLifter::makeMask(const Match &match,
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
  for (const Choice &choice : match.choices)
    if (!isa<RankedTensorType>(choice.condition.getType()))
      return std::nullopt;
  for (const Addend &addend : match.addends)
    if (!isa<RankedTensorType>(addend.mask.getType()))
      return std::nullopt;
  bool additive = !match.addends.empty();
  for (const Choice &choice : match.choices) {
    // As an addend a number has to swallow the score.
    bool swallows = choice.fill <= -1e30;
    if ((additive && !swallows) || choice.fill != match.choices.front().fill)
      return std::nullopt;
  }
  if (!additive && match.choices.empty())
    return none(loc);

  Value mask;
  for (const Choice &choice : match.choices) {
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
  for (const Addend &addend : llvm::reverse(match.addends)) {
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
Value AttentionLifter::mergeHeads(Value y, MatMulOp op, const Match &match) {
  Location loc = op.getLoc();
  auto target = RankedTensorType::get({3}, builder.getI64Type());
  Value shape = create<ConcatOp>(
      loc, target,
      ValueRange{sizes(match.mergedQ, 0, 2, loc), sizes(op.getB(), 2, 3, loc)},
      0);
  return create<ReshapeOp>(loc, op.getType(), y, shape);
}

bool AttentionLifter::replace(MatMulOp op, const Match &match) {
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
    if ((!hasRank(op.getA(), 3) && !hasRank(op.getA(), 4)) || op->use_empty())
      continue;
    Match match;
    match.v = op.getB();
    SoftmaxOp softmax = matchProbabilities(op.getA(), match);
    if (!softmax || !analysis.hasShape(softmax.getInput()))
      continue;
    Value scores = softmax.getInput();
    int64_t rank = analysis.getShape(scores).size();
    if (softmax.getAxis() != -1 && softmax.getAxis() != rank - 1)
      continue;
    if (auto cast = scores.getDefiningOp<CastOp>();
        isFloatCast(cast) && scores.hasOneUse())
      scores = cast.getInput();
    if (!matchMasked(scores, match))
      continue;
    // Casts between the products change the precision of softmax alone.
    Type element = getElementTypeOrSelf(match.scores);
    Type inner = getElementTypeOrSelf(softmax.getOutput());
    if (getElementTypeOrSelf(match.v) != element)
      continue;
    if (inner != element)
      match.precision = onnxTypeNumber(inner);
    count += fits(match, op.getResult()) && replace(op, match);
  }
  eraseDead(replaced);
  return count;
}

} // namespace

unsigned mlir::onnx::liftAttention(ShapeAnalysis &analysis) {
  return AttentionLifter(analysis).run();
}
