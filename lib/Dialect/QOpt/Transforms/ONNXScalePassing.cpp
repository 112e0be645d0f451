//===- ONNXScalePassing.cpp - onnx ops that factors pass through ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on elements that are linear for positive factors, and movements
// that leave the last axis as it is.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::qopt;

/// The last dimension if it is static, else -1.
static int64_t lastDim(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() && !type.isDynamicDim(type.getRank() - 1)
             ? type.getShape().back()
             : -1;
}

namespace {

/// Factors pass from the first `operands` operands, where these have all the
/// channels. Row-major order makes that right for a Reshape too: with an equal
/// last axis an element keeps its index there.
template <typename Op, unsigned operands = 1>
struct Passing
    : ScalePassingOpInterface::ExternalModel<Passing<Op, operands>, Op> {
  SmallVector<OpOperand *> getScalePassingOperands(Operation *op) const {
    SmallVector<OpOperand *> result;
    int64_t channels = lastDim(op->getResult(0));
    for (unsigned i = 0; i < operands; ++i)
      if (channels >= 0 && lastDim(op->getOperand(i)) == channels)
        result.push_back(&op->getOpOperand(i));
    return result;
  }
  bool readsOnlyShape(Operation *) const { return false; }
};

struct TransposePassing
    : ScalePassingOpInterface::ExternalModel<TransposePassing,
                                             onnx::TransposeOp> {
  SmallVector<OpOperand *> getScalePassingOperands(Operation *op) const {
    std::optional<ArrayRef<int64_t>> perm =
        cast<onnx::TransposeOp>(op).getPerm();
    // Without the attribute the axes are reversed.
    if (!perm || perm->empty() || perm->back() != int64_t(perm->size()) - 1)
      return {};
    return {&op->getOpOperand(0)};
  }
  bool readsOnlyShape(Operation *) const { return false; }
};

/// Shape and Size.
template <typename Op>
struct ShapeReader
    : ScalePassingOpInterface::ExternalModel<ShapeReader<Op>, Op> {
  SmallVector<OpOperand *> getScalePassingOperands(Operation *) const {
    return {};
  }
  bool readsOnlyShape(Operation *) const { return true; }
};

} // namespace

void qopt::registerONNXScalePassing(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::ONNXDialect *) {
    onnx::IdentityOp::attachInterface<Passing<onnx::IdentityOp>>(*context);
    onnx::ReluOp::attachInterface<Passing<onnx::ReluOp>>(*context);
    onnx::LeakyReluOp::attachInterface<Passing<onnx::LeakyReluOp>>(*context);
    onnx::MulOp::attachInterface<Passing<onnx::MulOp, 2>>(*context);
    onnx::DivOp::attachInterface<Passing<onnx::DivOp>>(*context);
    onnx::ReshapeOp::attachInterface<Passing<onnx::ReshapeOp>>(*context);
    onnx::SqueezeOp::attachInterface<Passing<onnx::SqueezeOp>>(*context);
    onnx::UnsqueezeOp::attachInterface<Passing<onnx::UnsqueezeOp>>(*context);
    onnx::ExpandOp::attachInterface<Passing<onnx::ExpandOp>>(*context);
    onnx::ShapeOp::attachInterface<ShapeReader<onnx::ShapeOp>>(*context);
    onnx::SizeOp::attachInterface<ShapeReader<onnx::SizeOp>>(*context);
    onnx::TransposeOp::attachInterface<TransposePassing>(*context);
  });
}
