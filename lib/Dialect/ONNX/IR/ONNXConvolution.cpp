//===- ONNXConvolution.cpp - verifiers of convolutions ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.cpp.inc"

void ONNXDialect::registerConvolutionOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.cpp.inc"
      >();
}

template <typename OpTy> static LogicalResult verifyConvolution(OpTy op) {
  std::optional<int64_t> x = rankOf(op.getX()), w = rankOf(op.getW());
  for (std::optional<int64_t> rank : {x, w})
    if (rank && *rank < 3)
      return op.emitOpError()
             << "expects at least one spatial dim, an operand has rank "
             << *rank;
  if (x && w && *x != *w)
    return op.emitOpError() << "x has rank " << *x << ", but w has rank " << *w;
  if (op.getGroup() < 1)
    return op.emitOpError() << "group is " << op.getGroup();
  return verifyWindow(op, x ? x : w);
}

LogicalResult ConvOp::verify() { return verifyConvolution(*this); }
LogicalResult ConvTransposeOp::verify() { return verifyConvolution(*this); }
LogicalResult ConvIntegerOp::verify() { return verifyConvolution(*this); }
LogicalResult QLinearConvOp::verify() { return verifyConvolution(*this); }

LogicalResult DeformConvOp::verify() {
  if (std::optional<int64_t> rank = rankOf(getX()); rank && *rank != 4)
    return emitOpError() << "expects two spatial dims, x has rank " << *rank;
  if (getOffsetGroup() < 1)
    return emitOpError() << "offset_group is " << getOffsetGroup();
  return verifyConvolution(*this);
}
