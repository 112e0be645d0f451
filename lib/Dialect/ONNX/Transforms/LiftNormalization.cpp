//===- LiftNormalization.cpp - layer norms from their parts --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sequences that opsets below 17 (LayerNormalization) and 23
// (RMSNormalization) force on exporters. The quotient alone makes a norm with a
// gain of ones; casts around it, gain and shift are then taken in one by one.
// These must be constants of exactly the normalized dims; anything else stays
// behind the norm as it is.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"
#include "NormalizationParts.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

LayerNormalizationOp createLayerNorm(PatternRewriter &rewriter, Location loc,
                                     Value x, Value gain, Value shift,
                                     int64_t axis, double epsilon) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> dims(type.getShape());
  for (int64_t i = axis; i < type.getRank(); ++i)
    dims[i] = 1;
  auto statistics = RankedTensorType::get(dims, rewriter.getF32Type());
  if (!shift)
    shift = NoValueOp::create(rewriter, loc, rewriter.getNoneType());
  return LayerNormalizationOp::create(
      rewriter, loc, TypeRange{type, statistics, statistics}, x, gain, shift,
      axis - type.getRank(), rewriter.getF32FloatAttr(epsilon).getValue(), 1);
}

// A norm that nothing but its one reader knows, and the first axis it works on.
template <typename NormOp> std::optional<int64_t> absorbingAxis(NormOp norm) {
  if (!norm || !norm.getY().hasOneUse())
    return std::nullopt;
  if constexpr (std::is_same_v<NormOp, LayerNormalizationOp>)
    if (!norm.getMean().use_empty() || !norm.getInvStdDev().use_empty())
      return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(norm.getX().getType());
  if (!type)
    return std::nullopt;
  return norm.getAxis() + (norm.getAxis() < 0 ? type.getRank() : 0);
}

bool hasShift(Operation *norm) {
  auto layerNorm = dyn_cast<LayerNormalizationOp>(norm);
  return layerNorm && !isa<NoneType>(layerNorm.getB().getType());
}

bool hasUnitGain(Operation *norm) {
  auto constant = norm->getOperand(1).getDefiningOp<ConstantOp>();
  auto value = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                        : DenseElementsAttr();
  if (!value || !value.isSplat() || !isa<FloatType>(value.getElementType()))
    return false;
  return value.getSplatValue<APFloat>().isExactlyValue(1.0);
}

// d = x - mean(x):  d / sqrt(mean(d^2) + eps) -> LayerNormalization
template <typename RootOp> struct LiftLayerNorm : OpRewritePattern<RootOp> {
  // Before RMSNormalization, as which the same ops can be read.
  LiftLayerNorm(MLIRContext *context)
      : OpRewritePattern<RootOp>(context, /*benefit=*/2) {}
  LogicalResult matchAndRewrite(RootOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Quotient> quotient = matchQuotient(op);
    if (!quotient)
      return rewriter.notifyMatchFailure(op, "is not x / sqrt(mean + eps)");
    std::optional<Centered> centered = matchCentered(quotient->dividend);
    if (!centered)
      return rewriter.notifyMatchFailure(op, "dividend is not x - mean(x)");
    const Mean &square = quotient->variance.square;
    Value d = squaredValue(square.data);
    if (!d || !isDifference(d, quotient->dividend, *centered))
      return rewriter.notifyMatchFailure(op, "variance is of something else");
    if (square.axis != centered->axis)
      return rewriter.notifyMatchFailure(op, "means are over other dims");
    auto type = dyn_cast<RankedTensorType>(op.getType());
    auto xType = cast<RankedTensorType>(centered->x.getType());
    if (!type || type.getShape() != xType.getShape())
      return rewriter.notifyMatchFailure(op, "the result has other dims");
    int64_t axis = centered->axis;
    if (quotient->gain ? !fitsAsGain(quotient->gain, op, axis)
                       : !hasStaticDims(op, axis))
      return rewriter.notifyMatchFailure(op, "gain has other dims");
    Value x = centered->x;
    if (x.getType() != type)
      x = CastOp::create(rewriter, op.getLoc(), type, x, type.getElementType());
    Value gain = quotient->gain ? asGain(quotient->gain, x, axis, rewriter)
                                : onesOf(x, axis, op.getLoc(), rewriter);
    rewriter.replaceOp(op, createLayerNorm(rewriter, op.getLoc(), x, gain, {},
                                           axis, quotient->variance.epsilon)
                               .getY());
    return success();
  }
};

// r = gain / sqrt(mean((x - m)^2) + eps):  x * r + (shift - m * r), as Keras
// has it -> LayerNormalization
struct LiftBatchLikeNorm : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      auto product = op->getOperand(i).getDefiningOp<MulOp>();
      auto rest = op->getOperand(1 - i).getDefiningOp<SubOp>();
      auto moved = rest ? rest.getB().getDefiningOp<MulOp>() : MulOp();
      if (!product || !moved || !isConstant(rest.getA()))
        continue;
      for (unsigned j : {0, 1}) {
        Value x = product->getOperand(j), factor = product->getOperand(1 - j);
        Value mean = otherOperand(moved, factor);
        auto scaled = matchScaled(factor);
        std::optional<Mean> meanOfX = mean ? matchMean(mean) : std::nullopt;
        Value root = scaled ? matchReciprocalRoot(scaled->first) : Value();
        std::optional<Variance> variance = matchVariance(root);
        if (!variance || !meanOfX || meanOfX->data != x ||
            variance->square.axis != meanOfX->axis ||
            x.getType() != op.getType())
          continue;
        Value d = squaredValue(variance->square.data);
        auto sub = d ? d.getDefiningOp<SubOp>() : SubOp();
        if (!sub || otherOperand(sub, x) != mean)
          continue;
        int64_t axis = meanOfX->axis;
        if (!fitsAsGain(scaled->second, x, axis) ||
            !fitsAsGain(rest.getA(), x, axis))
          continue;
        Value gain = asGain(scaled->second, x, axis, rewriter);
        Value shift = asGain(rest.getA(), x, axis, rewriter);
        rewriter.replaceOp(op, createLayerNorm(rewriter, op.getLoc(), x, gain,
                                               shift, axis, variance->epsilon)
                                   .getY());
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "is not x * r + (shift - m * r)");
  }
};

// x / sqrt(mean(x^2) + eps) -> RMSNormalization
template <typename RootOp> struct LiftRMSNorm : OpRewritePattern<RootOp> {
  using OpRewritePattern<RootOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(RootOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Quotient> quotient = matchQuotient(op);
    if (!quotient)
      return rewriter.notifyMatchFailure(op, "is not x / sqrt(mean + eps)");
    Value x = quotient->dividend;
    if (squaredValue(quotient->variance.square.data) != x)
      return rewriter.notifyMatchFailure(op, "the mean is not of x^2");
    if (matchCentered(x))
      return rewriter.notifyMatchFailure(op, "is a layer norm");
    int64_t axis = quotient->variance.square.axis;
    if (x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the result has other dims");
    if (quotient->gain ? !fitsAsGain(quotient->gain, x, axis)
                       : !hasStaticDims(x, axis))
      return rewriter.notifyMatchFailure(op, "gain has other dims");
    Value gain = quotient->gain ? asGain(quotient->gain, x, axis, rewriter)
                                : onesOf(x, axis, op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(x.getType());
    rewriter.replaceOpWithNewOp<RMSNormalizationOp>(
        op, type, x, gain, axis - type.getRank(),
        rewriter.getF32FloatAttr(quotient->variance.epsilon).getValue(), 1);
    return success();
  }
};

// The norm at the place of `op`, with other operands. Result 0 of it.
Value cloneNorm(Operation *norm, Operation *op, Value x, Value gain,
                PatternRewriter &rewriter) {
  Operation *copy = rewriter.clone(*norm);
  copy->setLoc(op->getLoc());
  copy->setOperand(0, x);
  copy->setOperand(1, gain);
  copy->getResult(0).setType(op->getResult(0).getType());
  return copy->getResult(0);
}

// Norm(x, 1) * gain -> Norm(x, gain)
template <typename NormOp> struct AddGain : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      auto norm = op->getOperand(i).getDefiningOp<NormOp>();
      std::optional<int64_t> axis = absorbingAxis(norm);
      if (!axis || hasShift(norm) || !hasUnitGain(norm) ||
          op.getType() != norm.getY().getType())
        continue;
      Value gain = op->getOperand(1 - i);
      if (!fitsAsGain(gain, norm.getY(), *axis))
        continue;
      // At the place of the Mul, where the gain is defined for certain.
      gain = asGain(gain, norm.getY(), *axis, rewriter);
      rewriter.replaceOp(op, cloneNorm(norm, op, norm.getX(), gain, rewriter));
      rewriter.eraseOp(norm);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "does not scale a norm");
  }
};

// Cast(Norm(Cast(x), 1)) back to the type of x -> Norm(x, 1), which widens by
// itself.
template <typename NormOp> struct NarrowNorm : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto norm = op.getInput().getDefiningOp<NormOp>();
    std::optional<int64_t> axis = absorbingAxis(norm);
    auto widen = norm ? norm.getX().template getDefiningOp<CastOp>() : CastOp();
    if (!axis || !widen || hasShift(norm) || !hasUnitGain(norm))
      return rewriter.notifyMatchFailure(op, "is not around a norm");
    Value x = widen.getInput();
    Type element = getElementTypeOrSelf(x);
    if (x.getType() != op.getType() || !(element.isF16() || element.isBF16()))
      return rewriter.notifyMatchFailure(op, "does not narrow back");
    Value gain = onesOf(x, *axis, norm.getLoc(), rewriter);
    rewriter.replaceOp(op, cloneNorm(norm, op, x, gain, rewriter));
    rewriter.eraseOp(norm);
    return success();
  }
};

// LayerNormalization(x, gain) + shift -> LayerNormalization(x, gain, shift)
struct AddShift : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1}) {
      auto norm = op->getOperand(i).getDefiningOp<LayerNormalizationOp>();
      std::optional<int64_t> axis = absorbingAxis(norm);
      if (!axis || hasShift(norm) || op.getType() != norm.getX().getType())
        continue;
      Value shift = op->getOperand(1 - i);
      if (!fitsAsGain(shift, norm.getX(), *axis))
        continue;
      shift = asGain(shift, norm.getX(), *axis, rewriter);
      // At the place of the Add, where the shift is defined for certain.
      auto shifted = LayerNormalizationOp::create(
          rewriter, op.getLoc(), norm->getResultTypes(), norm.getX(),
          norm.getScale(), shift, norm.getAxis(), norm.getEpsilon(),
          norm.getStashType());
      rewriter.replaceOp(op, shifted.getY());
      rewriter.eraseOp(norm);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "does not shift a layer norm");
  }
};

} // namespace

void mlir::onnx::populateLiftLayerNormPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftLayerNorm<MulOp>, LiftLayerNorm<DivOp>, LiftBatchLikeNorm,
               AddGain<LayerNormalizationOp>, NarrowNorm<LayerNormalizationOp>,
               AddShift>(patterns.getContext());
}

void mlir::onnx::populateLiftRMSNormPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftRMSNorm<MulOp>, LiftRMSNorm<DivOp>,
               AddGain<RMSNormalizationOp>, NarrowNorm<RMSNormalizationOp>>(
      patterns.getContext());
}
