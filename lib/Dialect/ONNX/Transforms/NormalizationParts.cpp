//===- NormalizationParts.cpp - what layer norms consist of ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Means, roots and quotients in the forms that exporters give them, and
// constants that can be a gain or a shift.
//===----------------------------------------------------------------------===//

#include "NormalizationParts.h"

#include "HostTensor.h"
#include "LiftPatterns.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::onnx;

// First axis of a reduction over trailing dims that keeps them; none if it is
// not one.
template <typename ReduceOp>
static std::optional<int64_t> trailingAxis(ReduceOp reduce) {
  auto type = dyn_cast<RankedTensorType>(reduce.getData().getType());
  DenseIntElementsAttr axes;
  if (!type || !reduce.getKeepdims() ||
      !matchPattern(reduce.getAxes(), m_Constant(&axes)))
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

std::optional<Mean> mlir::onnx::matchMean(Value value) {
  if (auto mean = value.getDefiningOp<ReduceMeanOp>()) {
    std::optional<int64_t> axis = trailingAxis(mean);
    return axis ? std::optional(Mean{mean.getData(), *axis}) : std::nullopt;
  }
  // sum / n and sum * (1 / n).
  Factors factors = factorsOf(value);
  auto sum = factors.values.size() == 1
                 ? factors.values.front().getDefiningOp<ReduceSumOp>()
                 : ReduceSumOp();
  std::optional<int64_t> axis = sum ? trailingAxis(sum) : std::nullopt;
  if (!axis)
    return std::nullopt;
  ArrayRef<int64_t> dims =
      cast<RankedTensorType>(sum.getData().getType()).getShape();
  double count = 1;
  for (int64_t dim : dims.drop_front(*axis)) {
    if (ShapedType::isDynamic(dim))
      return std::nullopt;
    count *= static_cast<double>(dim);
  }
  if (std::abs(factors.constant * count - 1) > 1e-5)
    return std::nullopt;
  return Mean{sum.getData(), *axis};
}

// sqrt(v) or v ^ 0.5: v.
static Value matchRoot(Value value) {
  if (auto sqrt = value.getDefiningOp<SqrtOp>())
    return sqrt.getX();
  auto pow = value.getDefiningOp<PowOp>();
  return pow && splatNumber(pow.getB()) == 0.5 ? pow.getA() : Value();
}

Value mlir::onnx::matchReciprocalRoot(Value value) {
  if (auto reciprocal = value.getDefiningOp<ReciprocalOp>())
    return matchRoot(reciprocal.getX());
  if (auto div = value.getDefiningOp<DivOp>())
    return splatNumber(div.getA()) == 1.0 ? matchRoot(div.getB()) : Value();
  auto pow = value.getDefiningOp<PowOp>();
  return pow && splatNumber(pow.getB()) == -0.5 ? pow.getA() : Value();
}

std::optional<Variance> mlir::onnx::matchVariance(Value value) {
  auto add = value ? value.getDefiningOp<AddOp>() : AddOp();
  if (!add)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    std::optional<double> epsilon = splatNumber(add->getOperand(i));
    std::optional<Mean> mean = matchMean(add->getOperand(1 - i));
    if (epsilon && mean)
      return Variance{*mean, *epsilon};
  }
  return std::nullopt;
}

bool mlir::onnx::isConstant(Value value) {
  return value.getDefiningOp<ConstantOp>();
}

std::optional<std::pair<Value, Value>> mlir::onnx::matchScaled(Value value) {
  auto mul = value.getDefiningOp<MulOp>();
  if (!mul)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    Value gain = mul->getOperand(i), other = mul->getOperand(1 - i);
    if (isConstant(gain) && !isConstant(other))
      return std::pair(other, gain);
  }
  return std::nullopt;
}

std::optional<Quotient> mlir::onnx::matchQuotient(Operation *op) {
  auto quotient = [](Value dividend, Value root,
                     Value gain) -> std::optional<Quotient> {
    std::optional<Variance> variance = matchVariance(root);
    if (!variance)
      return std::nullopt;
    return Quotient{dividend, *variance, gain};
  };
  if (auto div = dyn_cast<DivOp>(op)) {
    Value root = matchRoot(div.getB());
    if (!root)
      return std::nullopt;
    // gain * d / sqrt(v)
    if (auto scaled = matchScaled(div.getA()))
      return quotient(scaled->first, root, scaled->second);
    return quotient(div.getA(), root, {});
  }
  for (unsigned i : {0, 1}) {
    Value factor = op->getOperand(i), other = op->getOperand(1 - i);
    if (Value root = matchReciprocalRoot(factor))
      return quotient(other, root, {});
    // d * (1 / sqrt(v) * gain)
    if (auto scaled = matchScaled(factor))
      if (Value root = matchReciprocalRoot(scaled->first))
        return quotient(other, root, scaled->second);
  }
  return std::nullopt;
}

std::optional<Centered> mlir::onnx::matchCentered(Value value) {
  if (auto cast = value.getDefiningOp<CastOp>())
    value = cast.getInput();
  auto sub = value.getDefiningOp<SubOp>();
  std::optional<Mean> mean = sub ? matchMean(sub.getB()) : std::nullopt;
  if (!mean || mean->data != sub.getA())
    return std::nullopt;
  return Centered{sub.getA(), sub, mean->axis};
}

Value mlir::onnx::squaredValue(Value square) {
  Factors factors = factorsOf(square);
  if (factors.constant != 1 || factors.values.size() != 2)
    return {};
  auto same = [](Value a, Value b) {
    auto first = a.getDefiningOp<SubOp>(), second = b.getDefiningOp<SubOp>();
    return a == b || (first && second && first.getA() == second.getA() &&
                      first.getB() == second.getB());
  };
  return same(factors.values[0], factors.values[1]) ? factors.values[0]
                                                    : Value();
}

bool mlir::onnx::isDifference(Value d, Value dividend,
                              const Centered &centered) {
  SubOp known = centered.difference;
  if (d == dividend || d == known.getC())
    return true;
  auto sub = d.getDefiningOp<SubOp>();
  if (!sub)
    return false;
  return (sub.getA() == known.getA() && sub.getB() == known.getB()) ||
         (sub.getA() == known.getB() && sub.getB() == known.getA());
}

bool mlir::onnx::fitsAsGain(Value gain, Value x, int64_t axis) {
  auto type = dyn_cast<RankedTensorType>(gain.getType());
  auto xType = dyn_cast<RankedTensorType>(x.getType());
  auto constant = gain.getDefiningOp<ConstantOp>();
  if (!constant || !type || !xType || type.getRank() > xType.getRank() ||
      type.getElementType() != xType.getElementType())
    return false;
  ArrayRef<int64_t> dims = xType.getShape().drop_front(axis);
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() < dims.size() || shape.take_back(dims.size()) != dims)
    return false;
  return llvm::all_of(shape.drop_back(dims.size()),
                      [](int64_t dim) { return dim == 1; }) &&
         HostTensor::read(constant.getValue());
}

Value mlir::onnx::asGain(Value gain, Value x, int64_t axis,
                         PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(gain.getType());
  ArrayRef<int64_t> dims =
      cast<RankedTensorType>(x.getType()).getShape().drop_front(axis);
  if (type.getShape() == dims)
    return gain;
  auto constant = gain.getDefiningOp<ConstantOp>();
  HostTensor tensor = *HostTensor::read(constant.getValue());
  HostTensor copy = HostTensor::create(tensor.getType(), tensor.isSplat());
  for (int64_t i = 0, e = tensor.isSplat() ? 1 : tensor.getNumElements();
       i != e; ++i)
    copy.setFloat(i, tensor.getFloat(i));
  copy.setType(RankedTensorType::get(dims, type.getElementType()));
  return ConstantOp::create(rewriter, constant.getLoc(), copy.toAttr("gain"));
}

bool mlir::onnx::hasStaticDims(Value x, int64_t axis) {
  auto type = cast<RankedTensorType>(x.getType());
  return !ShapedType::isDynamicShape(type.getShape().drop_front(axis));
}

Value mlir::onnx::onesOf(Value x, int64_t axis, Location loc,
                         PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(x.getType());
  ArrayRef<int64_t> dims = type.getShape().drop_front(axis);
  Attribute one = rewriter.getFloatAttr(type.getElementType(), 1.0);
  return ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(RankedTensorType::get(dims, type.getElementType()),
                             one));
}
