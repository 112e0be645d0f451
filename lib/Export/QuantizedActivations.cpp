//===- QuantizedActivations.cpp - quantize steps as ONNX ops --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One scale for the whole tensor is what ONNX's operators are made for. With
// one per row, the row is divided by it in front and the product multiplied
// behind; the pair between has the scale 1, so that runtimes still find it:
//   a  = Max(ReduceMax(Abs(x), -1), 127 * FLT_MIN)
//   d  = DequantizeLinear(QuantizeLinear(x * (127 / a), 1, 0), 1, 0)
//   y  = MatMul(d, weight) * (a / 127)
//===----------------------------------------------------------------------===//

#include "QuantizedActivations.h"
#include "mlir/IR/Matchers.h"

#include <cfloat>

namespace mlir::qopt::exporter {

namespace {
DenseElementsAttr codeScalar(Type type, int64_t number) {
  auto tensor = RankedTensorType::get({}, type);
  return DenseElementsAttr::get(
      tensor, Attribute(IntegerAttr::get(type, APInt(8, number, true, true))));
}

Value smoothed(NodeMaker &b, Value x, Value factors) {
  return factors ? b.op<onnx::MulOp>("smoothed", {x, factors}) : x;
}

/// QuantizeLinear and DequantizeLinear with the same parameters.
Value throughCodes(NodeMaker &b, Value x, Value scale, Value zeroPoint) {
  Value codes = b.op<onnx::QuantizeLinearOp>("quantize", {x, scale, zeroPoint});
  return b.op<onnx::DequantizeLinearOp>("dequantize",
                                        {codes, scale, zeroPoint});
}
} // namespace

//===----------------------------------------------------------------------===//
// Outliers
//===----------------------------------------------------------------------===//

/// Listed columns: a mask and a Gather. Found ones: the columns with a value of
/// the threshold or more in any row; where rows have their own outliers, the
/// tail is 0 for those of other rows.
LogicalResult ActivationWriter::write(OutlierSplitOp op) {
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
  if (!type || ShapedType::isDynamic(type.getShape().back()))
    return op.emitError("cannot be exported: the number of columns is unknown");
  Value x = op.getInput(), body, tail = x, columns;
  if (op.getOutliersAttr()) {
    SmallVector<float> mask(type.getShape().back(), 1);
    for (int64_t column : op.getOutliersAttr().asArrayRef())
      mask[column] = 0;
    auto maskType =
        RankedTensorType::get({int64_t(mask.size())}, builder.getF32Type());
    columns = b.ints("outliers", op.getOutliersAttr().asArrayRef());
    body = b.op<onnx::MulOp>(
        "body", {x, b.constant("body_columns", DenseElementsAttr::get(
                                                   maskType, ArrayRef(mask)))});
  } else {
    Value magnitude =
        b.op<onnx::AbsOp>("magnitude", smoothed(b, x, op.getFactors()));
    Value threshold = b.scalar(
        "threshold", op.getThresholdAttr().getValue().convertToFloat());
    Value zero = b.scalar("zero", 0);
    SmallVector<int64_t> rows;
    for (int64_t i = 0; i + 1 < type.getRank(); ++i)
      rows.push_back(i);
    Value largest = magnitude;
    if (!rows.empty())
      largest = b.op<onnx::ReduceMaxOp>("column_max",
                                        {magnitude, b.ints("rows", rows)},
                                        b.attr("keepdims", 0));
    Value inColumn =
        b.op<onnx::GreaterOrEqualOp>("is_outlier", {largest, threshold});
    columns = b.op<onnx::ReshapeOp>("columns",
                                    {b.op<onnx::NonZeroOp>("nonzero", inColumn),
                                     b.ints("columns_shape", {-1})});
    bool perRow = op.getMode() == OutlierMode::DynamicRow;
    Value isLarge = inColumn;
    if (perRow || op.getKeepSmall())
      isLarge =
          b.op<onnx::GreaterOrEqualOp>("is_large", {magnitude, threshold});
    if (perRow)
      tail = b.op<onnx::WhereOp>("large", {isLarge, x, zero});
    body = b.op<onnx::WhereOp>("body", {perRow ? isLarge : inColumn, zero, x});
    if (op.getKeepSmall())
      measuredInstead[op.getBody()] =
          b.op<onnx::WhereOp>("measured", {isLarge, zero, x});
  }
  tail = b.op<onnx::GatherOp>("tail", {tail, columns}, b.attr("axis", -1));
  body.setType(op.getBody().getType());
  tail.setType(op.getTail().getType());
  if (Value measured = measuredInstead.lookup(op.getBody()))
    measuredInstead[body] = measured;
  op.getBody().replaceAllUsesWith(body);
  op.getTail().replaceAllUsesWith(tail);
  // Products gather rows of a weight by them, as they are.
  op.getColumns().replaceAllUsesWith(columns);
  op.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Given scales
//===----------------------------------------------------------------------===//

LogicalResult ActivationWriter::write(QuantizeOp op) {
  if (op.getGranularity() != Granularity::Tensor)
    return op.emitError("cannot be exported: an activation with given scales "
                        "has one per tensor in ONNX");
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  Value zeroPoint;
  if (op.getZeroPoint()) {
    DenseIntElementsAttr number;
    if (!matchPattern(op.getZeroPoint(), m_Constant(&number)))
      return op.emitError("cannot be exported: its zero point is no constant");
    zeroPoint =
        b.constant("zero_point", codeScalar(builder.getIntegerType(8, false),
                                            (*number.begin()).getSExtValue()));
  } else {
    zeroPoint = b.constant("zero_point", codeScalar(builder.getI8Type(), 0));
  }
  activations[op.getCodes()].codes = throughCodes(
      b, smoothed(b, op.getInput(), op.getFactors()), op.getScale(), zeroPoint);
  return success();
}

//===----------------------------------------------------------------------===//
// Scales found at run time
//===----------------------------------------------------------------------===//

/// Symmetric, per row or for all rows.
Activation ActivationWriter::dynamicRows(DynamicQuantizeOp op, NodeMaker &b,
                                         Value x, Value measured) {
  SmallVector<Value> reduced{b.op<onnx::AbsOp>("magnitude", measured)};
  if (op.getGranularity() == Granularity::Token)
    reduced.push_back(b.ints("last_axis", {-1}));
  else
    reduced.push_back(b.none());
  Value absmax = b.op<onnx::ReduceMaxOp>("absmax", reduced);
  // Rows of zeros are divided by it too.
  Value bounded = b.op<onnx::MaxOp>(
      "absmax_bounded", {absmax, b.scalar("least_absmax", 127 * FLT_MIN)});
  Value most = b.scalar("most_code", 127);
  Activation result;
  result.scale = b.op<onnx::DivOp>("scale", {bounded, most});
  Value inverse = b.op<onnx::DivOp>("inverse_scale", {most, bounded});
  Value scaled = b.op<onnx::MulOp>("scaled", {x, inverse});
  auto codeType = IntegerType::get(op.getContext(), 8);
  result.codes =
      throughCodes(b, scaled, b.scalar("unit_scale", 1),
                   b.constant("zero_point", codeScalar(codeType, 0)));
  return result;
}

/// With a zero point per row, which the codes keep: products subtract it.
Activation ActivationWriter::dynamicRowsWithOffset(DynamicQuantizeOp op,
                                                   NodeMaker &b, Value x) {
  Value axis = b.ints("last_axis", {-1}), zero = b.scalar("zero", 0);
  Value high = b.op<onnx::MaxOp>(
      "high", {b.op<onnx::ReduceMaxOp>("row_max", {x, axis}), zero});
  Value low = b.op<onnx::MinOp>(
      "low", {b.op<onnx::ReduceMinOp>("row_min", {x, axis}), zero});
  Value range =
      b.op<onnx::MaxOp>("range", {b.op<onnx::SubOp>("width", {high, low}),
                                  b.scalar("least_range", 255 * FLT_MIN)});
  Activation result;
  Value most = b.scalar("most_code", 255);
  result.scale = b.op<onnx::DivOp>("scale", {range, most});
  Value lowest = b.op<onnx::DivOp>("low_code", {low, result.scale});
  result.offset = b.op<onnx::ClipOp>(
      "offset", {b.op<onnx::RoundOp>("offset_rounded",
                                     b.op<onnx::NegOp>("offset_exact", lowest)),
                 zero, most});
  // Rounded in front of the zero point: half to even is not the same behind.
  Value codes = b.op<onnx::RoundOp>(
      "rounded", b.op<onnx::DivOp>("scaled", {x, result.scale}));
  auto codeType = IntegerType::get(op.getContext(), 8, IntegerType::Unsigned);
  result.codes =
      throughCodes(b, b.op<onnx::AddOp>("shifted", {codes, result.offset}),
                   b.scalar("unit_scale", 1),
                   b.constant("zero_point", codeScalar(codeType, 0)));
  return result;
}

LogicalResult ActivationWriter::write(DynamicQuantizeOp op) {
  OpBuilder builder(op);
  NodeMaker b(builder, op.getLoc());
  Value x = smoothed(b, op.getInput(), op.getFactors());
  Value measured = x;
  if (Value other = measuredInstead.lookup(op.getInput()))
    measured = smoothed(b, other, op.getFactors());
  if (op.getZeroPoint() && measured != x)
    return op.emitError("cannot be exported: a zero point together with the "
                        "rules of bitsandbytes");
  Activation &result = activations[op.getCodes()];
  if (!op.getZeroPoint()) {
    result = dynamicRows(op, b, x, measured);
  } else if (op.getGranularity() == Granularity::Token) {
    result = dynamicRowsWithOffset(op, b, x);
  } else {
    Operation *quantize =
        b.create<onnx::DynamicQuantizeLinearOp>("quantize", x, 3);
    result.codes =
        b.op<onnx::DequantizeLinearOp>("dequantize", quantize->getResults());
  }
  return success();
}

} // namespace mlir::qopt::exporter
