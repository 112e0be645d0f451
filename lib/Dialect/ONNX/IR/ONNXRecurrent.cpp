//===- ONNXRecurrent.cpp - verifiers of recurrent layers ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.cpp.inc"

void ONNXDialect::registerRecurrentOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.cpp.inc"
      >();
}

// The weights say how many gates, directions and hidden values there are.
template <typename OpTy>
static LogicalResult verifyRecurrent(OpTy op, int64_t gates,
                                     unsigned functions) {
  if (failed(verifyOneOf(op, "direction", op.getDirection(),
                         {"forward", "reverse", "bidirectional"})))
    return failure();
  int64_t directions = op.getDirection() == "bidirectional" ? 2 : 1;
  if (op.getActivations() &&
      op.getActivations()->size() != functions * directions)
    return op.emitOpError("expected ")
           << functions * directions << " activations, got "
           << op.getActivations()->size();
  for (Value operand : {op.getX(), op.getW(), op.getR()})
    if (rankOf(operand).value_or(3) != 3)
      return op.emitOpError("expected x, w and r of rank 3");
  auto type = dyn_cast<RankedTensorType>(op.getR().getType());
  if (!type || !type.hasStaticShape())
    return success();
  int64_t hidden = type.getDimSize(2);
  if (op.getHiddenSize() && *op.getHiddenSize() != hidden)
    return op.emitOpError("hidden_size is ")
           << *op.getHiddenSize() << ", but r has " << hidden << " columns";
  if (type.getDimSize(0) != directions || type.getDimSize(1) != gates * hidden)
    return op.emitOpError("expected r to be [")
           << directions << ", " << gates * hidden << ", " << hidden
           << "], got " << type;
  return success();
}

LogicalResult RNNOp::verify() { return verifyRecurrent(*this, 1, 1); }
LogicalResult GRUOp::verify() { return verifyRecurrent(*this, 3, 2); }
LogicalResult LSTMOp::verify() { return verifyRecurrent(*this, 4, 3); }
