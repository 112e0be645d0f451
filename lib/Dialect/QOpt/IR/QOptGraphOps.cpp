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

/// Codes are unsigned exactly when they have a zero point.
static bool signednessFits(Value codes, Value zeroPoint) {
  return getElementTypeOrSelf(codes).isUnsignedInteger() == bool(zeroPoint);
}

/// One factor per column, or none at all.
static bool factorsFit(Value factors, RankedTensorType values) {
  if (!factors)
    return true;
  auto type = dyn_cast<RankedTensorType>(factors.getType());
  return type && values.getRank() > 0 && type.getRank() == 1 &&
         compatible(type.getShape(), values.getShape().take_back());
}

LogicalResult QuantizeOp::verify() {
  auto values = dyn_cast<RankedTensorType>(getInput().getType());
  auto codes = dyn_cast<RankedTensorType>(getCodes().getType());
  auto scale = dyn_cast<RankedTensorType>(getScale().getType());
  if (!values || !codes || !scale)
    return emitOpError("needs ranked tensors");
  if (failed(verifyScaled(*this, values, codes, scale, getGranularity())))
    return failure();
  if (!signednessFits(getCodes(), getZeroPoint()))
    return emitOpError("C3: codes are ui8 with a zero point, else i8");
  bool perTensor = getGranularity() == Granularity::Tensor;
  if (Value zero = getZeroPoint()) {
    auto type = dyn_cast<RankedTensorType>(zero.getType());
    if (!perTensor || !type || type.getRank() != 0)
      return emitOpError("C3: a zero point has rank 0 and goes with one scale "
                         "per tensor");
  }
  if (getFactors() && !perTensor)
    return emitOpError("C4: factors go with one scale per tensor");
  if (!factorsFit(getFactors(), values))
    return emitOpError("C4: there is one factor per column");
  return success();
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
  bool perTensor = getGranularity() == Granularity::Tensor;
  if (!perTensor && getGranularity() != Granularity::Token)
    return emitOpError("C5: there is a scale per token or one per tensor");
  if (perTensor && scale.getRank() != 0)
    return emitOpError("C2: a scale per tensor has rank 0");
  if (!perTensor && !compatible(input.getShape().drop_back(), scale.getShape()))
    return emitOpError("C2: the scale has the shape of the input without its "
                       "last axis");
  if (!factorsFit(getFactors(), input))
    return emitOpError("C3: there is one factor per column");
  if (!signednessFits(getCodes(), getZeroPoint()))
    return emitOpError("C4: codes are ui8 with a zero point, else i8");
  if (Value zero = getZeroPoint()) {
    auto type = dyn_cast<RankedTensorType>(zero.getType());
    if (!type || !compatible(type.getShape(), scale.getShape()))
      return emitOpError("C4: the zero point has the shape of the scale");
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
  OutlierMode mode = getMode();
  if (mode == OutlierMode::None)
    return emitOpError("mode is static, guarded, dynamic or dynamic_row");
  bool positive = getThreshold() && getThreshold()->convertToFloat() > 0;
  if (getKeepSmall() && mode != OutlierMode::Dynamic)
    return emitOpError("C5: keep_small is for dynamic mode");
  if (mode == OutlierMode::Dynamic || mode == OutlierMode::DynamicRow) {
    if (getOutliers() || !positive)
      return emitOpError("C3: dynamic mode takes a positive threshold and no "
                         "list of outliers");
    if (!factorsFit(getFactors(), input))
      return emitOpError("C4: there is one factor per column");
    return success();
  }
  if (getFactors())
    return emitOpError("C4: factors are for the dynamic modes");
  if (mode == OutlierMode::Guarded && !positive)
    return emitOpError("C3: guarded mode takes a positive threshold");
  if (!getOutliers())
    return emitOpError("C2: static mode needs a list of outliers");
  int64_t last = -1, width = input.getShape().back();
  ArrayRef<int64_t> outliers = *getOutliers();
  for (int64_t column : outliers) {
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
