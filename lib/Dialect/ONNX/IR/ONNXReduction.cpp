//===- ONNXReduction.cpp - verifiers of reductions and scans ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXReduction.cpp.inc"

void ONNXDialect::registerReductionOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXReduction.cpp.inc"
      >();
}

LogicalResult ArgMaxOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getData()));
}

LogicalResult ArgMinOp::verify() {
  return verifyAxis(*this, getAxis(), rankOf(getData()));
}
