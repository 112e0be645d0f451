//===- AttentionProducts.cpp - the type of an attention's products --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries x keys and probabilities x values have no weights: they are no layers
// of a plan, and one choice holds for all of them. It is a note on the op,
// which kernels for targets without such products do not read.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

using namespace mlir;

std::string qopt::describeAttention(ModuleOp module) {
  unsigned all = 0;
  StringRef type;
  module.walk([&](onnx::AttentionOp op) {
    ++all;
    if (auto own = op->getAttrOfType<StringAttr>(kAttentionProductsAttrName))
      type = own.getValue();
  });
  if (!all)
    return {};
  std::string text = std::to_string(all) + " attention" + (all > 1 ? "s" : "") +
                     ": products in ";
  if (type == "int8")
    return text + "int8 on VNNI, in bf16 on AMX, in f32 elsewhere";
  return text +
         (type.empty() ? "f32" : type.str() + " on AMX, in f32 elsewhere");
}

namespace mlir::qopt {
#define GEN_PASS_DEF_ATTENTIONPRODUCTSPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"

namespace {

class AttentionProductsPass final
    : public impl::AttentionProductsPassBase<AttentionProductsPass> {
public:
  using AttentionProductsPassBase::AttentionProductsPassBase;

  void runOnOperation() override {
    if (type != "float" && type != "bf16x2" && type != "bf16" &&
        type != "int8") {
      getOperation().emitError(
          "attention is float, bf16x2, bf16 or int8, not '")
          << type << "'";
      return signalPassFailure();
    }
    getOperation().walk([&](onnx::AttentionOp op) {
      op->removeAttr(kAttentionProductsAttrName);
      if (type == "float" || getElementTypeOrSelf(op.getQ()).isF64())
        return;
      op->setAttr(kAttentionProductsAttrName,
                  StringAttr::get(&getContext(), type));
      ++numAttention;
    });
  }
};

} // namespace
} // namespace mlir::qopt
