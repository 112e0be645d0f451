//===- LiftActivation.cpp - Gelu and Swish from their parts --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters order and associate the products differently; matching on the list
// of factors covers all of them at once.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"

#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

#include <cmath>

using namespace mlir;
using namespace mlir::onnx;

namespace {

bool allEqual(ArrayRef<Value> values, Value x) {
  return llvm::all_of(values, [&](Value value) { return value == x; });
}

// True for `times` * sqrt(2 / pi) * (x + 0.044715 * x^3), in its written-out
// form or as (sqrt(2 / pi) * x) * (1 + 0.044715 * x^2).
bool isTanhArgument(Value value, Value x, double times = 1) {
  constexpr double kOuter = 0.7978845608028654, kInner = 0.044715;
  Factors outer = factorsOf(value);
  if (!isNear(outer.constant, times * kOuter))
    return false;
  if (outer.values.size() == 1) {
    auto add = outer.values.front().getDefiningOp<AddOp>();
    Value cube = add ? otherOperand(add, x) : Value();
    if (!cube)
      return false;
    Factors inner = factorsOf(cube);
    return isNear(inner.constant, kInner) && inner.values.size() == 3 &&
           allEqual(inner.values, x);
  }
  if (outer.values.size() != 2)
    return false;
  for (unsigned i : {0, 1}) {
    Value square = addedTo(outer.values[1 - i], 1.0);
    if (outer.values[i] != x || !square)
      continue;
    Factors inner = factorsOf(square);
    return isNear(inner.constant, kInner) && inner.values.size() == 2 &&
           allEqual(inner.values, x);
  }
  return false;
}

// What of Gelu stands behind 1 + ...: "none" for erf(x / sqrt(2)), "tanh" for
// tanh(...), empty for something else.
StringRef approximationOf(Value value, Value x) {
  if (auto erf = value.getDefiningOp<ErfOp>()) {
    Factors argument = factorsOf(erf.getX());
    if (argument.values.size() == 1 && argument.values.front() == x &&
        isNear(argument.constant, M_SQRT1_2))
      return "none";
  } else if (auto tanh = value.getDefiningOp<TanhOp>()) {
    if (isTanhArgument(tanh.getX(), x))
      return "tanh";
  }
  return "";
}

// 0.5 * x * (1 + erf(x / sqrt(2)))                          -> Gelu(x)
// 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) -> Gelu(x), tanh
// form; each also with the half multiplied into the sum.
struct LiftGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    Factors factors = factorsOf(op.getC());
    bool half = isNear(factors.constant, 0.5);
    if (factors.values.size() != 2 || (!half && factors.constant != 1))
      return rewriter.notifyMatchFailure(op, "is not half of two factors");
    for (unsigned i : {0, 1}) {
      Value x = factors.values[i];
      Value inner = addedTo(factors.values[1 - i], half ? 1.0 : 0.5);
      if (!inner || x.getType() != op.getType())
        continue;
      if (!half) {
        Factors halved = factorsOf(inner);
        if (halved.values.size() != 1 || !isNear(halved.constant, 0.5))
          continue;
        inner = halved.values.front();
      }
      StringRef approximate = approximationOf(inner, x);
      if (approximate.empty())
        continue;
      rewriter.replaceOpWithNewOp<GeluOp>(op, op.getType(), x, approximate);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "factors are not those of Gelu");
  }
};

// x * Sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x^3)) -> Gelu(x), tanh form
struct LiftSigmoidGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      Value x = op->getOperand(i);
      auto sigmoid = op->getOperand(1 - i).getDefiningOp<SigmoidOp>();
      if (!sigmoid || x.getType() != op.getType() ||
          !isTanhArgument(sigmoid.getX(), x, /*times=*/2))
        continue;
      rewriter.replaceOpWithNewOp<GeluOp>(op, op.getType(), x, "tanh");
      return success();
    }
    return rewriter.notifyMatchFailure(op, "is not Gelu by way of Sigmoid");
  }
};

// 1 + exp(-a * x): a.
std::optional<double> logisticDivisor(Value value, Value x) {
  Value exponential = addedTo(value, 1.0);
  auto exp = exponential ? exponential.getDefiningOp<ExpOp>() : ExpOp();
  if (!exp)
    return std::nullopt;
  Factors factors = factorsOf(exp.getX());
  if (factors.values.size() != 1 || factors.values.front() != x)
    return std::nullopt;
  return -factors.constant;
}

// Sigmoid(a * x), also written out: a.
std::optional<double> matchSigmoid(Value value, Value x) {
  if (auto sigmoid = value.getDefiningOp<SigmoidOp>()) {
    if (sigmoid.getX() == x)
      return 1.0;
    Factors factors = factorsOf(sigmoid.getX());
    if (factors.values.size() != 1 || factors.values.front() != x)
      return std::nullopt;
    return factors.constant;
  }
  if (auto reciprocal = value.getDefiningOp<ReciprocalOp>())
    return logisticDivisor(reciprocal.getX(), x);
  auto div = value.getDefiningOp<DivOp>();
  return div && splatNumber(div.getA()) == 1.0 ? logisticDivisor(div.getB(), x)
                                               : std::nullopt;
}

LogicalResult replaceBySwish(Operation *op, Value x, double alpha,
                             PatternRewriter &rewriter) {
  rewriter.replaceOpWithNewOp<SwishOp>(op, op->getResult(0).getType(), x,
                                       rewriter.getF32FloatAttr(alpha));
  return success();
}

// x * Sigmoid(a * x) -> Swish(x)
struct LiftSwish : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      Value x = op->getOperand(i);
      std::optional<double> alpha = matchSigmoid(op->getOperand(1 - i), x);
      if (alpha && x.getType() == op.getType())
        return replaceBySwish(op, x, *alpha, rewriter);
    }
    return rewriter.notifyMatchFailure(op, "is not x * sigmoid(a * x)");
  }
};

// x / (1 + exp(-a * x)) -> Swish(x)
struct LiftSwishQuotient : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> alpha = logisticDivisor(op.getB(), op.getA());
    if (!alpha || op.getA().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "is not x / (1 + exp(-a * x))");
    return replaceBySwish(op, op.getA(), *alpha, rewriter);
  }
};

} // namespace

void mlir::onnx::populateLiftGeluPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftGelu, LiftSigmoidGelu>(patterns.getContext());
}

void mlir::onnx::populateLiftSwishPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftSwish, LiftSwishQuotient>(patterns.getContext());
}
