//===- QOptGraphOps.cpp - verifiers of the graph-level operations ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers in the messages are those of the constraints in QOptGraphOps.td.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;

static bool compatible(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return succeeded(verifyCompatibleShape(a, b));
}

/// C1 and C2 of quantize and dequantize.
static LogicalResult verifyScaled(Operation *op, RankedTensorType values,
                                  RankedTensorType codes,
                                  RankedTensorType scale,
                                  Granularity granularity) {
  if (!compatible(values.getShape(), codes.getShape()))
    return op->emitOpError("C1: codes and values differ in shape");
  int64_t wanted = granularity == Granularity::Tensor    ? 0
                   : granularity == Granularity::Channel ? 1
                                                         : values.getRank() - 1;
  if (scale.getRank() != wanted)
    return op->emitOpError("C2: a scale per ")
           << stringifyGranularity(granularity) << " has rank " << wanted
           << ", not " << scale.getRank();
  return success();
}

LogicalResult QuantizeOp::verify() {
  auto values = dyn_cast<RankedTensorType>(getInput().getType());
  auto codes = dyn_cast<RankedTensorType>(getCodes().getType());
  auto scale = dyn_cast<RankedTensorType>(getScale().getType());
  if (!values || !codes || !scale)
    return emitOpError("needs ranked tensors");
  return verifyScaled(*this, values, codes, scale, getGranularity());
}

LogicalResult DequantizeOp::verify() {
  auto values = dyn_cast<RankedTensorType>(getOutput().getType());
  auto codes = dyn_cast<RankedTensorType>(getCodes().getType());
  auto scale = dyn_cast<RankedTensorType>(getScale().getType());
  if (!values || !codes || !scale)
    return emitOpError("needs ranked tensors");
  return verifyScaled(*this, values, codes, scale, getGranularity());
}

LogicalResult DynamicQuantizeOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  auto codes = dyn_cast<RankedTensorType>(getCodes().getType());
  auto scale = dyn_cast<RankedTensorType>(getScale().getType());
  if (!input || !codes || !scale || input.getRank() == 0)
    return emitOpError("needs ranked tensors with at least one axis");
  if (!compatible(input.getShape(), codes.getShape()))
    return emitOpError("C1: codes and input differ in shape");
  if (!compatible(input.getShape().drop_back(), scale.getShape()))
    return emitOpError("C2: the scale has the shape of the input without its "
                       "last axis");
  if (getFactors()) {
    auto factors = dyn_cast<RankedTensorType>(getFactors().getType());
    if (!factors || factors.getRank() != 1 ||
        !compatible(factors.getShape(), input.getShape().take_back()))
      return emitOpError("C3: there is one factor per column");
  }
  return success();
}

LogicalResult OutlierSplitOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  auto tail = dyn_cast<RankedTensorType>(getTail().getType());
  auto columns = dyn_cast<RankedTensorType>(getColumns().getType());
  if (!input || !tail || !columns || input.getRank() == 0 ||
      columns.getRank() != 1 || tail.getRank() != input.getRank())
    return emitOpError("needs ranked tensors; tail has the rank of the input, "
                       "columns rank 1");
  if (getBody().getType() != input)
    return emitOpError("C1: body has the type of the input");
  if (getMode() == OutlierMode::None)
    return emitOpError("mode is static or dynamic");
  if (getMode() == OutlierMode::Dynamic) {
    if (getOutliers() || !getThreshold() ||
        getThreshold()->convertToFloat() <= 0)
      return emitOpError("C3: dynamic mode takes a positive threshold and no "
                         "list of outliers");
    return success();
  }
  if (!getOutliers())
    return emitOpError("C2: static mode needs a list of outliers");
  int64_t last = -1, width = input.getShape().back();
  for (int64_t column : *getOutliers()) {
    if (column <= last || (!ShapedType::isDynamic(width) && column >= width))
      return emitOpError("C2: outliers ascend strictly within [0, K)");
    last = column;
  }
  int64_t count = getOutliers()->size();
  if (tail.getShape().back() != count || columns.getShape()[0] != count)
    return emitOpError("C2: tail and columns have ")
           << count << " columns, one per outlier";
  return success();
}

LogicalResult QuantizedMatmulOp::verify() {
  auto codes = dyn_cast<RankedTensorType>(getCodes().getType());
  auto weight = dyn_cast<RankedTensorType>(getWeight().getType());
  auto scale = dyn_cast<RankedTensorType>(getWeightScale().getType());
  if (!codes || !weight || !scale || codes.getRank() == 0)
    return emitOpError("needs ranked tensors");
  if (weight.getRank() != 2 || scale.getRank() != 1 ||
      !compatible(weight.getShape().drop_front(), scale.getShape()) ||
      !compatible(codes.getShape().take_back(), weight.getShape().take_front()))
    return emitOpError(
        "C1: codes are [..., K], the weight is [K, N], its scale "
        "[N]");
  if (getBias()) {
    auto bias = dyn_cast<RankedTensorType>(getBias().getType());
    if (!bias || bias.getRank() != 1 ||
        !compatible(bias.getShape(), scale.getShape()))
      return emitOpError("C1: the bias is [N]");
  }
  constexpr int64_t maxK = ((int64_t(1) << 31) - 1) / (127 * 127);
  if (weight.getShape()[0] > maxK)
    return emitOpError("C2: K of ")
           << weight.getShape()[0] << " can overflow the i32 sum (limit "
           << maxK << ")";
  auto rowScale = dyn_cast<RankedTensorType>(getScale().getType());
  auto output = dyn_cast<RankedTensorType>(getOutput().getType());
  if (!rowScale || !output ||
      !compatible(rowScale.getShape(), codes.getShape().drop_back()) ||
      output.getRank() != codes.getRank() ||
      !compatible(output.getShape().drop_back(),
                  codes.getShape().drop_back()) ||
      !compatible(output.getShape().take_back(), scale.getShape()))
    return emitOpError("C1: the scale has the shape of the codes without their "
                       "last axis, the result ends in N instead of K");
  return verifyTail();
}

LogicalResult QuantizedMatmulOp::verifyTail() {
  if (bool(getTail()) != bool(getTailWeight()))
    return emitOpError("C3: tail and tail_weight come together");
  if (!getTail()) {
    if (getColumns())
      return emitOpError("C3: columns need a tail");
    return success();
  }
  auto codes = cast<RankedTensorType>(getCodes().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto tail = dyn_cast<RankedTensorType>(getTail().getType());
  auto tailWeight = dyn_cast<RankedTensorType>(getTailWeight().getType());
  if (!tail || !tailWeight || tail.getRank() != codes.getRank() ||
      !compatible(tail.getShape().drop_back(), codes.getShape().drop_back()))
    return emitOpError("C3: the tail has the leading axes of the codes");
  ArrayRef<int64_t> rows = getColumns() ? weight.getShape().take_front()
                                        : tail.getShape().take_back();
  if (tailWeight.getRank() != 2 ||
      !compatible(tailWeight.getShape().take_front(), rows) ||
      !compatible(tailWeight.getShape().take_back(),
                  weight.getShape().take_back()))
    return emitOpError("C3: the tail weight is [J, N], or [K, N] with columns");
  if (getColumns()) {
    auto columns = dyn_cast<RankedTensorType>(getColumns().getType());
    if (!columns || columns.getRank() != 1 ||
        !compatible(columns.getShape(), tail.getShape().take_back()))
      return emitOpError("C3: there is one column per column of the tail");
  }
  return success();
}
