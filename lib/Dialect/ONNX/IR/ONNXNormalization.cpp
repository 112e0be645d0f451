//===- ONNXNormalization.cpp - verifiers of softmax and norms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.cpp.inc"

void ONNXDialect::registerNormalizationOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.cpp.inc"
      >();
}

LogicalResult SoftmaxOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getInput()));
}

LogicalResult LogSoftmaxOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getInput()));
}

LogicalResult HardmaxOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getInput()));
}

LogicalResult LayerNormalizationOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getX()));
}

LogicalResult LpNormalizationOp::verify() {
  if (getP() != 1 && getP() != 2)
    return emitOpError("expected p to be 1 or 2, got ") << getP();
  return verifyAxis(*this, getAxis(), rankOf(getInput()));
}

LogicalResult RMSNormalizationOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getX()));
}
