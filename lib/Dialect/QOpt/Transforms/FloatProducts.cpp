//===- FloatProducts.cpp - products that may round to bfloat16 ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles multiply bfloat16 some fifteen times as fast as vectors multiply f32.
// The mark is a permission: the lowering decides with the shapes at hand.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_FLOATPRODUCTSPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

/// Elements of K in a step of bfloat16 tiles.
static constexpr int64_t kStep = 32;

static bool canRound(Operation *op, Value weight) {
  // A storage type was asked for by name.
  if (!isa<onnx::MatMulOp, onnx::GemmOp>(op) || op->hasAttr(weightsAttrName))
    return false;
  auto contraction = cast<ContractionOpInterface>(op);
  if (contraction.getWeight() != weight ||
      contraction.getActivation() == weight ||
      contraction.getContractionBias() == weight)
    return false;
  auto type = cast<RankedTensorType>(weight.getType());
  return type.getRank() == 2 && type.getElementType().isF32() &&
         weightShape(contraction).first % kStep == 0;
}

namespace {

class FloatProductsPass final
    : public qopt::impl::FloatProductsPassBase<FloatProductsPass> {
public:
  using FloatProductsPassBase::FloatProductsPassBase;

private:
  void runOnOperation() override {
    if (type != "f32" && type != "bf16") {
      getOperation().emitError("products are f32 or bf16, not '")
          << type << "'";
      return signalPassFailure();
    }
    if (type == "f32")
      return;
    auto bf16 = TypeAttr::get(BFloat16Type::get(&getContext()));
    getOperation().walk([&](onnx::ConstantOp constant) {
      Value weight = constant.getResult();
      auto fits = [&](Operation *user) { return canRound(user, weight); };
      if (!isa<RankedTensorType>(weight.getType()) ||
          !llvm::all_of(weight.getUsers(), fits))
        return;
      for (Operation *user : weight.getUsers()) {
        user->setAttr(productsAttrName, bf16);
        ++numMarked;
      }
    });
  }
};

} // namespace
