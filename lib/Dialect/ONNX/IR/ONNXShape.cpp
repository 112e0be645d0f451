//===- ONNXShape.cpp - verifiers and folds of ops that move tensors ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXShape.cpp.inc"

void ONNXDialect::registerShapeOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXShape.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

LogicalResult ConstantOfShapeOp::verify() {
  std::optional<ElementsAttr> value = getValue();
  if (value && value->getNumElements() != 1)
    return emitOpError() << "value has " << value->getNumElements()
                         << " elements, expected one";
  return success();
}

LogicalResult FlattenOp::verify() {
  std::optional<int64_t> rank = rankOf(getInput());
  if (rank && getAxis() == *rank)
    return success();
  return verifyAxis(*this, getAxis(), rank);
}

LogicalResult TransposeOp::verify() {
  std::optional<ArrayRef<int64_t>> perm = getPerm();
  if (!perm)
    return success();
  std::optional<int64_t> rank = rankOf(getData());
  if (rank && static_cast<int64_t>(perm->size()) != *rank)
    return emitOpError() << "perm has " << perm->size()
                         << " entries, but the operand has rank " << *rank;
  llvm::SmallVector<bool> seen(perm->size(), false);
  for (int64_t dim : *perm) {
    if (dim < 0 || dim >= static_cast<int64_t>(perm->size()) || seen[dim])
      return emitOpError() << "perm [" << *perm << "] is not a permutation";
    seen[dim] = true;
  }
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs at least one operand");
  std::optional<int64_t> rank;
  for (Value input : getInputs()) {
    std::optional<int64_t> other = rankOf(input);
    if (rank && other && *rank != *other)
      return emitOpError() << "operands have ranks " << *rank << " and "
                           << *other;
    if (other)
      rank = other;
    if (getElementTypeOrSelf(input.getType()) !=
        getElementTypeOrSelf(getInputs().front().getType()))
      return emitOpError("operands have different element types");
  }
  return verifyAxis(*this, getAxis(), rank);
}

LogicalResult SplitOp::verify() {
  if (getOutputs().empty())
    return emitOpError("needs at least one result");
  if (getNumOutputs() &&
      *getNumOutputs() != static_cast<int64_t>(getOutputs().size()))
    return emitOpError() << "num_outputs is " << *getNumOutputs()
                         << ", but there are " << getOutputs().size()
                         << " results";
  return verifyAxis(*this, getAxis(), rankOf(getInput()));
}

LogicalResult PadOp::verify() {
  return verifyOneOf(*this, "mode", getMode(),
                     {"constant", "reflect", "edge", "wrap"});
}

static LogicalResult verifyBlockSize(Operation *op, int64_t size, Value input) {
  if (size <= 0)
    return op->emitOpError() << "blocksize " << size << " is not positive";
  std::optional<int64_t> rank = rankOf(input);
  if (rank && *rank != 4)
    return op->emitOpError() << "expects rank 4, the operand has " << *rank;
  return success();
}

LogicalResult DepthToSpaceOp::verify() {
  if (failed(verifyOneOf(*this, "mode", getMode(), {"DCR", "CRD"})))
    return failure();
  return verifyBlockSize(*this, getBlocksize(), getInput());
}

LogicalResult SpaceToDepthOp::verify() {
  return verifyBlockSize(*this, getBlocksize(), getInput());
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

SmallVector<int64_t> TransposeOp::getPermutation(int64_t rank) {
  if (std::optional<ArrayRef<int64_t>> perm = getPerm())
    return SmallVector<int64_t>(*perm);
  SmallVector<int64_t> reversed(rank);
  for (int64_t i = 0; i < rank; ++i)
    reversed[i] = rank - 1 - i;
  return reversed;
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  std::optional<int64_t> rank = rankOf(getData());
  if (!rank || getData().getType() != getType())
    return {};
  SmallVector<int64_t> perm = getPermutation(*rank);
  for (int64_t i = 0; i < *rank; ++i)
    if (perm[i] != i)
      return {};
  return getData();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (type && type.hasStaticShape() && getData().getType() == type)
    return getData();
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs().front().getType() == getType())
    return getInputs().front();
  return {};
}

//===----------------------------------------------------------------------===//
// Canonicalization
//===----------------------------------------------------------------------===//

namespace {

// Transpose(Transpose(x, p), q) -> Transpose(x, p[q]).
struct TransposeOfTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getData().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not a transpose");
    std::optional<int64_t> rank = rankOf(inner.getData());
    if (!rank)
      return rewriter.notifyMatchFailure(op, "rank is not known");
    SmallVector<int64_t> p = inner.getPermutation(*rank);
    SmallVector<int64_t> perm;
    for (int64_t q : op.getPermutation(*rank))
      perm.push_back(p[q]);
    rewriter.replaceOpWithNewOp<TransposeOp>(
        op, op.getType(), inner.getData(), rewriter.getDenseI64ArrayAttr(perm));
    return success();
  }
};

// Reshape(Reshape(x, a), b) -> Reshape(x, b), unless b copies dims of the inner
// one.
struct ReshapeOfReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getData().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is not a reshape");
    DenseIntElementsAttr shape;
    if (!matchPattern(op.getShape(), m_Constant(&shape)))
      return rewriter.notifyMatchFailure(op, "shape is not constant");
    for (const APInt &dim : shape)
      if (dim.isZero())
        return rewriter.notifyMatchFailure(op, "copies a dim of its operand");
    rewriter.modifyOpInPlace(
        op, [&] { op.getDataMutable().assign(inner.getData()); });
    return success();
  }
};

} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<TransposeOfTranspose>(context);
}

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *context) {
  results.add<ReshapeOfReshape>(context);
}
