//===- ONNXChannelNormalization.cpp - normalizations per channel ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.cpp.inc"

void ONNXDialect::registerChannelNormalizationOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.cpp.inc"
      >();
}
