//===- FloatWeights.cpp - large float constants in half precision ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is not quantized (embeddings, the last projection) is computed in float
// but need not be stored so: half its bytes are gone for an error far below
// that of the 8-bit layers. A Cast follows where the data is read: kernels load
// halves and convert in registers.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"
#include "qopt/Support/Half.h"

#include <cmath>

namespace mlir::qopt {
#define GEN_PASS_DEF_FLOATWEIGHTSPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

/// Half of a smaller constant is nothing against the code of a library, while
/// its rounding moves codes of every quantized layer behind it: the perplexity
/// of a model with a table of 128 KiB moved by 0.5 %.
static constexpr int64_t leastElements = 65536;

static bool isGatherData(OpOperand &use) {
  return isa<onnx::GatherOp>(use.getOwner()) && use.getOperandNumber() == 0;
}

static bool isContractionWeight(OpOperand &use) {
  auto op = dyn_cast<ContractionOpInterface>(use.getOwner());
  // Convolutions take their weight as it is.
  return op && !op->getName().stripDialect().starts_with("Conv") &&
         op.getWeight() == use.get() && op.getActivation() != use.get() &&
         op.getContractionBias() != use.get() && !op->hasAttr(productsAttrName);
}

bool qopt::isStoredAsHalf(Operation *op, bool half) {
  auto constant = dyn_cast<onnx::ConstantOp>(op);
  if (!constant || constant->use_empty())
    return false;
  auto type = cast<RankedTensorType>(constant.getType());
  if (!type.getElementType().isF32() || type.getNumElements() < leastElements)
    return false;
  return llvm::all_of(constant->getUses(), [&](OpOperand &use) {
    if (isGatherData(use))
      return half;
    if (!isContractionWeight(use))
      return false;
    auto storage = use.getOwner()->getAttrOfType<TypeAttr>(weightsAttrName);
    return storage ? storage.getValue().isF16() : half;
  });
}

namespace {

class FloatWeightsPass final
    : public qopt::impl::FloatWeightsPassBase<FloatWeightsPass> {
public:
  using FloatWeightsPassBase::FloatWeightsPassBase;
  void runOnOperation() override;

private:
  void narrow(onnx::ConstantOp constant, const FloatData &data,
              BlobUses &blobs);
};

} // namespace

void FloatWeightsPass::narrow(onnx::ConstantOp constant, const FloatData &data,
                              BlobUses &blobs) {
  OpBuilder builder(constant);
  Type half = builder.getF16Type();
  AsmResourceBlob blob = allocateBlob(data.size() * sizeof(uint16_t));
  auto *out = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
  for (int64_t i = 0, e = data.size(); i < e; ++i)
    out[i] = floatToHalf(data[i]);
  StringRef name = constantName(constant);
  Location loc = constant->getLoc();
  auto type = cast<RankedTensorType>(constant.getType());
  Value stored = createConstant(
      builder, loc, cast<RankedTensorType>(type.clone(half)),
      ((name.empty() ? "weight" : name) + ".f16").str(), std::move(blob));

  auto castBack = [&](Location where, Value value, Type wanted) {
    return onnx::CastOp::create(builder, where, wanted, value,
                                TypeAttr::get(builder.getF32Type()));
  };
  Value whole;
  for (OpOperand &use : llvm::make_early_inc_range(constant->getUses())) {
    auto gather = dyn_cast<onnx::GatherOp>(use.getOwner());
    if (!gather) {
      if (!whole) {
        builder.setInsertionPointAfterValue(stored);
        whole = castBack(loc, stored, type);
      }
      use.set(whole);
      continue;
    }
    // Rows first, then the conversion of just these.
    use.set(stored);
    Type wanted = gather.getType();
    gather->getResult(0).setType(
        isa<RankedTensorType>(wanted)
            ? Type(cast<RankedTensorType>(wanted).clone(half))
            : Type(UnrankedTensorType::get(half)));
    builder.setInsertionPointAfter(gather);
    Value widened = castBack(gather.getLoc(), gather->getResult(0), wanted);
    gather->getResult(0).replaceAllUsesExcept(widened, widened.getDefiningOp());
  }
  blobs.eraseIfUnused(constant);
  ++numNarrowed;
}

void FloatWeightsPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (type != "f16" && type != "f32") {
    emitError(module.getLoc(), "qopt-float-weights: type is f16 or f32, not '")
        << type << "'";
    return signalPassFailure();
  }
  BlobUses blobs(module);
  SmallVector<onnx::ConstantOp> constants;
  module.walk(
      [&](onnx::ConstantOp constant) { constants.push_back(constant); });
  int64_t overflowing = 0;
  for (onnx::ConstantOp constant : constants) {
    if (!isStoredAsHalf(constant, type == "f16"))
      continue;
    std::optional<FloatData> data = FloatData::get(constant.getValue());
    if (!data)
      continue;
    bool fits = true;
    for (int64_t i = 0, e = data->size(); i < e && fits; ++i)
      fits = !(std::isfinite((*data)[i]) && std::fabs((*data)[i]) > halfMax);
    if (fits)
      narrow(constant, *data, blobs);
    else
      ++overflowing;
  }
  numOverflowing += overflowing;
  if (overflowing)
    emitRemark(module.getLoc())
        << overflowing << " constants hold values above 65504 and stay f32";
}
