//===- ONNXScaleAbsorbers.cpp - onnx ops that take a factor per channel ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A factor on channel k of the result goes into constants that the operation
// has already: gain and bias of a norm, output columns and bias of a product, a
// constant factor. Constants are copied, never changed: others may read them.
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

using namespace mlir;
using namespace mlir::qopt;

/// Channels of the first result; -1 when they are not known.
static int64_t channelsOf(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1))
    return -1;
  return type.getShape().back();
}

/// Whether the operand is an f32 constant whose axis `axis` (from the end, 1
/// the last) has one element per channel. With `row`, all other axes have size
/// 1, and a single element counts too.
static bool isScalable(Value operand, int64_t channels, unsigned axis, bool row,
                       StringRef what, std::string &reason) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  ElementsAttr value;
  if (!type || !matchPattern(operand, m_Constant(&value)) ||
      !FloatData::get(value)) {
    reason = (what + " is not an f32 constant").str();
    return false;
  }
  int64_t count = type.getNumElements();
  bool fits = type.getRank() >= axis &&
              type.getShape()[type.getRank() - axis] == channels &&
              (!row || count == channels);
  if (!fits && !(row && count == 1)) {
    reason = (what + " is not one row of the result").str();
    return false;
  }
  return true;
}

/// A copy of the constant with its elements multiplied by the factor of their
/// channel. A single element becomes a row.
static Value scaled(OpBuilder &builder, Value operand, ArrayRef<float> factors,
                    bool channelsFirst = false) {
  ElementsAttr value;
  matchPattern(operand, m_Constant(&value));
  FloatData data = *FloatData::get(value);
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t channels = factors.size(), count = data.size();
  bool single = count == 1 && channels != 1;
  if (single) {
    count = channels;
    type = RankedTensorType::get({channels}, type.getElementType());
  }
  AsmResourceBlob blob = allocateBlob(count * sizeof(float));
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  int64_t width = type.getShape().back();
  for (int64_t i = 0; i < count; ++i)
    out[i] = data[single ? 0 : i] *
             factors[channelsFirst ? i / width : i % channels];
  Operation *constant = operand.getDefiningOp();
  return createConstant(builder, constant->getLoc(), type,
                        (constantName(constant) + ".scaled").str(),
                        std::move(blob));
}

namespace {

/// Norms: operand 1 is the gain, operand 2 (if the op has one) the bias.
template <typename Model, typename Norm>
struct NormAbsorber
    : public ScaleAbsorbingOpInterface::ExternalModel<Model, Norm> {
  bool canAbsorbScale(Operation *op, std::string &reason) const {
    int64_t channels = channelsOf(op);
    if (channels < 0) {
      reason = "the number of channels is not static";
      return false;
    }
    if (!isScalable(op->getOperand(1), channels, 1, true, "the gain", reason))
      return false;
    return !hasBias(op) ||
           isScalable(op->getOperand(2), channels, 1, true, "the bias", reason);
  }
  void absorbScale(Operation *op, OpBuilder &builder,
                   ArrayRef<float> factors) const {
    op->setOperand(1, scaled(builder, op->getOperand(1), factors));
    if (hasBias(op))
      op->setOperand(2, scaled(builder, op->getOperand(2), factors));
  }
  static bool hasBias(Operation *op) {
    return op->getNumOperands() > 2 &&
           !isa<NoneType>(op->getOperand(2).getType());
  }
};

struct LayerNormAbsorber
    : NormAbsorber<LayerNormAbsorber, onnx::LayerNormalizationOp> {};
struct RMSNormAbsorber
    : NormAbsorber<RMSNormAbsorber, onnx::RMSNormalizationOp> {};

/// Products: the columns of the weight, and the bias.
template <typename Model, typename Product>
struct ProductAbsorber
    : public ScaleAbsorbingOpInterface::ExternalModel<Model, Product> {
  bool canAbsorbScale(Operation *op, std::string &reason) const {
    auto contraction = cast<ContractionOpInterface>(op);
    auto type = dyn_cast<RankedTensorType>(contraction.getWeight().getType());
    int64_t channels = channelsOf(op);
    if (channels < 0 || !type || type.getRank() != 2) {
      reason = "the weight is not of rank 2";
      return false;
    }
    unsigned axis = contraction.isWeightTransposed() ? 2 : 1;
    if (!isScalable(contraction.getWeight(), channels, axis, false,
                    "the weight", reason))
      return false;
    Value bias = contraction.getContractionBias();
    return !bias || isScalable(bias, channels, 1, true, "the bias", reason);
  }
  void absorbScale(Operation *op, OpBuilder &builder,
                   ArrayRef<float> factors) const {
    auto contraction = cast<ContractionOpInterface>(op);
    op->setOperand(1, scaled(builder, contraction.getWeight(), factors,
                             contraction.isWeightTransposed()));
    if (Value bias = contraction.getContractionBias())
      op->setOperand(2, scaled(builder, bias, factors));
  }
};

struct MatMulAbsorber : ProductAbsorber<MatMulAbsorber, onnx::MatMulOp> {};
struct GemmAbsorber : ProductAbsorber<GemmAbsorber, onnx::GemmOp> {};

/// A product of elements with a constant factor.
struct MulAbsorber
    : public ScaleAbsorbingOpInterface::ExternalModel<MulAbsorber,
                                                      onnx::MulOp> {
  bool canAbsorbScale(Operation *op, std::string &reason) const {
    int64_t channels = channelsOf(op);
    if (channels < 0) {
      reason = "the number of channels is not static";
      return false;
    }
    unsigned index = constantIndex(op);
    // A factor that widens the result cannot become wider without changing it.
    if (channelsOfValue(op->getOperand(1 - index)) != channels) {
      reason = "the other factor does not have all channels";
      return false;
    }
    return isScalable(op->getOperand(index), channels, 1, true, "the factor",
                      reason);
  }
  void absorbScale(Operation *op, OpBuilder &builder,
                   ArrayRef<float> factors) const {
    unsigned index = constantIndex(op);
    op->setOperand(index, scaled(builder, op->getOperand(index), factors));
  }
  static unsigned constantIndex(Operation *op) {
    return matchPattern(op->getOperand(1), m_Constant()) ? 1 : 0;
  }
  static int64_t channelsOfValue(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getRank() ? type.getShape().back() : -1;
  }
};

} // namespace

void qopt::registerONNXScaleAbsorbers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::ONNXDialect *) {
    onnx::LayerNormalizationOp::attachInterface<LayerNormAbsorber>(*context);
    onnx::RMSNormalizationOp::attachInterface<RMSNormAbsorber>(*context);
    onnx::MatMulOp::attachInterface<MatMulAbsorber>(*context);
    onnx::GemmOp::attachInterface<GemmAbsorber>(*context);
    onnx::MulOp::attachInterface<MulAbsorber>(*context);
  });
}
