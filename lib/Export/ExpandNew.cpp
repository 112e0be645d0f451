//===- ExpandNew.cpp - onnx-expand-new ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   RMSNormalization (opset 23)   x / Sqrt(ReduceMean(Pow(x, 2)) + eps) * scale
//   Swish (opset 24)              x * Sigmoid(alpha * x)
// in the order of operands that ONNX Runtime's fusions look for, and Resize
// with a rounding that only opset 10 had. What has no known form stays and asks
// for its opset.
//===----------------------------------------------------------------------===//

#include "NodeMaker.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Export/Passes.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_ONNXEXPANDNEWPASS
#include "qopt/Export/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;
using exporter::NodeMaker;

static Value castTo(NodeMaker &b, StringRef part, Value value, Type element) {
  if (getElementTypeOrSelf(value) == element)
    return value;
  return b.op<onnx::CastOp>(part, value, b.attr("to", element));
}

/// The normalized dims, or nothing when they hang on an unknown rank.
static SmallVector<int64_t> normalizedAxes(onnx::RMSNormalizationOp op) {
  int64_t first = op.getAxis();
  if (first >= 0) {
    std::optional<int64_t> rank = onnx::rankOf(op.getX());
    if (!rank)
      return {};
    first -= *rank;
  }
  SmallVector<int64_t> axes;
  for (int64_t axis = first; axis < 0; ++axis)
    axes.push_back(axis);
  return axes;
}

static Value expandRMS(onnx::RMSNormalizationOp op, OpBuilder &builder) {
  SmallVector<int64_t> axes = normalizedAxes(op);
  if (axes.empty() || op.getStashType() != 1)
    return {};
  NodeMaker b(builder, op.getLoc());
  Type input = getElementTypeOrSelf(op.getX());
  Type compute = input.isF64() ? input : builder.getF32Type();
  auto scalar = [&](StringRef part, double number) {
    auto type = RankedTensorType::get({}, compute);
    return b.constant(
        part, DenseElementsAttr::get(
                  type, Attribute(builder.getFloatAttr(compute, number))));
  };
  Value x = castTo(b, "input", op.getX(), compute);
  Value square = b.op<onnx::PowOp>("square", {x, scalar("two", 2)});
  Value mean = b.op<onnx::ReduceMeanOp>("mean", {square, b.ints("axes", axes)});
  Value sum = b.op<onnx::AddOp>(
      "epsilon_added",
      {mean, scalar("epsilon", op.getEpsilon().convertToDouble())});
  Value y =
      b.op<onnx::DivOp>("normalized", {x, b.op<onnx::SqrtOp>("root", sum)});
  // ONNX scales in the type of the scale.
  y = castTo(b, "output", y, getElementTypeOrSelf(op.getScale()));
  return b.op<onnx::MulOp>("", {y, op.getScale()});
}

static Value expandSwish(onnx::SwishOp op, OpBuilder &builder) {
  NodeMaker b(builder, op.getLoc());
  Value x = op.getOperand(), scaled = x;
  if (!op.getAlpha().isExactlyValue(1.0)) {
    Type element = getElementTypeOrSelf(x);
    auto type = RankedTensorType::get({}, element);
    Value alpha = b.constant(
        "alpha", DenseElementsAttr::get(
                     type, Attribute(builder.getFloatAttr(
                               element, op.getAlpha().convertToDouble()))));
    scaled = b.op<onnx::MulOp>("scaled", {x, alpha});
  }
  return b.op<onnx::MulOp>("", {x, b.op<onnx::SigmoidOp>("sigmoid", scaled)});
}

/// `nearest_mode = "simple"` truncates where it enlarges and rounds up where it
/// shrinks: modes of their own since, as long as all dims do the same.
static LogicalResult renameSimple(onnx::ResizeOp op) {
  if (op.getNearestMode() != "simple")
    return success();
  DenseFPElementsAttr scales;
  if (op.getMode() == "nearest") {
    if (!matchPattern(op.getScales(), m_Constant(&scales)) ||
        !scales.getElementType().isF32())
      return op.emitError("cannot be exported: the rounding of opset 10 needs "
                          "constant scales");
    auto all = [&](auto test) {
      return llvm::all_of(scales.getValues<float>(), test);
    };
    if (all([](float scale) { return scale >= 1; }))
      op.setNearestMode("floor");
    else if (all([](float scale) { return scale <= 1; }))
      op.setNearestMode("ceil");
    else
      return op.emitError("cannot be exported: the rounding of opset 10 for "
                          "scales on both sides of 1");
    return success();
  }
  // No other mode reads it.
  op.setNearestMode("round_prefer_floor");
  return success();
}

namespace {
class ONNXExpandNewPass final
    : public qopt::impl::ONNXExpandNewPassBase<ONNXExpandNewPass> {
public:
  using ONNXExpandNewPassBase::ONNXExpandNewPassBase;

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    bool good = true;
    getOperation().walk([&](Operation *op) {
      if (auto resize = dyn_cast<onnx::ResizeOp>(op))
        good &= succeeded(renameSimple(resize));
      builder.setInsertionPoint(op);
      Value result;
      if (auto norm = dyn_cast<onnx::RMSNormalizationOp>(op))
        result = expandRMS(norm, builder);
      else if (auto swish = dyn_cast<onnx::SwishOp>(op))
        result = expandSwish(swish, builder);
      if (!result)
        return;
      result.setType(op->getResult(0).getType());
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    });
    if (!good)
      signalPassFailure();
  }
};
} // namespace
