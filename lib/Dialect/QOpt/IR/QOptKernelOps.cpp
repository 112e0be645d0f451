//===- QOptKernelOps.cpp - verifiers of the kernel-level operations -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel-level operations hold tensors before bufferization and memrefs
// after it: never a mix, and results only for tensors.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;

/// Effects of a destination-style operation: on memrefs it reads its inputs and
/// writes (and may read) its inits; on tensors it has none.
static void destinationEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand,
                         SideEffects::DefaultResource::get());
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

void QuantizeRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  destinationEffects(*this, effects);
}
void FindOutliersOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  destinationEffects(*this, effects);
}
void MatmulOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  destinationEffects(*this, effects);
}
void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  destinationEffects(*this, effects);
}

/// All operands tensors with one result per init, or all memrefs with none.
static LogicalResult verifyForm(DestinationStyleOpInterface op,
                                unsigned wantedInits) {
  if (wantedInits && op.getNumDpsInits() != wantedInits)
    return op->emitOpError("has ") << wantedInits << " inits";
  bool tensors = isa<RankedTensorType>(op->getOperand(0).getType());
  for (Type type : op->getOperandTypes())
    if (isa<RankedTensorType>(type) != tensors)
      return op->emitOpError("mixes tensors and memrefs");
  if (op->getNumResults() != (tensors ? op.getNumDpsInits() : 0))
    return op->emitOpError(tensors ? "has one result per init"
                                   : "on memrefs has no results");
  if (tensors)
    for (auto [result, init] : llvm::zip(op->getResults(), op.getDpsInits()))
      if (result.getType() != init.getType())
        return op->emitOpError("results have the types of their inits");
  return success();
}

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

LogicalResult WeightOp::verify() {
  auto type = shaped(getResult());
  auto value = cast<ShapedType>(getValue().getType());
  if (!type.hasStaticShape() || type.getShape() != value.getShape() ||
      type.getElementType() != value.getElementType())
    return emitOpError("has the shape and element type of its value");
  return success();
}

LogicalResult QuantizeRowsOp::verify() {
  if (failed(verifyForm(*this, 2 + getAsymmetric() + getMagnitudes())))
    return failure();
  auto input = shaped(getInput()), codes = shaped(getCodesInit()),
       scales = shaped(getScalesInit());
  int64_t rank = input.getRank();
  if (getGranularity() != Granularity::Token &&
      getGranularity() != Granularity::Tensor)
    return emitOpError("has a scale per token or one per tensor");
  if (bool(getZeroPoint()) != (getScale() && getAsymmetric()))
    return emitOpError("takes a zero point with a scale of asymmetric codes");
  for (Value given : {getScale(), getZeroPoint()})
    if (given && shaped(given).getRank() != 0)
      return emitOpError("takes a scale and a zero point of rank 0");
  if (getKeepSmall() && (!getThreshold() || !getMask()))
    return emitOpError("keep_small goes with a threshold and a mask");
  for (Value perRow : getInits().drop_front(2))
    if (shaped(perRow).getRank() != rank - 1)
      return emitOpError("gives zero points and magnitudes [...]");
  if (rank == 0 || codes.getRank() != rank || scales.getRank() != rank - 1)
    return emitOpError("takes x [..., K] and gives codes [..., Kp] and scales "
                       "[...]");
  int64_t k = input.getShape().back(), kp = codes.getShape().back();
  if (ShapedType::isDynamic(k) || !isCodeRowWidth(kp, k))
    return emitOpError("needs a static K, and Kp = K rounded up to 64, or 64 "
                       "more where that is a multiple of 2048");
  return success();
}

LogicalResult FindOutliersOp::verify() {
  if (failed(verifyForm(*this, 3)))
    return failure();
  int64_t k = shaped(getInput()).getShape().back();
  if (ShapedType::isDynamic(k) ||
      shaped(getMaskInit()).getShape() != ArrayRef<int64_t>{k} ||
      shaped(getColumnsInit()).getShape() != ArrayRef<int64_t>{k} ||
      shaped(getCountInit()).getShape() != ArrayRef<int64_t>{1} ||
      (getFactors() && shaped(getFactors()).getShape() != ArrayRef<int64_t>{k}))
    return emitOpError(
        "needs a static K, factors [K], mask [K], columns [K], count [1]");
  if (getThreshold().convertToFloat() <= 0)
    return emitOpError("needs a positive threshold");
  return success();
}

bool MatmulOp::isInteger() {
  return shaped(getLhs()).getElementType().isInteger(8);
}

bool MatmulOp::isBF16() { return shaped(getLhs()).getElementType().isBF16(); }

bool MatmulOp::isWeightOnly() {
  return !isInteger() && shaped(getRhs()).getElementType().isInteger(8);
}

LogicalResult MatmulOp::verifyOperands(int64_t k, int64_t n) {
  auto rhs = shaped(getRhs());
  if (isInteger() != bool(getLhsScale()) ||
      (isInteger() || isWeightOnly()) != bool(getRhsScale()))
    return emitOpError("has row scales exactly when it multiplies codes, and "
                       "column scales exactly when its weights are codes");
  if (isBF16() && (!rhs.getElementType().isBF16() || k % 32 != 0))
    return emitOpError("bf16 rows meet bf16 weights, and K is a multiple of "
                       "32");
  int64_t panels = llvm::divideCeil(n, 32), blocks = k / 64;
  // Rows of codes may end in a block that is only there for their distance.
  if (isInteger() && rhs.getRank() == 5 &&
      isCodeRowWidth(k, 64 * rhs.getShape()[1]))
    blocks = rhs.getShape()[1];
  SmallVector<int64_t> packed =
      isInteger() ? SmallVector<int64_t>{panels, blocks, 2, 16, 64}
      : isBF16()  ? SmallVector<int64_t>{panels, k / 32, 2, 16, 32}
                  : SmallVector<int64_t>{panels, k, 32};
  bool rows = rhs.getRank() == 2 && rhs.getShape()[1] == n &&
              (isInteger() ? isCodeRowWidth(k, rhs.getShape()[0])
                           : rhs.getShape()[0] == k);
  if (!rows && rhs.getShape() != ArrayRef<int64_t>(packed))
    return emitOpError("rhs is [K, N] or its packed form");
  if (auto group = getGroupSize()) {
    if (!getRhsScale() || int64_t(*group) <= 0 || *group % 4 != 0)
      return emitOpError("a group of 8-bit weights is a positive multiple of 4 "
                         "rows");
    // K itself may be up to 63 less than that of the codes.
    int64_t most = rows || !isInteger() ? k : 64 * blocks;
    int64_t least = rows ? rhs.getShape()[0] : isInteger() ? most - 63 : k;
    ArrayRef<int64_t> shape = shaped(getRhsScale()).getShape();
    auto groupsOf = [&](int64_t rows) -> int64_t {
      return llvm::divideCeil(rows, int64_t(*group));
    };
    if (shape.size() != 2 || shape[1] != n || shape[0] < groupsOf(least) ||
        shape[0] > groupsOf(most))
      return emitOpError("column scales of groups are [groups, N]");
  } else if (getRhsScale() &&
             shaped(getRhsScale()).getShape() != ArrayRef<int64_t>{n}) {
    return emitOpError("column scales are [N]");
  }
  if (getLhsZero() &&
      (!isInteger() || !shaped(getLhsZero()).getElementType().isInteger(32)))
    return emitOpError("zero points are i32 and belong to codes");
  if (getTailRhs() && !getTailLhs())
    return emitOpError("tail_rows need a tail");
  if (getTailLhs() && !getTailRhs() && !(getColumns() && isInteger()))
    return emitOpError("a tail has its own rows, or meets columns of codes");
  if (Value sums = getRhsSums()) {
    SmallVector<int64_t> shape{panels * 32};
    if (getGroupSize())
      shape.insert(shape.begin(), shaped(getRhsScale()).getShape()[0]);
    if (!shaped(sums).getElementType().isInteger(32) ||
        shaped(sums).getShape() != ArrayRef<int64_t>(shape))
      return emitOpError("rhs_sums has one i32 for each column of the panels, "
                         "and each group");
  }
  return success();
}

LogicalResult MatmulOp::verify() {
  if (failed(verifyForm(*this, 0)))
    return failure();
  if (getInits().empty())
    return emitOpError("needs an init");
  int64_t n = shaped(getInits().front()).getShape().back();
  int64_t k = shaped(getLhs()).getShape().back();
  if (ShapedType::isDynamic(n) || ShapedType::isDynamic(k))
    return emitOpError("needs static K and N");
  if (failed(verifyOperands(k, n)))
    return failure();
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != 1 + getEpilogueInputs().size() ||
      !body.getArgument(0).getType().isF32())
    return emitOpError("the epilogue takes the f32 accumulator and one element "
                       "of each input");
  for (auto [argument, input] :
       llvm::zip(body.getArguments().drop_front(), getEpilogueInputs()))
    if (argument.getType() != shaped(input).getElementType())
      return emitOpError("epilogue argument types are the inputs' elements");
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getValues().size() != getInits().size())
    return emitOpError("the epilogue yields one value per init");
  for (auto [value, init] : llvm::zip(yield.getValues(), getInits()))
    if (value.getType() != shaped(init).getElementType())
      return emitOpError("yielded types are the elements of the inits");
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyForm(*this, 1)))
    return failure();
  if (getTokensFirst().size() != 4)
    return emitOpError("says of Q, K, V and the result whether tokens are "
                       "first");
  Value four[] = {getQuery(), getKey(), getValue(), getInit()};
  for (auto [i, operand] : llvm::enumerate(four)) {
    ShapedType type = shaped(operand);
    if (type.getRank() != 4 || !type.getElementType().isF32())
      return emitOpError("Q, K, V and the result are f32 of rank 4");
    if (ShapedType::isDynamic(type.getShape()[3]))
      return emitOpError("needs static head sizes");
  }
  if (shaped(getQuery()).getShape()[3] != shaped(getKey()).getShape()[3] ||
      shaped(getValue()).getShape()[3] != shaped(getInit()).getShape()[3])
    return emitOpError("Q and K have one head size, V and the result another");
  if (Value mask = getMask()) {
    Type element = shaped(mask).getElementType();
    if (shaped(mask).getRank() != 4 ||
        !(getFill() ? element.isInteger(8) : element.isF32()))
      return emitOpError("takes a mask of rank 4: f32, or i8 with a fill");
  } else if (getFill()) {
    return emitOpError("has a fill without a mask");
  }
  for (Value numbers : {getLengths(), getPast()})
    if (numbers && (shaped(numbers).getRank() != 1 ||
                    !shaped(numbers).getElementType().isInteger(64)))
      return emitOpError("lengths and past are i64 of rank 1");
  return success();
}
