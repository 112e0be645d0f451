//===- QuantizedToONNX.cpp - convert-qopt-to-onnx -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of codes:
//   y  = (MatMul(d, w) - offset * ReduceSum(w, 0)) * scale
//        + MatMul(tail, tail weight) + bias
// d the activation behind DequantizeLinear (QuantizedActivations.cpp), w the
// weight behind DequantizeLinear. ONNX Runtime runs the first MatMul on the
// integers; a runtime that does not know the pair computes the same in float,
// exactly so as long as sums of codes stay below 2^24.
//
// Weights in groups and those of float activations are Mul(Cast(w), scales),
// which runtimes fold when they load the model: behind DequantizeLinear ONNX
// Runtime would quantize the activation once more, by rules of its own, and has
// no product of codes for groups. docs/export.md has the figures.
//===----------------------------------------------------------------------===//

#include "QuantizedActivations.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Export/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_CONVERTQOPTTOONNXPASS
#include "qopt/Export/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::exporter;

namespace {

class ConvertQOptToONNXPass final
    : public qopt::impl::ConvertQOptToONNXPassBase<ConvertQOptToONNXPass> {
public:
  using ConvertQOptToONNXPassBase::ConvertQOptToONNXPassBase;
  void runOnOperation() override;

private:
  LogicalResult convert(Operation *op);
  LogicalResult convert(QuantizedMatmulOp op);
  LogicalResult convert(WeightOnlyMatmulOp op);
  /// The weight as floats; null after an error at `op`.
  Value weight(Operation *op, Value codes, Value scale,
               std::optional<int64_t> groupSize, bool onIntegers);
  /// Sums of its columns [1, N].
  Value columnSums(Value weight);
  LogicalResult finish(ArrayRef<Operation *> steps);

  ActivationWriter activations;
  llvm::DenseMap<std::pair<Value, Value>, Value> weights;
  llvm::DenseMap<Value, Value> sums;
};

/// Chains the summands of a product, the last of which has the node's name.
class Sum {
public:
  Sum(NodeMaker &b, unsigned steps) : b(b), left(steps) {}
  template <typename OpTy> Value step(StringRef part, ValueRange operands) {
    return b.op<OpTy>(--left ? part : StringRef(), operands);
  }

private:
  NodeMaker &b;
  unsigned left;
};

} // namespace

Value ConvertQOptToONNXPass::weight(Operation *op, Value codes, Value scale,
                                    std::optional<int64_t> groupSize,
                                    bool onIntegers) {
  Value &result = weights[{codes, scale}];
  if (result)
    return result;
  Operation *definition = codes.getDefiningOp(), *other = scale.getDefiningOp();
  if (!definition || !other || definition->getBlock() != other->getBlock()) {
    op->emitError("cannot be exported: its weight is not a constant");
    return {};
  }
  OpBuilder builder(op->getContext());
  // Behind both, wherever products read it.
  builder.setInsertionPointAfter(
      definition->isBeforeInBlock(other) ? other : definition);
  NodeMaker b(builder, definition->getLoc());
  if (onIntegers && !groupSize) {
    // The default axis is that of N.
    result =
        b.op<onnx::DequantizeLinearOp>("dequantize", {codes, scale, b.none()});
    return result;
  }
  Value rows = scale;
  if (groupSize) {
    int64_t k = cast<RankedTensorType>(codes.getType()).getDimSize(0);
    SmallVector<int64_t> groups;
    for (int64_t row = 0; row < k; ++row)
      groups.push_back(row / *groupSize);
    rows = b.op<onnx::GatherOp>("row_scales", {scale, b.ints("groups", groups)},
                                b.attr("axis", 0));
  }
  result = b.op<onnx::MulOp>(
      "dequantize",
      {b.op<onnx::CastOp>("codes", codes, b.attr("to", builder.getF32Type())),
       rows});
  return result;
}

Value ConvertQOptToONNXPass::columnSums(Value weight) {
  Value &result = sums[weight];
  if (result)
    return result;
  OpBuilder builder(weight.getContext());
  builder.setInsertionPointAfterValue(weight);
  NodeMaker b(builder, weight.getLoc());
  result =
      b.op<onnx::ReduceSumOp>("column_sums", {weight, b.ints("rows", {0})});
  return result;
}

LogicalResult ConvertQOptToONNXPass::convert(QuantizedMatmulOp op) {
  const Activation *x = activations.find(op.getCodes());
  if (!x)
    return op.emitError("cannot be exported: its codes come from something "
                        "else than a quantize step");
  Value w = weight(op, op.getWeight(), op.getWeightScale(), op.getGroupSize(),
                   /*onIntegers=*/true);
  if (!w)
    return failure();
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  Value tail = op.getTail(), bias = op.getBias();
  Sum sum(b, 1 + (x->offset ? 1 : 0) + (x->scale ? 1 : 0) + (tail ? 1 : 0) +
                 (bias ? 1 : 0));
  Value y = sum.step<onnx::MatMulOp>("product", {x->codes, w});
  if (x->offset)
    y = sum.step<onnx::SubOp>(
        "without_offset",
        {y, b.op<onnx::MulOp>("offset_product", {x->offset, columnSums(w)})});
  if (x->scale)
    y = sum.step<onnx::MulOp>("product_scaled", {y, x->scale});
  if (tail) {
    // Without weights of their own the columns meet what the codes stand for.
    Value rows = op.getTailWeight() ? op.getTailWeight() : w;
    if (op.getColumns())
      rows = b.op<onnx::GatherOp>("tail_rows", {rows, op.getColumns()},
                                  b.attr("axis", 0));
    if (!getElementTypeOrSelf(rows).isF32())
      rows = b.op<onnx::CastOp>("tail_weight", rows,
                                b.attr("to", builder.getF32Type()));
    y = sum.step<onnx::AddOp>(
        "sum", {y, b.op<onnx::MatMulOp>("tail_product", {tail, rows})});
  }
  if (bias)
    y = sum.step<onnx::AddOp>("", {y, bias});
  y.setType(op.getType());
  op.getOutput().replaceAllUsesWith(y);
  op.erase();
  ++numProducts;
  return success();
}

LogicalResult ConvertQOptToONNXPass::convert(WeightOnlyMatmulOp op) {
  Value w = weight(op, op.getWeight(), op.getWeightScale(), op.getGroupSize(),
                   /*onIntegers=*/false);
  if (!w)
    return failure();
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  Sum sum(b, op.getBias() ? 2 : 1);
  Value y = sum.step<onnx::MatMulOp>("product", {op.getInput(), w});
  if (op.getBias())
    y = sum.step<onnx::AddOp>("", {y, op.getBias()});
  y.setType(op.getType());
  op.getOutput().replaceAllUsesWith(y);
  op.erase();
  ++numProducts;
  return success();
}

LogicalResult ConvertQOptToONNXPass::convert(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<OutlierSplitOp, QuantizeOp, DynamicQuantizeOp>(
          [&](auto step) { return activations.write(step); })
      .Case<QuantizedMatmulOp, WeightOnlyMatmulOp>(
          [&](auto product) { return convert(product); })
      .Default([](Operation *other) {
        return other->emitError("cannot be exported: ")
               << other->getName() << " has no form in ONNX";
      });
}

/// Removes the quantize steps, which products have read until now.
LogicalResult ConvertQOptToONNXPass::finish(ArrayRef<Operation *> steps) {
  for (Operation *step : steps) {
    for (Operation *reader : step->getUsers())
      return reader->emitError("cannot be exported: it reads codes and is no "
                               "product");
    step->erase();
    ++numActivations;
  }
  return success();
}

void ConvertQOptToONNXPass::runOnOperation() {
  activations = {};
  weights.clear();
  sums.clear();
  SmallVector<Operation *> ops, steps;
  getOperation().walk([&](Operation *op) {
    if (!isa_and_nonnull<QOptDialect>(op->getDialect()))
      return;
    ops.push_back(op);
    if (isa<QuantizeOp, DynamicQuantizeOp>(op))
      steps.push_back(op);
  });
  for (Operation *op : ops)
    if (failed(convert(op)))
      return signalPassFailure();
  if (failed(finish(steps)))
    signalPassFailure();
}
