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

// True for sqrt(2 / pi) * (x + 0.044715 * x^3), in its written-out form or as
// (sqrt(2 / pi) * x) * (1 + 0.044715 * x^2).
bool isTanhArgument(Value value, Value x) {
  constexpr double kOuter = 0.7978845608028654, kInner = 0.044715;
  Factors outer = factorsOf(value);
  if (!isNear(outer.constant, kOuter))
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

// 0.5 * x * (1 + erf(x / sqrt(2)))                          -> Gelu(x)
// 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) -> Gelu(x), tanh
// form
struct LiftGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    Factors factors = factorsOf(op.getC());
    if (factors.values.size() != 2 || !isNear(factors.constant, 0.5))
      return rewriter.notifyMatchFailure(op, "is not half of two factors");
    for (unsigned i : {0, 1}) {
      Value x = factors.values[i];
      Value inner = addedTo(factors.values[1 - i], 1.0);
      if (!inner || x.getType() != op.getType())
        continue;
      StringRef approximate;
      if (auto erf = inner.getDefiningOp<ErfOp>()) {
        Factors argument = factorsOf(erf.getX());
        if (argument.values.size() == 1 && argument.values.front() == x &&
            isNear(argument.constant, M_SQRT1_2))
          approximate = "none";
      } else if (auto tanh = inner.getDefiningOp<TanhOp>()) {
        if (isTanhArgument(tanh.getX(), x))
          approximate = "tanh";
      }
      if (approximate.empty())
        continue;
      rewriter.replaceOpWithNewOp<GeluOp>(op, op.getType(), x, approximate);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "factors are not those of Gelu");
  }
};

// x * Sigmoid(a * x) -> Swish(x)
struct LiftSwish : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      Value x = op->getOperand(i);
      auto sigmoid = op->getOperand(1 - i).getDefiningOp<SigmoidOp>();
      if (!sigmoid || x.getType() != op.getType())
        continue;
      Factors argument = factorsOf(sigmoid.getX());
      float alpha = 1.0f;
      if (sigmoid.getX() != x) {
        if (argument.values.size() != 1 || argument.values.front() != x)
          continue;
        alpha = static_cast<float>(argument.constant);
      }
      rewriter.replaceOpWithNewOp<SwishOp>(op, op.getType(), x,
                                           rewriter.getF32FloatAttr(alpha));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "is not x * sigmoid(a * x)");
  }
};

} // namespace

void mlir::onnx::populateLiftGeluPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftGelu>(patterns.getContext());
}

void mlir::onnx::populateLiftSwishPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftSwish>(patterns.getContext());
}
