//===- ONNXMatMul.cpp - verifiers of matrix products ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.cpp.inc"

void ONNXDialect::registerMatMulOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.cpp.inc"
      >();
}

LogicalResult MatMulOp::verify() {
  for (Value operand : getOperands())
    if (rankOf(operand) == 0)
      return emitOpError("does not take scalars");
  if (getElementTypeOrSelf(getA().getType()) !=
      getElementTypeOrSelf(getB().getType()))
    return emitOpError("operands have different element types");
  return success();
}

LogicalResult GemmOp::verify() {
  for (Value operand : {getA(), getB()})
    if (std::optional<int64_t> rank = rankOf(operand); rank && *rank != 2)
      return emitOpError() << "expects matrices, an operand has rank " << *rank;
  if (std::optional<int64_t> rank = rankOf(getC()); rank && *rank > 2)
    return emitOpError() << "c has rank " << *rank << ", at most 2 is allowed";
  if (getElementTypeOrSelf(getA().getType()) !=
      getElementTypeOrSelf(getB().getType()))
    return emitOpError("operands have different element types");
  return success();
}

LogicalResult EinsumOp::verify() {
  StringRef left = getEquation().split("->").first;
  size_t terms = left.count(',') + 1;
  if (terms != getInputs().size())
    return emitOpError() << "equation \"" << getEquation() << "\" has " << terms
                         << " terms for " << getInputs().size() << " operands";
  return success();
}

LogicalResult DetOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getX().getType());
  if (!type)
    return success();
  if (type.getRank() < 2)
    return emitOpError("expected matrices, got rank ") << type.getRank();
  int64_t rows = type.getShape().end()[-2], columns = type.getShape().back();
  if (!ShapedType::isDynamic(rows) && !ShapedType::isDynamic(columns) &&
      rows != columns)
    return emitOpError("expected square matrices, got ")
           << rows << " x " << columns;
  return success();
}
