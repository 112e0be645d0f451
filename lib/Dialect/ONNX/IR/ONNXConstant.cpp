//===- ONNXConstant.cpp - constants and the absent operand ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXConstant.cpp.inc"

void ONNXDialect::registerConstantOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXConstant.cpp.inc"
      >();
}

LogicalResult ConstantOp::verify() {
  if (getValue().getShapedType() != getType())
    return emitOpError() << "has a value of type " << getValue().getShapedType()
                         << ", but its result is " << getType();
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult NoValueOp::fold(FoldAdaptor) {
  return UnitAttr::get(getContext());
}

OpFoldResult IdentityOp::fold(FoldAdaptor) {
  // A result type that knows more than the operand's must not be lost.
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}
