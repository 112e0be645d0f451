//===- ONNXLoss.cpp - verifiers of the losses ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXLoss.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXLoss.cpp.inc"

void ONNXDialect::registerLossOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXLoss.cpp.inc"
      >();
}

static LogicalResult verifyLoss(Operation *op, StringRef reduction, Value input,
                                Value target) {
  if (failed(verifyOneOf(op, "reduction", reduction, {"mean", "none", "sum"})))
    return failure();
  std::optional<int64_t> rank = rankOf(input), targetRank = rankOf(target);
  if (rank && *rank < 2)
    return op->emitOpError("expected an operand [N, C, ...], got rank ")
           << *rank;
  if (rank && targetRank && *targetRank != *rank - 1)
    return op->emitOpError("expected class numbers of rank ")
           << *rank - 1 << ", got rank " << *targetRank;
  return success();
}

LogicalResult NegativeLogLikelihoodLossOp::verify() {
  return verifyLoss(*this, getReduction(), getInput(), getTarget());
}

LogicalResult SoftmaxCrossEntropyLossOp::verify() {
  return verifyLoss(*this, getReduction(), getScores(), getLabels());
}
