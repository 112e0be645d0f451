//===- WeightData.cpp - the data of constant tensors ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are blobs from the file to the library; memory while compiling stays
// near the size of the model only if every pass frees what it replaces.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/WeightData.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OpDefinition.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

using namespace mlir;

namespace mlir::qopt {

std::optional<FloatData> FloatData::get(ElementsAttr value) {
  if (!value || !value.getElementType().isF32())
    return std::nullopt;
  FloatData result;
  result.count = value.getNumElements();
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    result.data = dense.getRawData().data();
    result.splat = dense.isSplat();
    return result;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() < result.count * sizeof(float))
      return std::nullopt;
    result.data = blob->getData().data();
    return result;
  }
  return std::nullopt;
}

StringRef constantName(Operation *constant) { return nodeName(constant); }

AsmResourceBlob allocateBlob(int64_t bytes) {
  // The alignment of a cache line, which packing and emission want anyway.
  return HeapAsmResourceBlob::allocate(bytes, /*align=*/64);
}

ElementsAttr makeElements(RankedTensorType type, StringRef name,
                          AsmResourceBlob blob) {
  constexpr size_t resourceBytes = 1024;
  if (blob.getData().size() < resourceBytes)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

Value createConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                     StringRef name, AsmResourceBlob blob) {
  return onnx::ConstantOp::create(builder, loc,
                                  makeElements(type, name, std::move(blob)));
}

static void
forEachBlob(Operation *op,
            llvm::function_ref<void(DenseResourceElementsHandle)> visit) {
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (auto value = dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
      visit(value.getRawHandle());
}

BlobUses::BlobUses(ModuleOp module) {
  module.walk([&](Operation *op) { add(op); });
}

void BlobUses::add(Operation *op) {
  forEachBlob(op, [&](DenseResourceElementsHandle handle) {
    ++uses[handle.getResource()];
  });
}

void BlobUses::eraseIfUnused(Operation *constant) {
  if (!constant || !constant->hasTrait<OpTrait::ConstantLike>() ||
      !constant->use_empty())
    return;
  forEachBlob(constant, [&](DenseResourceElementsHandle handle) {
    if (--uses[handle.getResource()] == 0)
      handle.getResource()->setBlob(AsmResourceBlob());
  });
  constant->erase();
}

} // namespace mlir::qopt
