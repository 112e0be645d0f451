//===- QOptProductOps.cpp - verifiers of the graph-level products ---------===//
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

static RankedTensorType ranked(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}

/// Whether a scale of a weight [K, N] has rank 0, is [N] or, in groups,
/// [ceil(K / groupSize), N].
static bool weightScaleFits(RankedTensorType weight, RankedTensorType scale,
                            std::optional<uint64_t> groupSize) {
  if (!groupSize)
    return scale.getRank() == 0 ||
           (scale.getRank() == 1 &&
            compatible(weight.getShape().drop_front(), scale.getShape()));
  int64_t k = weight.getDimSize(0), groups = ShapedType::kDynamic;
  if (!ShapedType::isDynamic(k))
    groups = llvm::divideCeil(k, int64_t(*groupSize));
  return scale.getRank() == 2 &&
         compatible({groups, weight.getDimSize(1)}, scale.getShape());
}

static bool groupSizeFits(std::optional<uint64_t> groupSize) {
  return !groupSize || (int64_t(*groupSize) > 0 && *groupSize % 4 == 0);
}

/// The bias is [N], the result like `rows` but for N columns.
static LogicalResult verifyColumns(Operation *op, RankedTensorType rows,
                                   RankedTensorType weight, Value bias) {
  ArrayRef<int64_t> n = weight.getShape().take_back();
  if (bias) {
    auto type = ranked(bias);
    if (!type || type.getRank() != 1 || !compatible(type.getShape(), n))
      return op->emitOpError("C1: the bias is [N]");
  }
  auto output = ranked(op->getResult(0));
  if (!output || output.getRank() != rows.getRank() ||
      !compatible(output.getShape().drop_back(), rows.getShape().drop_back()) ||
      !compatible(output.getShape().take_back(), n))
    return op->emitOpError("C1: the result has the shape of the rows, but for "
                           "N columns");
  return success();
}

int64_t QuantizedMatmulOp::getGroupRows() {
  int64_t k = cast<ShapedType>(getWeight().getType()).getDimSize(0);
  return getGroupSize() ? std::min<int64_t>(*getGroupSize(), k) : k;
}

LogicalResult QuantizedMatmulOp::verify() {
  RankedTensorType codes = ranked(getCodes()), weight = ranked(getWeight()),
                   scale = ranked(getWeightScale()),
                   rowScale = ranked(getScale());
  if (!codes || !weight || !scale || !rowScale || codes.getRank() == 0)
    return emitOpError("needs ranked tensors");
  if (!groupSizeFits(getGroupSize()))
    return emitOpError("C5: group_size is a positive multiple of 4");
  if (weight.getRank() != 2 ||
      !weightScaleFits(weight, scale, getGroupSize()) ||
      !compatible(codes.getShape().take_back(), weight.getShape().take_front()))
    return emitOpError("C1: codes are [..., K], the weight is [K, N], its "
                       "scale rank 0, [N] or [ceil(K / group_size), N]");
  auto fitsRows = [&](RankedTensorType type) {
    return type.getRank() == 0 ||
           compatible(type.getShape(), codes.getShape().drop_back());
  };
  if (!fitsRows(rowScale))
    return emitOpError("C1: the scale has rank 0 or the shape of the codes "
                       "without their last axis");
  bool isUnsigned = codes.getElementType().isUnsignedInteger();
  int64_t depth = maxProductDepth(isUnsigned);
  if (!weight.isDynamicDim(0) && getGroupRows() > depth)
    return emitOpError(getGroupSize() ? "C2: group_size" : "C2: K")
           << " of " << getGroupRows() << " can overflow the i32 sum (limit "
           << depth << ")";
  if (isUnsigned != bool(getZeroPoint()))
    return emitOpError("C4: codes are ui8 with a zero point, else i8");
  if (Value zero = getZeroPoint())
    if (RankedTensorType type = ranked(zero); !type || !fitsRows(type))
      return emitOpError("C4: the zero point has rank 0 or the shape of the "
                         "codes without their last axis");
  if (failed(verifyColumns(*this, codes, weight, getBias())))
    return failure();
  return verifyTail();
}

LogicalResult QuantizedMatmulOp::verifyTail() {
  if (!getTail()) {
    if (getTailWeight())
      return emitOpError("C3: tail_weight needs a tail");
    if (getColumns())
      return emitOpError("C3: columns need a tail");
    return success();
  }
  if (!getTailWeight() && !getColumns())
    return emitOpError("C3: a tail needs tail_weight or columns");
  RankedTensorType codes = ranked(getCodes()), weight = ranked(getWeight()),
                   tail = ranked(getTail());
  if (!tail || tail.getRank() != codes.getRank() ||
      !compatible(tail.getShape().drop_back(), codes.getShape().drop_back()))
    return emitOpError("C3: the tail has the leading axes of the codes");
  if (getTailWeight()) {
    RankedTensorType tailWeight = ranked(getTailWeight());
    ArrayRef<int64_t> rows = getColumns() ? weight.getShape().take_front()
                                          : tail.getShape().take_back();
    if (!tailWeight || tailWeight.getRank() != 2 ||
        !compatible(tailWeight.getShape().take_front(), rows) ||
        !compatible(tailWeight.getShape().take_back(),
                    weight.getShape().take_back()))
      return emitOpError("C3: the tail weight is [J, N], or [K, N] with "
                         "columns");
  }
  if (getColumns()) {
    RankedTensorType columns = ranked(getColumns());
    if (!columns || columns.getRank() != 1 ||
        !compatible(columns.getShape(), tail.getShape().take_back()))
      return emitOpError("C3: there is one column per column of the tail");
  }
  return success();
}

LogicalResult WeightOnlyMatmulOp::verify() {
  RankedTensorType input = ranked(getInput()), weight = ranked(getWeight()),
                   scale = ranked(getWeightScale());
  if (!input || !weight || !scale || input.getRank() == 0)
    return emitOpError("needs ranked tensors");
  if (!groupSizeFits(getGroupSize()))
    return emitOpError("C2: group_size is a positive multiple of 4");
  if (weight.getRank() != 2 ||
      !weightScaleFits(weight, scale, getGroupSize()) ||
      !compatible(input.getShape().take_back(), weight.getShape().take_front()))
    return emitOpError("C1: x is [..., K], the weight is [K, N], its scale "
                       "rank 0, [N] or [ceil(K / group_size), N]");
  return verifyColumns(*this, input, weight, getBias());
}
