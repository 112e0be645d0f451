//===- IntegerProducts.cpp - products between dequantized operands -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model that another tool has quantized says DequantizeLinear, MatMul,
// QuantizeLinear and means the product of the codes. With the operands' scales
// a and b, and y that of the result:
//   MatMul(dq(p), dq(q))        = float(p q) * (a b)
//   quantize(MatMul + dq(bias)) = quantize(float(p q + bias) * (a b / y), 1)
// where p q is MatMulInteger and the bias has the scale a b. This is what ONNX
// Runtime computes; the float graph may fall to the other side of a tie.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "HostTensor.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <cmath>

using namespace mlir;
using namespace mlir::onnx;

namespace {

bool isByte(Value value) {
  auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(value));
  return type && type.getWidth() == 8;
}

bool isOneElement(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() == 1 &&
         type.getRank() <= 1;
}

// One scale for all, as far as can be seen; zero points have its shape.
bool isPerTensor(DequantizeLinearOp op) {
  return op.getBlockSize() == 0 && isOneElement(op.getXScale());
}

// One scale per column of a product.
bool isPerColumn(DequantizeLinearOp op, int64_t columnAxis) {
  auto type = dyn_cast<RankedTensorType>(op.getXScale().getType());
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + 2 : op.getAxis();
  return op.getBlockSize() == 0 && type && type.getRank() == 1 &&
         axis == columnAxis;
}

std::optional<HostTensor> constantOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? HostTensor::read(constant.getValue()) : std::nullopt;
}

// The codes of a bias that has the scale of the product and no zero point.
Value biasCodes(Value bias, Value aScale, Value bScale) {
  auto op = bias.getDefiningOp<DequantizeLinearOp>();
  if (!op || op.getBlockSize() != 0 ||
      !getElementTypeOrSelf(op.getX()).isInteger(32))
    return {};
  auto type = dyn_cast<RankedTensorType>(op.getX().getType());
  if (!type || type.getRank() != 1)
    return {};
  if (!isa<NoneType>(op.getXZeroPoint().getType())) {
    std::optional<HostTensor> zero = constantOf(op.getXZeroPoint());
    if (!zero)
      return {};
    for (int64_t i = 0; i < zero->getNumElements(); ++i)
      if (zero->getInt(i) != 0)
        return {};
  }
  std::optional<HostTensor> a = constantOf(aScale), b = constantOf(bScale),
                            own = constantOf(op.getXScale());
  if (!a || !b || !own || a->getNumElements() != 1)
    return {};
  int64_t count = std::max(b->getNumElements(), own->getNumElements());
  for (const HostTensor *scale : {&*b, &*own})
    if (scale->getNumElements() != 1 && scale->getNumElements() != count)
      return {};
  auto at = [](const HostTensor &scale, int64_t i) {
    return scale.getFloat(scale.getNumElements() == 1 ? 0 : i);
  };
  for (int64_t i = 0; i < count; ++i) {
    double expected = a->getFloat(0) * at(*b, i);
    if (!(std::fabs(at(*own, i) - expected) <= 1e-5 * std::fabs(expected)))
      return {};
  }
  return op.getX();
}

// The QuantizeLinear that alone uses a value, of 8 bits and one scale.
QuantizeLinearOp onlyQuantize(Value value) {
  if (!value.hasOneUse())
    return {};
  auto op = dyn_cast<QuantizeLinearOp>(*value.getUsers().begin());
  if (!op || op.getX() != value || op.getBlockSize() != 0 ||
      op.getPrecision() != 0 || !isOneElement(op.getYScale()) ||
      !getElementTypeOrSelf(op.getYScale()).isF32() || !isByte(op.getY()))
    return {};
  return op;
}

LogicalResult rewriteProduct(Operation *op, Value a, Value b, Value bias,
                             bool transposed, PatternRewriter &rewriter) {
  auto left = a.getDefiningOp<DequantizeLinearOp>();
  auto right = b.getDefiningOp<DequantizeLinearOp>();
  if (!left || !right || !isByte(left.getX()) || !isByte(right.getX()) ||
      !isPerTensor(left))
    return rewriter.notifyMatchFailure(op, "no product of 8-bit codes");
  auto weightType = dyn_cast<RankedTensorType>(right.getX().getType());
  if (!weightType || weightType.getRank() != 2 ||
      !right.getX().getDefiningOp<ConstantOp>() ||
      !(isPerTensor(right) || isPerColumn(right, transposed ? 0 : 1)))
    return rewriter.notifyMatchFailure(op, "no constant matrix of codes");
  auto activation = dyn_cast<RankedTensorType>(left.getX().getType());
  Type type = getElementTypeOrSelf(op->getResult(0));
  if (!activation || activation.getRank() < 2 || !type.isF32() ||
      !getElementTypeOrSelf(left.getXScale()).isF32() ||
      !getElementTypeOrSelf(right.getXScale()).isF32())
    return rewriter.notifyMatchFailure(op, "another rank or float type");

  // The end of the chain: the product, the sum with a bias, its quantization.
  Operation *last = op;
  bool hasBias = bias && !isa<NoneType>(bias.getType());
  Value codes;
  if (!hasBias && op->hasOneUse())
    if (auto add = dyn_cast<AddOp>(*op->getUsers().begin())) {
      Value other = add.getA() == op->getResult(0) ? add.getB() : add.getA();
      codes = biasCodes(other, left.getXScale(), right.getXScale());
      if (codes)
        last = add;
    }
  if (hasBias)
    codes = biasCodes(bias, left.getXScale(), right.getXScale());
  QuantizeLinearOp quantize;
  if (!hasBias || codes)
    quantize = onlyQuantize(last->getResult(0));
  if (quantize)
    last = quantize;

  rewriter.setInsertionPoint(last);
  Composer c(rewriter, op);
  Value weight = right.getX();
  if (transposed)
    weight = c.op<TransposeOp>(
        weight, c.attr("perm", rewriter.getDenseI64ArrayAttr({1, 0})));
  Value sum = c.op<MatMulIntegerOp>(
      {left.getX(), weight, left.getXZeroPoint(), right.getXZeroPoint()});
  if (codes)
    sum = c.add(sum, codes);
  // Scales of one element and rank 1 are scalars to a product.
  Value scale = c.mul(left.getXScale(), right.getXScale());
  if (quantize)
    scale = c.div(scale, quantize.getYScale());
  Value y = c.mul(c.cast(sum, type), scale);
  if (hasBias && !codes)
    y = c.add(y, bias);
  if (quantize) {
    SmallVector<NamedAttribute> attrs;
    Value zero = quantize.getYZeroPoint();
    if (isa<NoneType>(zero.getType()))
      zero = c.scalar(getElementTypeOrSelf(quantize.getY()), 0);
    y = c.op<QuantizeLinearOp>({y, c.scalar(type, 1), zero}, attrs);
  }
  c.replace(last, y);
  return success();
}

struct IntegerMatMul : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    return rewriteProduct(op, op.getA(), op.getB(), Value(),
                          /*transposed=*/false, rewriter);
  }
};

struct IntegerGemm : OpRewritePattern<GemmOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GemmOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getTransA() || !op.getAlpha().isExactlyValue(1.0) ||
        !op.getBeta().isExactlyValue(1.0))
      return rewriter.notifyMatchFailure(op, "has factors");
    return rewriteProduct(op, op.getA(), op.getB(), op.getC(), op.getTransB(),
                          rewriter);
  }
};

} // namespace

void mlir::onnx::populateIntegerProductPatterns(RewritePatternSet &patterns) {
  patterns.add<IntegerMatMul, IntegerGemm>(patterns.getContext());
}
