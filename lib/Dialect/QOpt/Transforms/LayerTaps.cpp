//===- LayerTaps.cpp - the outputs of layers, shown for comparison --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Dialect/QOpt/Transforms/LayerTaps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_LAYERTAPSPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

static DenseFPElementsAttr outputScale(Operation *op) {
  return op->getAttrOfType<DenseFPElementsAttr>(outputScaleAttrName);
}

void qopt::noteOutputScale(Operation *op, ArrayRef<float> factors) {
  SmallVector<float> product(factors);
  if (DenseFPElementsAttr before = outputScale(op))
    for (auto [factor, old] :
         llvm::zip_equal(product, before.getValues<float>()))
      factor *= old;
  auto type = RankedTensorType::get({int64_t(product.size())},
                                    Float32Type::get(op->getContext()));
  op->setAttr(outputScaleAttrName,
              DenseElementsAttr::get(type, ArrayRef(product)));
}

SmallVector<std::pair<std::string, ContractionOpInterface>>
qopt::nameLayers(ModuleOp module) {
  SmallVector<std::pair<std::string, ContractionOpInterface>> layers;
  llvm::StringSet<> names;
  for (ContractionOpInterface op : collectContractions(module)) {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    // Inside of a branch or loop an output is shown any number of times.
    if (!type || type.getRank() == 0 || !type.getElementType().isF32() ||
        !isa<ModuleOp>(op->getParentOp()->getParentOp()))
      continue;
    std::string base = nodeName(op).str();
    if (base.empty())
      base = "contraction";
    std::string name = base;
    for (unsigned i = 2; !names.insert(name).second; ++i)
      name = base + "#" + std::to_string(i);
    layers.push_back({name, op});
  }
  return layers;
}

namespace {

class LayerTapsPass final
    : public qopt::impl::LayerTapsPassBase<LayerTapsPass> {
public:
  using LayerTapsPassBase::LayerTapsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(module.getContext());
    SmallVector<StringRef> names;
    auto layers = nameLayers(module);
    for (auto [number, layer] : llvm::enumerate(layers)) {
      Operation *op = layer.second;
      builder.setInsertionPointAfter(op);
      Value shown = undoScale(builder, op);
      ObserveOp::create(builder, op->getLoc(), shown,
                        builder.getI32IntegerAttr(number),
                        builder.getStringAttr(layer.first));
      names.push_back(layer.first);
    }
    module->setAttr(tapsAttrName, builder.getStrArrayAttr(names));
    numTaps += names.size();
  }

private:
  /// The result without the factors of smoothing.
  Value undoScale(OpBuilder &builder, Operation *op) {
    Value result = op->getResult(0);
    DenseFPElementsAttr scale = outputScale(op);
    if (!scale)
      return result;
    SmallVector<float> inverse;
    for (float factor : scale.getValues<float>())
      inverse.push_back(1 / factor);
    auto type = cast<RankedTensorType>(scale.getType());
    Value factors = onnx::ConstantOp::create(
        builder, op->getLoc(), type,
        DenseElementsAttr::get(type, ArrayRef(inverse)));
    return onnx::MulOp::create(builder, op->getLoc(), result.getType(), result,
                               factors);
  }
};

} // namespace
