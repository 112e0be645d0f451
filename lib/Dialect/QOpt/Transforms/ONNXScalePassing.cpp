//===- ONNXScalePassing.cpp - onnx ops that factors pass through ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on elements that are linear for positive factors, and attention in
// its values. Movements are in ONNXScaleMovement.cpp.
//===----------------------------------------------------------------------===//

#include "ONNXScaleLayouts.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

using namespace mlir;
using namespace mlir::qopt;

static bool isConstant(Value value) {
  return matchPattern(value, m_Constant());
}

namespace {

/// Elementwise, from the first `operands` operands, where these are as wide as
/// the result on the axes that matter.
template <typename Op, unsigned operands = 1>
struct Elementwise : PassingModel<Elementwise<Op, operands>, Op> {
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    SmallVector<OpOperand *> result;
    for (unsigned i = 0; i < operands; ++i)
      if (!isConstant(op->getOperand(i)))
        result.push_back(&op->getOpOperand(i));
    return result;
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    return operand.getOperandNumber() < operands &&
           passAligned(layout, operand.get(), op->getResult(0), results);
  }
};

/// A sum with a constant, which has to be multiplied too.
struct AddPassing : PassingModel<AddPassing, onnx::AddOp> {
  /// The constant, or null.
  static OpOperand *addend(Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      ElementsAttr value;
      if (matchPattern(operand.get(), m_Constant(&value)) &&
          FloatData::get(value))
        return &operand;
    }
    return nullptr;
  }
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    if (OpOperand *constant = addend(op))
      return {&op->getOpOperand(1 - constant->getOperandNumber())};
    return {};
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    OpOperand *constant = addend(op);
    return constant && constant != &operand &&
           passAligned(layout, operand.get(), op->getResult(0), results);
  }
  void rescaleConstants(Operation *op, OpBuilder &builder,
                        const ScaleLayout &layout,
                        ArrayRef<float> values) const {
    OpOperand *constant = addend(op);
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    constant->set(scaleConstant(builder, constant->get(), result.getRank(),
                                layout, values));
  }
};

/// The second operand of a product of two activations, whose rows are summed:
/// attention as exporters write it.
struct MatMulPassing : PassingModel<MatMulPassing, onnx::MatMulOp> {
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    if (isConstant(op->getOperand(1)))
      return {};
    return {&op->getOpOperand(1)};
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (operand.getOperandNumber() != 1 || !type || type.getRank() < 2 ||
        llvm::is_contained(layout.axes, type.getRank() - 2))
      return false;
    return passAligned(layout, operand.get(), op->getResult(0), results);
  }
};

/// Attention is a weighted sum of rows of `v`. With grouped queries a head of
/// `v` is found in several heads of the result.
struct AttentionPassing : PassingModel<AttentionPassing, onnx::AttentionOp> {
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    return {&op->getOpOperand(2)};
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    auto attention = cast<onnx::AttentionOp>(op);
    auto v = dyn_cast<RankedTensorType>(operand.get().getType());
    auto y = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    // Rows of a past are not scaled.
    if (operand.getOperandNumber() != 2 || !v || !y ||
        v.getRank() != y.getRank() ||
        !isa<NoneType>(attention.getPastValue().getType()))
      return false;
    bool flat = v.getRank() == 3;
    int64_t heads =
        flat ? attention.getKvNumHeads().value_or(0) : v.getDimSize(1);
    int64_t queryHeads =
        flat ? attention.getQNumHeads().value_or(0) : y.getDimSize(1);
    int64_t width = v.getShape().back();
    if (heads <= 0 || queryHeads <= 0 || width <= 0 || queryHeads % heads ||
        (flat && width % heads))
      return false;
    int64_t size = flat ? width / heads : width;
    SmallVector<int64_t> allowed{1, 3};
    if (flat)
      allowed = {2};
    for (int64_t axis : layout.axes)
      if (!llvm::is_contained(allowed, axis))
        return false;
    // The factor of (head of v, element of the head).
    auto factorOf = [&](int64_t head, int64_t element) {
      SmallVector<int64_t> index(v.getRank());
      index.back() = flat ? head * size + element : element;
      if (!flat)
        index[1] = head;
      return factorAt(layout, index);
    };
    int64_t repeats = queryHeads / heads;
    if (flat)
      results.push_back(
          {op->getResult(0),
           makeLayout({2}, {queryHeads * size}, [&](ArrayRef<int64_t> index) {
             return factorOf(index[0] / size / repeats, index[0] % size);
           })});
    else
      results.push_back(
          {op->getResult(0),
           makeLayout({1, 3}, {queryHeads, size}, [&](ArrayRef<int64_t> index) {
             return factorOf(index[0] / repeats, index[1]);
           })});
    // Always of rank 4.
    results.push_back(
        {op->getResult(2),
         makeLayout({1, 3}, {heads, size}, [&](ArrayRef<int64_t> index) {
           return factorOf(index[0], index[1]);
         })});
    return true;
  }
};

/// Shape and Size.
template <typename Op> struct ShapeReader : PassingModel<ShapeReader<Op>, Op> {
  SmallVector<OpOperand *> getScaleSources(Operation *) const { return {}; }
  bool passScales(Operation *, OpOperand &, const ScaleLayout &,
                  ScaledResults &) const {
    return false;
  }
  bool readsOnlyShape(Operation *) const { return true; }
};

} // namespace

void qopt::registerONNXScalePassing(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::ONNXDialect *) {
    onnx::ReluOp::attachInterface<Elementwise<onnx::ReluOp>>(*context);
    onnx::LeakyReluOp::attachInterface<Elementwise<onnx::LeakyReluOp>>(
        *context);
    onnx::MulOp::attachInterface<Elementwise<onnx::MulOp, 2>>(*context);
    onnx::DivOp::attachInterface<Elementwise<onnx::DivOp>>(*context);
    onnx::AddOp::attachInterface<AddPassing>(*context);
    onnx::MatMulOp::attachInterface<MatMulPassing>(*context);
    onnx::AttentionOp::attachInterface<AttentionPassing>(*context);
    onnx::ShapeOp::attachInterface<ShapeReader<onnx::ShapeOp>>(*context);
    onnx::SizeOp::attachInterface<ShapeReader<onnx::SizeOp>>(*context);
    attachONNXScaleMovement(context);
  });
}
