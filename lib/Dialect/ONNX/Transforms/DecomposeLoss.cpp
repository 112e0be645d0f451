//===- DecomposeLoss.cpp - losses of classification ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXLoss.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// Negative log likelihood of log probabilities [N, C, ...]. An ignored target
// may name no class at all, so it reads class 0 and is overwritten by 0.
Value negativeLogLikelihood(Composer &c, Value logProb, Value target,
                            Value weight, std::optional<int64_t> ignoreIndex,
                            StringRef reduction) {
  Type element = getElementTypeOrSelf(logProb);
  Type index = getElementTypeOrSelf(target);
  Value one = c.scalar(element, 1), zero = c.scalar(element, 0), ignored;
  if (ignoreIndex) {
    ignored = c.op<EqualOp>({target, c.scalar(index, *ignoreIndex)});
    target = c.op<WhereOp>({ignored, c.scalar(index, 0), target});
  }
  Value dim = c.ints(1);
  Value column = c.op<UnsqueezeOp>({target, dim});
  Value loss = c.op<GatherElementsOp>({logProb, column}, c.attr("axis", 1l));
  loss = c.op<NegOp>(c.op<SqueezeOp>({loss, dim}));

  Value used; // the weight of each target
  if (!isa<NoneType>(weight.getType())) {
    used = c.op<GatherOp>({weight, target});
    loss = c.mul(loss, used);
  }
  if (ignored) {
    loss = c.op<WhereOp>({ignored, zero, loss});
    used = c.op<WhereOp>({ignored, zero, used ? used : one});
  }
  if (reduction == "none")
    return loss;
  auto total = [&](Value value) {
    return c.op<ReduceSumOp>({value, c.none()}, c.attr("keepdims", 0l));
  };
  if (reduction == "sum")
    return total(loss);
  if (used)
    return c.div(total(loss), total(used));
  return c.op<ReduceMeanOp>({loss, c.none()}, c.attr("keepdims", 0l));
}

struct DecomposeNLL : OpRewritePattern<NegativeLogLikelihoodLossOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(NegativeLogLikelihoodLossOp op,
                                PatternRewriter &rewriter) const override {
    Composer c(rewriter, op);
    c.replace(op, negativeLogLikelihood(c, op.getInput(), op.getTarget(),
                                        op.getWeight(), op.getIgnoreIndex(),
                                        op.getReduction()));
    return success();
  }
};

struct DecomposeCrossEntropy : OpRewritePattern<SoftmaxCrossEntropyLossOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SoftmaxCrossEntropyLossOp op,
                                PatternRewriter &rewriter) const override {
    Composer c(rewriter, op);
    Value logProb = c.op<LogSoftmaxOp>(op.getScores(), c.attr("axis", 1l));
    Value loss =
        negativeLogLikelihood(c, logProb, op.getLabels(), op.getWeights(),
                              op.getIgnoreIndex(), op.getReduction());
    c.replace(op, {loss, logProb});
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeLossPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeNLL, DecomposeCrossEntropy>(patterns.getContext());
}
