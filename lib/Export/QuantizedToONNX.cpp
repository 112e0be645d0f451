//===- QuantizedToONNX.cpp - convert-qopt-to-onnx -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An activation with a scale per token, factors and outliers:
//   x' = x * factors, 0 in the outlier columns
//   a  = Max(ReduceMax(Abs(x'), -1), 127 * FLT_MIN)
//   d  = DequantizeLinear(QuantizeLinear(x' * (127 / a), 1, 0), 1, 0)
// and a product that reads it:
//   y  = MatMul(d, DequantizeLinear(w, ws)) * (a / 127)
//        + MatMul(tail, tail weight) + bias
// The scale 1 keeps the two operators what runtimes look for: ONNX Runtime runs
// the MatMul on the integers, one that does not know the pair computes the same
// in float (sums below 2^24 are exact there too). docs/export.md compares it
// with other spellings.
//===----------------------------------------------------------------------===//

#include "NodeMaker.h"
#include "mlir/IR/TypeUtilities.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Export/Passes.h"
#include "llvm/ADT/MapVector.h"

#include <cfloat>

namespace mlir::qopt {
#define GEN_PASS_DEF_CONVERTQOPTTOONNXPASS
#include "qopt/Export/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;
using exporter::NodeMaker;

namespace {

/// An activation as products read it.
struct Activation {
  /// DequantizeLinear of the codes.
  Value codes;
  /// With one element per row, behind the product; null: already in `codes`.
  Value scale;
};

class ConvertQOptToONNXPass final
    : public qopt::impl::ConvertQOptToONNXPassBase<ConvertQOptToONNXPass> {
public:
  using ConvertQOptToONNXPassBase::ConvertQOptToONNXPassBase;
  void runOnOperation() override;

private:
  LogicalResult convert(DynamicQuantizeOp op);
  LogicalResult convert(OutlierSplitOp op);
  LogicalResult convert(QuantizedMatmulOp op);
  Value dequantizedWeight(QuantizedMatmulOp op);

  llvm::DenseMap<Value, Activation> activations;
  llvm::DenseMap<std::pair<Value, Value>, Value> weights;
};

} // namespace

/// [K] ones with zeros in the columns that are split off.
static Value makeMask(NodeMaker &b, OutlierSplitOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  int64_t k = type.getShape().back();
  SmallVector<float> mask(k, 1);
  for (int64_t column : op.getOutliersAttr().asArrayRef())
    mask[column] = 0;
  auto maskType = RankedTensorType::get({k}, type.getElementType());
  return b.constant("body_columns",
                    DenseElementsAttr::get(maskType, ArrayRef(mask)));
}

/// Static lists: a mask and a Gather. Run-time lists: the columns with a value
/// of the threshold or more in any row.
LogicalResult ConvertQOptToONNXPass::convert(OutlierSplitOp op) {
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
  if (!type || ShapedType::isDynamic(type.getShape().back()))
    return op.emitError("cannot be exported: the number of columns is unknown");
  Value x = op.getInput(), body, columns;
  if (op.getMode() == OutlierMode::Static) {
    columns = b.ints("outliers", *op.getOutliers());
    body = b.op<onnx::MulOp>("body", {x, makeMask(b, op)});
  } else {
    Value magnitude = b.op<onnx::AbsOp>("magnitude", x);
    SmallVector<int64_t> rows;
    for (int64_t i = 0; i + 1 < type.getRank(); ++i)
      rows.push_back(i);
    Value largest = rows.empty()
                        ? magnitude
                        : b.op<onnx::ReduceMaxOp>(
                              "column_max", {magnitude, b.ints("rows", rows)},
                              b.attr("keepdims", 0));
    Value isOutlier = b.op<onnx::GreaterOrEqualOp>(
        "is_outlier",
        {largest, b.scalar("threshold", op.getThreshold()->convertToFloat())});
    columns = b.op<onnx::ReshapeOp>(
        "columns", {b.op<onnx::NonZeroOp>("nonzero", isOutlier),
                    b.ints("columns_shape", {-1})});
    body = b.op<onnx::WhereOp>("body", {isOutlier, b.scalar("zero", 0), x});
  }
  Value tail = b.op<onnx::GatherOp>("tail", {x, columns}, b.attr("axis", -1));
  body.setType(op.getBody().getType());
  tail.setType(op.getTail().getType());
  op.getBody().replaceAllUsesWith(body);
  op.getTail().replaceAllUsesWith(tail);
  // The tail weight is gathered by them as they are.
  op.getColumns().replaceAllUsesWith(columns);
  op.erase();
  return success();
}

LogicalResult ConvertQOptToONNXPass::convert(DynamicQuantizeOp op) {
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  Value x = op.getInput();
  if (Value factors = op.getFactors())
    x = b.op<onnx::MulOp>("smoothed", {x, factors});
  Value magnitude = b.op<onnx::AbsOp>("magnitude", x);
  Value absmax = b.op<onnx::ReduceMaxOp>(
      "row_max", {magnitude, b.ints("last_axis", {-1})});
  // A row of zeros divides by this; its codes are 0.
  Value bounded = b.op<onnx::MaxOp>(
      "absmax", {absmax, b.scalar("least_absmax", 127 * FLT_MIN)});
  Value most = b.scalar("most_code", 127);
  Activation &result = activations[op.getCodes()];
  result.scale = b.op<onnx::DivOp>("scale", {bounded, most});
  Value inverse = b.op<onnx::DivOp>("inverse_scale", {most, bounded});
  Value scaled = b.op<onnx::MulOp>("scaled", {x, inverse});
  Value one = b.scalar("unit_scale", 1);
  auto codeType = RankedTensorType::get({}, builder.getI8Type());
  Value zero =
      b.constant("zero_point", DenseElementsAttr::get(codeType, int8_t(0)));
  Value codes = b.op<onnx::QuantizeLinearOp>("quantize", {scaled, one, zero});
  result.codes =
      b.op<onnx::DequantizeLinearOp>("dequantize", {codes, one, zero});
  ++numActivations;
  return success();
}

Value ConvertQOptToONNXPass::dequantizedWeight(QuantizedMatmulOp op) {
  Value codes = op.getWeight(), scale = op.getWeightScale();
  Value &result = weights[{codes, scale}];
  if (result)
    return result;
  OpBuilder builder(op.getContext());
  Operation *definition = codes.getDefiningOp();
  // Behind both, wherever products read it.
  builder.setInsertionPointAfter(definition);
  if (Operation *other = scale.getDefiningOp();
      other->getBlock() == definition->getBlock() &&
      definition->isBeforeInBlock(other))
    builder.setInsertionPointAfter(other);
  NodeMaker b(builder, definition->getLoc());
  result = b.op<onnx::DequantizeLinearOp>(
      "dequantize", {codes, scale, b.none()}, b.attr("axis", 1));
  return result;
}

LogicalResult ConvertQOptToONNXPass::convert(QuantizedMatmulOp op) {
  auto found = activations.find(op.getCodes());
  if (found == activations.end())
    return op.emitError("cannot be exported: its codes come from something "
                        "else than a quantize step");
  Operation *weight = op.getWeight().getDefiningOp();
  if (!weight || !op.getWeightScale().getDefiningOp())
    return op.emitError("cannot be exported: its weight is not a constant");
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  bool last = !found->second.scale && !op.getTail() && !op.getBias();
  Value y = b.op<onnx::MatMulOp>(last ? "" : "product",
                                 {found->second.codes, dequantizedWeight(op)});
  if (found->second.scale)
    y = b.op<onnx::MulOp>(op.getTail() || op.getBias() ? "product_scaled" : "",
                          {y, found->second.scale});
  if (op.getTail()) {
    Value rows = op.getTailWeight();
    if (op.getColumns())
      rows = b.op<onnx::GatherOp>("tail_rows", {rows, op.getColumns()},
                                  b.attr("axis", 0));
    if (!getElementTypeOrSelf(rows).isF32())
      rows = b.op<onnx::CastOp>("tail_weight", rows,
                                b.attr("to", builder.getF32Type()));
    Value tail = b.op<onnx::MatMulOp>("tail_product", {op.getTail(), rows});
    y = b.op<onnx::AddOp>(op.getBias() ? "sum" : "", {y, tail});
  }
  if (op.getBias())
    y = b.op<onnx::AddOp>("", {y, op.getBias()});
  y.setType(op.getType());
  op.getOutput().replaceAllUsesWith(y);
  op.erase();
  ++numProducts;
  return success();
}

void ConvertQOptToONNXPass::runOnOperation() {
  activations.clear();
  weights.clear();
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa<QOptDialect>(op->getDialect()))
      ops.push_back(op);
  });
  SmallVector<DynamicQuantizeOp> steps;
  for (Operation *op : ops) {
    LogicalResult outcome = success();
    if (auto split = dyn_cast<OutlierSplitOp>(op)) {
      outcome = convert(split);
    } else if (auto quantize = dyn_cast<DynamicQuantizeOp>(op)) {
      outcome = convert(quantize);
      steps.push_back(quantize);
    } else if (auto product = dyn_cast<QuantizedMatmulOp>(op)) {
      outcome = convert(product);
    } else {
      outcome = op->emitError("cannot be exported: ")
                << op->getName() << " has no form in ONNX";
    }
    if (failed(outcome))
      return signalPassFailure();
  }
  for (DynamicQuantizeOp step : steps) {
    if (!step->use_empty()) {
      (*step->user_begin())
          ->emitError("cannot be exported: it reads codes, but is no product");
      return signalPassFailure();
    }
    step.erase();
  }
}
