//===- DecomposeNormalization.cpp - normalizations over given axes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// y = (x - mean(x)) / (sqrt(mean(x^2) - mean(x)^2) + 1e-9), the function body
// that ONNX gives the operator.
struct DecomposeMeanVariance : OpRewritePattern<MeanVarianceNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MeanVarianceNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    Composer c(rewriter, op);
    Value x = op.getX();
    Type element = getElementTypeOrSelf(x);
    Value axes = c.ints(op.getAxes());
    Value mean = c.op<ReduceMeanOp>({x, axes});
    Value square = c.op<ReduceMeanOp>({c.mul(x, x), axes});
    Value variance = c.sub(square, c.mul(mean, mean));
    Value deviation = c.add(c.op<SqrtOp>(variance), c.scalar(element, 1e-9));
    c.replace(op, c.div(c.sub(x, mean), deviation));
    return success();
  }
};

// x / norm, 0 where the norm is 0.
struct DecomposeLpNorm : OpRewritePattern<LpNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LpNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    Composer c(rewriter, op);
    Value x = op.getInput(), axis = c.ints(op.getAxis());
    Value norm = op.getP() == 1 ? c.op<ReduceL1Op>({x, axis})
                                : c.op<ReduceL2Op>({x, axis});
    Value zero = c.scalar(getElementTypeOrSelf(x), 0);
    Value isZero = c.op<EqualOp>({norm, zero});
    c.replace(op, c.op<WhereOp>({isZero, zero, c.div(x, norm)}));
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeNormalizationPatterns(
    RewritePatternSet &patterns) {
  patterns.add<DecomposeLpNorm, DecomposeMeanVariance>(patterns.getContext());
}
