//===- DecomposeReduction.cpp - reductions over axes that are data -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which dims a run reduces does not change the rank as long as they stay as
// dims of 1; Squeeze then takes them out. Reductions whose axes are constant,
// nearly all, are left alone.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// Axes are there and no constant; before their producers were folded, all are.
bool hasRunTimeAxes(Operation *op) {
  Value axes = op->getOperand(1);
  return !isa<NoneType>(axes.getType()) && !axes.getDefiningOp<ConstantOp>();
}

bool keepsDims(Operation *op) {
  auto keepdims = op->getAttrOfType<IntegerAttr>("keepdims");
  return !keepdims || keepdims.getInt() != 0;
}

template <typename OpTy> struct SqueezeReduced : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (!hasRunTimeAxes(op) || keepsDims(op))
      return rewriter.notifyMatchFailure(op, "axes are constant or dims stay");
    Composer c(rewriter, op);
    Value axes = op->getOperand(1);
    NamedAttrList attributes(op->getAttrs());
    attributes.set("keepdims", rewriter.getI64IntegerAttr(1));
    Value kept = c.op<OpTy>({op->getOperand(0), axes}, attributes.getAttrs());
    c.replace(op, c.op<SqueezeOp>({kept, axes}));
    return success();
  }
};

// log(sum(exp(x))) by reductions that take axes at run time; the maximum is
// taken out where it is finite.
struct DecomposeLogSumExp : OpRewritePattern<ReduceLogSumExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceLogSumExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!hasRunTimeAxes(op) || !keepsDims(op))
      return rewriter.notifyMatchFailure(op, "axes are constant or dims go");
    Composer c(rewriter, op);
    Value x = op.getData(), axes = op.getAxes();
    Type element = getElementTypeOrSelf(x);
    if (!isa<FloatType>(element))
      return rewriter.notifyMatchFailure(op, "integers have no logarithm");
    NamedAttribute attributes[] = {
        c.attr("keepdims", int64_t(1)),
        c.attr("noop_with_empty_axes", int64_t(op.getNoopWithEmptyAxes()))};
    Value largest = c.op<ReduceMaxOp>({x, axes}, attributes);
    Value finite = c.op<LessOp>(
        {c.op<AbsOp>(largest),
         c.scalar(element, std::numeric_limits<double>::infinity())});
    largest = c.op<WhereOp>({finite, largest, c.scalar(element, 0)});
    Value sum =
        c.op<ReduceSumOp>({c.op<ExpOp>(c.sub(x, largest)), axes}, attributes);
    c.replace(op, c.add(c.op<LogOp>(sum), largest));
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeReductionPatterns(
    RewritePatternSet &patterns) {
  patterns.add<SqueezeReduced<ReduceSumOp>, SqueezeReduced<ReduceMeanOp>,
               SqueezeReduced<ReduceMaxOp>, SqueezeReduced<ReduceMinOp>,
               SqueezeReduced<ReduceProdOp>, SqueezeReduced<ReduceSumSquareOp>,
               SqueezeReduced<ReduceL1Op>, SqueezeReduced<ReduceL2Op>,
               SqueezeReduced<ReduceLogSumOp>,
               SqueezeReduced<ReduceLogSumExpOp>, DecomposeLogSumExp>(
      patterns.getContext());
}
