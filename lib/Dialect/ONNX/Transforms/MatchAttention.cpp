//===- MatchAttention.cpp - from probabilities to scores ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks are taken as they are; what scales the scores behind them scales them
// too.
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

// The number of a floating-point type in ONNX.
static std::optional<int64_t> onnxTypeNumber(Type type) {
  if (type.isF32())
    return 1;
  if (type.isF16())
    return 10;
  if (type.isF64())
    return 11;
  return type.isBF16() ? std::optional<int64_t>(16) : std::nullopt;
}

static bool isFloatCast(CastOp cast) {
  return cast && isa<FloatType>(getElementTypeOrSelf(cast.getInput())) &&
         isa<FloatType>(getElementTypeOrSelf(cast.getOutput()));
}

Value AttentionMatcher::otherView(Value value) {
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
SoftmaxOp AttentionMatcher::matchProbabilities(Value value,
                                               AttentionMatch &match) {
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
bool AttentionMatcher::keepsShape(Value scores, Value masked) {
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
bool AttentionMatcher::matchMasked(Value value, AttentionMatch &match) {
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
    AttentionMatch attempt = match;
    attempt.addends.push_back({mask, factor, merged});
    if (!keepsShape(scores, value) || !matchMasked(scores, attempt))
      continue;
    match = attempt;
    return true;
  }
  return false;
}

// value * number or value / number: the value.
static Value scaledBy(Value value, double &scale) {
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

Value AttentionMatcher::skipScale(Value value, double &scale) {
  while (value.hasOneUse()) {
    Value inner = scaledBy(value, scale);
    if (!inner)
      break;
    value = inner;
  }
  return value;
}

// Scale and softcap: c * tanh(scores * f).
bool AttentionMatcher::matchScaled(Value value, AttentionMatch &match) {
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

bool AttentionMatcher::matchProduct(Value value, AttentionMatch &match) {
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

std::optional<AttentionMatch> AttentionMatcher::match(MatMulOp op) {
  if (!hasRank(op.getA(), 3) && !hasRank(op.getA(), 4))
    return std::nullopt;
  AttentionMatch match;
  match.v = op.getB();
  SoftmaxOp softmax = matchProbabilities(op.getA(), match);
  if (!softmax || !analysis.hasShape(softmax.getInput()))
    return std::nullopt;
  Value scores = softmax.getInput();
  int64_t rank = analysis.getShape(scores).size();
  if (softmax.getAxis() != -1 && softmax.getAxis() != rank - 1)
    return std::nullopt;
  if (auto cast = scores.getDefiningOp<CastOp>();
      isFloatCast(cast) && scores.hasOneUse())
    scores = cast.getInput();
  if (!matchMasked(scores, match))
    return std::nullopt;
  // Casts between the products change the precision of softmax alone.
  Type element = getElementTypeOrSelf(match.scores);
  Type inner = getElementTypeOrSelf(softmax.getOutput());
  if (getElementTypeOrSelf(match.v) != element)
    return std::nullopt;
  if (inner != element)
    match.precision = onnxTypeNumber(inner);
  return fits(match, op.getResult()) ? std::optional(match) : std::nullopt;
}
