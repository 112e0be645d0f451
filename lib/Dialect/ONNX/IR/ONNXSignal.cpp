//===- ONNXSignal.cpp - Fourier transforms and windows ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXSignal.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXSignal.cpp.inc"

void ONNXDialect::registerSignalOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXSignal.cpp.inc"
      >();
}
