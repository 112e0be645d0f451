//===- ONNXElementwise.cpp - verifiers and folds of elementwise ops ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folds here are exact and look at operands only; evaluation of ops on
// constants is the job of onnx-fold-constants, which has a budget.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.cpp.inc"

void ONNXDialect::registerElementwiseOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

LogicalResult GeluOp::verify() {
  return verifyOneOf(*this, "approximate", getApproximate(), {"none", "tanh"});
}

LogicalResult BitShiftOp::verify() {
  return verifyOneOf(*this, "direction", getDirection(), {"LEFT", "RIGHT"});
}

static LogicalResult verifyInputs(Operation *op) {
  if (op->getNumOperands() == 0)
    return op->emitOpError("needs at least one operand");
  return success();
}
LogicalResult MaxOp::verify() { return verifyInputs(*this); }
LogicalResult MinOp::verify() { return verifyInputs(*this); }
LogicalResult SumOp::verify() { return verifyInputs(*this); }
LogicalResult MeanOp::verify() { return verifyInputs(*this); }

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

// The operand, if it is the result whatever the broadcast: same static type.
static OpFoldResult sameTypeOr(Value operand, Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (operand.getType() == type && ranked && ranked.hasStaticShape())
    return operand;
  return {};
}

// As above for x op constant, where a scalar or a vector of ones cannot change
// the shape of x even if it is dynamic.
static OpFoldResult operandBesides(Value operand, Value constant, Type type) {
  if (OpFoldResult same = sameTypeOr(operand, type))
    return same;
  auto ranked = dyn_cast<RankedTensorType>(operand.getType());
  auto other = dyn_cast<RankedTensorType>(constant.getType());
  if (operand.getType() == type && ranked && other &&
      other.getRank() <= ranked.getRank() && other.hasStaticShape() &&
      other.getNumElements() == 1)
    return operand;
  return {};
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  // Not for floats: -0 + 0 is +0.
  if (!isa<IntegerType>(getElementTypeOrSelf(getType())))
    return {};
  if (isSplatConstant(adaptor.getB(), 0))
    return operandBesides(getA(), getB(), getType());
  if (isSplatConstant(adaptor.getA(), 0))
    return operandBesides(getB(), getA(), getType());
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isSplatConstant(adaptor.getB(), 0))
    return operandBesides(getA(), getB(), getType());
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isSplatConstant(adaptor.getB(), 1))
    return operandBesides(getA(), getB(), getType());
  if (isSplatConstant(adaptor.getA(), 1))
    return operandBesides(getB(), getA(), getType());
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  if (isSplatConstant(adaptor.getB(), 1))
    return operandBesides(getA(), getB(), getType());
  return {};
}

static OpFoldResult foldSingle(Operation *op) {
  if (op->getNumOperands() == 1 &&
      op->getOperand(0).getType() == op->getResult(0).getType())
    return op->getOperand(0);
  return {};
}
OpFoldResult MaxOp::fold(FoldAdaptor) { return foldSingle(*this); }
OpFoldResult MinOp::fold(FoldAdaptor) { return foldSingle(*this); }
OpFoldResult SumOp::fold(FoldAdaptor) { return foldSingle(*this); }
OpFoldResult MeanOp::fold(FoldAdaptor) { return foldSingle(*this); }

OpFoldResult WhereOp::fold(FoldAdaptor adaptor) {
  auto condition = dyn_cast_or_null<DenseElementsAttr>(adaptor.getCondition());
  if (!condition || !condition.isSplat())
    return {};
  return sameTypeOr(condition.getSplatValue<bool>() ? getX() : getY(),
                    getType());
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

OpFoldResult BitCastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

LogicalResult BitCastOp::verify() {
  auto widthOf = [](Type type) {
    return type.isInteger(1) ? 8 : type.getIntOrFloatBitWidth();
  };
  Type from = getElementTypeOrSelf(getInput().getType());
  if (widthOf(from) != widthOf(getTo()))
    return emitOpError() << "changes the width of the elements, from " << from
                         << " to " << getTo();
  return success();
}

//===----------------------------------------------------------------------===//
// Canonicalization
//===----------------------------------------------------------------------===//

namespace {

// True if every value of `from` is one of `to`, so that a cast there loses
// nothing.
bool holdsAll(Type from, Type to) {
  auto fromInt = dyn_cast<IntegerType>(from), toInt = dyn_cast<IntegerType>(to);
  if (fromInt && toInt && toInt.getWidth() > 1) {
    if (fromInt.getWidth() == 1)
      return true;
    if (fromInt.isUnsigned() == toInt.isUnsigned())
      return toInt.getWidth() >= fromInt.getWidth();
    return fromInt.isUnsigned() && toInt.getWidth() > fromInt.getWidth();
  }
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  if (fromFloat && toFloat)
    return from == to ||
           (toFloat.isF64() || (toFloat.isF32() && !fromFloat.isF64()));
  return fromInt && toFloat && fromInt.getWidth() == 1 &&
         toFloat.getWidth() > 8;
}

// Cast(Cast(x)) -> Cast(x) where the inner one loses nothing.
struct CastOfCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<CastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not a cast");
    Type from = getElementTypeOrSelf(inner.getInput().getType());
    if (!holdsAll(from, inner.getTo()))
      return rewriter.notifyMatchFailure(op, "inner cast may lose values");
    rewriter.modifyOpInPlace(
        op, [&] { op.getInputMutable().assign(inner.getInput()); });
    return success();
  }
};

// CastLike(x, y) -> Cast(x, element type of y).
struct CastLikeToCast : OpRewritePattern<CastLikeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastLikeOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<CastOp>(
        op, op.getType(), op.getInput(),
        TypeAttr::get(getElementTypeOrSelf(op.getTargetType().getType())),
        op.getSaturateAttr(), op.getRoundModeAttr());
    return success();
  }
};

} // namespace

void CastOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                         MLIRContext *context) {
  results.add<CastOfCast>(context);
}

void CastLikeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                             MLIRContext *context) {
  results.add<CastLikeToCast>(context);
}
