//===- ONNXIndexing.cpp - verifiers of gather, scatter and selection ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.cpp.inc"

void ONNXDialect::registerIndexingOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.cpp.inc"
      >();
}

static LogicalResult verifyReduction(Operation *op, StringRef reduction) {
  return verifyOneOf(op, "reduction", reduction,
                     {"none", "add", "mul", "max", "min"});
}

LogicalResult GatherOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getData()));
}

// GatherElements and ScatterElements index each element on its own.
static LogicalResult verifyElementwiseIndices(Operation *op, Value data,
                                              Value indices, int64_t axis) {
  std::optional<int64_t> rank = rankOf(data), indexRank = rankOf(indices);
  if (rank && indexRank && *rank != *indexRank)
    return op->emitOpError() << "data has rank " << *rank
                             << ", but indices have rank " << *indexRank;
  return verifyAxis(op, axis, rank);
}

LogicalResult GatherElementsOp::verify() {
  return verifyElementwiseIndices(*this, getData(), getIndices(), getAxis());
}

LogicalResult ScatterElementsOp::verify() {
  if (failed(verifyReduction(*this, getReduction())))
    return failure();
  return verifyElementwiseIndices(*this, getData(), getIndices(), getAxis());
}

// The tuples in the last dim of `indices` must fit the rank of `data`.
static LogicalResult verifyTuples(Operation *op, Value data, Value indices,
                                  int64_t batchDims) {
  auto type = dyn_cast<RankedTensorType>(indices.getType());
  std::optional<int64_t> rank = rankOf(data);
  if (!type)
    return success();
  if (type.getRank() == 0)
    return op->emitOpError("indices must have rank 1 or more");
  if (batchDims < 0 || batchDims >= type.getRank())
    return op->emitOpError() << "batch_dims " << batchDims << " is outside [0, "
                             << type.getRank() << ")";
  int64_t length = type.getShape().back();
  if (rank && !ShapedType::isDynamic(length) && length > *rank - batchDims)
    return op->emitOpError() << "index tuples of length " << length
                             << " do not fit data of rank " << *rank;
  return success();
}

LogicalResult GatherNDOp::verify() {
  return verifyTuples(*this, getData(), getIndices(), getBatchDims());
}

LogicalResult ScatterNDOp::verify() {
  if (failed(verifyReduction(*this, getReduction())))
    return failure();
  return verifyTuples(*this, getData(), getIndices(), 0);
}

LogicalResult TopKOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getX()));
}
