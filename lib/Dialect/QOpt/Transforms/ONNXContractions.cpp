//===- ONNXContractions.cpp - onnx ops as contractions --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// External models: the onnx dialect does not depend on qopt, and the passes do
// not depend on the names of its operations.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

using namespace mlir;

namespace {

/// What is the same for all of them.
template <typename Model, typename Op>
struct ONNXContraction
    : public qopt::ContractionOpInterface::ExternalModel<Model, Op> {
  Value addBias(Operation *op, OpBuilder &builder, Value product) const {
    auto contraction = cast<qopt::ContractionOpInterface>(op);
    Value bias = contraction.getContractionBias();
    Location loc = op->getLoc();
    if (double factor = contraction.getBiasFactor(); factor != 1) {
      auto scalar = RankedTensorType::get({}, builder.getF32Type());
      Value constant = onnx::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(scalar, float(factor)));
      bias = onnx::MulOp::create(builder, loc, bias.getType(), bias, constant);
    }
    return onnx::AddOp::create(builder, loc, product.getType(), product, bias);
  }
  Value buildConstant(Operation *, OpBuilder &builder, Location loc,
                      ElementsAttr value) const {
    return onnx::ConstantOp::create(builder, loc, value);
  }
};

struct MatMulContraction
    : public ONNXContraction<MatMulContraction, onnx::MatMulOp> {
  Value getActivation(Operation *op) const {
    return cast<onnx::MatMulOp>(op).getA();
  }
  Value getWeight(Operation *op) const {
    return cast<onnx::MatMulOp>(op).getB();
  }
  bool isWeightTransposed(Operation *) const { return false; }
  bool isActivationTransposed(Operation *) const { return false; }
  Value getContractionBias(Operation *) const { return {}; }
  double getProductFactor(Operation *) const { return 1; }
  double getBiasFactor(Operation *) const { return 1; }
};

struct GemmContraction : public ONNXContraction<GemmContraction, onnx::GemmOp> {
  Value getActivation(Operation *op) const {
    return cast<onnx::GemmOp>(op).getA();
  }
  Value getWeight(Operation *op) const { return cast<onnx::GemmOp>(op).getB(); }
  bool isWeightTransposed(Operation *op) const {
    return cast<onnx::GemmOp>(op).getTransB() != 0;
  }
  bool isActivationTransposed(Operation *op) const {
    return cast<onnx::GemmOp>(op).getTransA() != 0;
  }
  Value getContractionBias(Operation *op) const {
    Value bias = cast<onnx::GemmOp>(op).getC();
    return isa<NoneType>(bias.getType()) ? Value() : bias;
  }
  double getProductFactor(Operation *op) const {
    return cast<onnx::GemmOp>(op).getAlpha().convertToFloat();
  }
  double getBiasFactor(Operation *op) const {
    return cast<onnx::GemmOp>(op).getBeta().convertToFloat();
  }
};

/// Convolutions are listed by the plan, and stay in float.
template <typename ConvOp>
struct ConvContraction
    : public ONNXContraction<ConvContraction<ConvOp>, ConvOp> {
  std::string whyIrregular(Operation *) const { return "convolution"; }
  Value getActivation(Operation *op) const { return cast<ConvOp>(op).getX(); }
  Value getWeight(Operation *op) const { return cast<ConvOp>(op).getW(); }
  bool isWeightTransposed(Operation *) const { return false; }
  bool isActivationTransposed(Operation *) const { return false; }
  Value getContractionBias(Operation *op) const {
    Value bias = cast<ConvOp>(op).getB();
    return isa<NoneType>(bias.getType()) ? Value() : bias;
  }
  double getProductFactor(Operation *) const { return 1; }
  double getBiasFactor(Operation *) const { return 1; }
};

} // namespace

void qopt::registerONNXContractions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::ONNXDialect *) {
    onnx::MatMulOp::attachInterface<MatMulContraction>(*context);
    onnx::GemmOp::attachInterface<GemmContraction>(*context);
    onnx::ConvOp::attachInterface<ConvContraction<onnx::ConvOp>>(*context);
    onnx::ConvTransposeOp::attachInterface<
        ConvContraction<onnx::ConvTransposeOp>>(*context);
  });
}
