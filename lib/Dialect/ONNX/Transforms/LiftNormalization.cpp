//===- LiftNormalization.cpp - layer norms from their parts --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sequences that opsets below 17 (LayerNormalization) and 23
// (RMSNormalization) force on exporters. Gain and shift must be constants of
// exactly the normalized dims; with anything else the ops stay as they are.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

// First axis of a mean over trailing dims that keeps them; none if it is not
// one.
std::optional<int64_t> trailingAxis(ReduceMeanOp mean) {
  auto type = dyn_cast<RankedTensorType>(mean.getData().getType());
  DenseIntElementsAttr axes;
  if (!type || !mean.getKeepdims() ||
      !matchPattern(mean.getAxes(), m_Constant(&axes)))
    return std::nullopt;
  SmallVector<int64_t> sorted;
  for (const APInt &axis : axes)
    sorted.push_back(axis.getSExtValue() +
                     (axis.isNegative() ? type.getRank() : 0));
  llvm::sort(sorted);
  int64_t first = type.getRank() - static_cast<int64_t>(sorted.size());
  for (auto [i, axis] : llvm::enumerate(sorted))
    if (axis != first + static_cast<int64_t>(i))
      return std::nullopt;
  return sorted.empty() ? std::nullopt : std::optional(first);
}

// True for a constant of exactly the dims [axis, rank) of x.
bool isGainOf(Value gain, Value x, int64_t axis) {
  auto type = dyn_cast<RankedTensorType>(gain.getType());
  auto xType = dyn_cast<RankedTensorType>(x.getType());
  if (!gain.getDefiningOp<ConstantOp>() || !type || !xType ||
      type.getElementType() != xType.getElementType())
    return false;
  return type.getShape() == xType.getShape().drop_front(axis);
}

bool isSquareOf(Value square, Value x) {
  Factors factors = factorsOf(square);
  return factors.constant == 1 && factors.values.size() == 2 &&
         factors.values[0] == x && factors.values[1] == x;
}

// sqrt(mean(square) + epsilon): the mean and epsilon.
struct Deviation {
  ReduceMeanOp mean;
  double epsilon;
};
std::optional<Deviation> matchDeviation(Value value) {
  auto sqrt = value.getDefiningOp<SqrtOp>();
  auto add = sqrt ? sqrt.getX().getDefiningOp<AddOp>() : AddOp();
  if (!add)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    std::optional<double> epsilon = splatNumber(add->getOperand(i));
    auto mean = add->getOperand(1 - i).getDefiningOp<ReduceMeanOp>();
    if (epsilon && mean)
      return Deviation{mean, *epsilon};
  }
  return std::nullopt;
}

// d / deviation, d * (1 / deviation) or d * Reciprocal(deviation): d and
// deviation.
std::optional<std::pair<Value, Value>> matchQuotient(Value value) {
  if (auto div = value.getDefiningOp<DivOp>())
    return std::pair(div.getA(), div.getB());
  auto mul = value.getDefiningOp<MulOp>();
  if (!mul)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    Value factor = mul->getOperand(i), other = mul->getOperand(1 - i);
    if (auto reciprocal = factor.getDefiningOp<ReciprocalOp>())
      return std::pair(other, reciprocal.getX());
    auto div = factor.getDefiningOp<DivOp>();
    if (div && splatNumber(div.getA()) == 1.0)
      return std::pair(other, div.getB());
  }
  return std::nullopt;
}

// Mul(quotient, gain) with a constant gain: both, in that order.
std::optional<std::pair<Value, Value>> matchScaled(MulOp mul) {
  for (unsigned i : {0, 1})
    if (mul->getOperand(i).getDefiningOp<ConstantOp>() &&
        !mul->getOperand(1 - i).getDefiningOp<ConstantOp>())
      return std::pair(mul->getOperand(1 - i), mul->getOperand(i));
  return std::nullopt;
}

// d = x - mean(x):  d / sqrt(mean(d^2) + eps) * gain -> LayerNormalization
struct LiftLayerNorm : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<std::pair<Value, Value>> scaled = matchScaled(op);
    if (!scaled)
      return rewriter.notifyMatchFailure(op, "has no constant factor");
    auto quotient = matchQuotient(scaled->first);
    if (!quotient)
      return rewriter.notifyMatchFailure(op, "does not scale a quotient");
    auto sub = quotient->first.getDefiningOp<SubOp>();
    auto mean = sub ? sub.getB().getDefiningOp<ReduceMeanOp>() : ReduceMeanOp();
    if (!mean || mean.getData() != sub.getA())
      return rewriter.notifyMatchFailure(op, "dividend is not x - mean(x)");
    std::optional<Deviation> deviation = matchDeviation(quotient->second);
    if (!deviation)
      return rewriter.notifyMatchFailure(op, "divisor is not sqrt(mean + eps)");
    // The difference may be computed twice.
    auto isDifference = [&](Value d) {
      if (d == sub.getC())
        return true;
      auto other = d.getDefiningOp<SubOp>();
      return other && other.getA() == sub.getA() && other.getB() == sub.getB();
    };
    Factors square = factorsOf(deviation->mean.getData());
    if (square.constant != 1 || square.values.size() != 2 ||
        square.values[0] != square.values[1] || !isDifference(square.values[0]))
      return rewriter.notifyMatchFailure(op, "variance is of something else");
    std::optional<int64_t> axis = trailingAxis(mean);
    if (!axis || trailingAxis(deviation->mean) != axis)
      return rewriter.notifyMatchFailure(op,
                                         "means are not over the last dims");
    Value x = sub.getA();
    if (x.getType() != op.getType() || !isGainOf(scaled->second, x, *axis))
      return rewriter.notifyMatchFailure(op, "gain has other dims");

    auto type = cast<RankedTensorType>(x.getType());
    SmallVector<int64_t> dims(type.getShape());
    for (int64_t i = *axis; i < type.getRank(); ++i)
      dims[i] = 1;
    auto statistics = RankedTensorType::get(dims, rewriter.getF32Type());
    Value none =
        NoValueOp::create(rewriter, op.getLoc(), rewriter.getNoneType());
    auto norm = LayerNormalizationOp::create(
        rewriter, op.getLoc(), TypeRange{type, statistics, statistics}, x,
        scaled->second, none, *axis - type.getRank(),
        rewriter.getF32FloatAttr(deviation->epsilon).getValue(), 1);
    rewriter.replaceOp(op, norm.getY());
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
      Value shift = op->getOperand(1 - i);
      if (!norm || !isa<NoneType>(norm.getB().getType()) ||
          !norm.getY().hasOneUse() || !norm.getMean().use_empty() ||
          !norm.getInvStdDev().use_empty())
        continue;
      auto type = dyn_cast<RankedTensorType>(norm.getX().getType());
      if (!type || op.getType() != type)
        continue;
      int64_t axis = norm.getAxis() + (norm.getAxis() < 0 ? type.getRank() : 0);
      if (!isGainOf(shift, norm.getX(), axis))
        continue;
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

// x / sqrt(mean(x^2) + eps) * gain -> RMSNormalization
struct LiftRMSNorm : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<std::pair<Value, Value>> scaled = matchScaled(op);
    if (!scaled)
      return rewriter.notifyMatchFailure(op, "has no constant factor");
    auto quotient = matchQuotient(scaled->first);
    if (!quotient)
      return rewriter.notifyMatchFailure(op, "does not scale a quotient");
    std::optional<Deviation> deviation = matchDeviation(quotient->second);
    Value x = quotient->first;
    if (!deviation || !isSquareOf(deviation->mean.getData(), x))
      return rewriter.notifyMatchFailure(
          op, "divisor is not sqrt(mean(x^2) + eps)");
    std::optional<int64_t> axis = trailingAxis(deviation->mean);
    if (!axis || x.getType() != op.getType() ||
        !isGainOf(scaled->second, x, *axis))
      return rewriter.notifyMatchFailure(op, "gain has other dims");
    auto type = cast<RankedTensorType>(x.getType());
    rewriter.replaceOpWithNewOp<RMSNormalizationOp>(
        op, type, x, scaled->second, *axis - type.getRank(),
        rewriter.getF32FloatAttr(deviation->epsilon).getValue(), 1);
    return success();
  }
};

} // namespace

void mlir::onnx::populateLiftLayerNormPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftLayerNorm, AddShift>(patterns.getContext());
}

void mlir::onnx::populateLiftRMSNormPatterns(RewritePatternSet &patterns) {
  patterns.add<LiftRMSNorm>(patterns.getContext());
}
