//===- ONNXQuantization.cpp - ONNX's own quantization ops ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.cpp.inc"

void ONNXDialect::registerQuantizationOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.cpp.inc"
      >();
}
