//===- FoldConstants.cpp - ops on constants to constants -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One forward walk: when an op is reached, its operands are already as constant
// as they get. Data that nothing refers to any more is released at the end.
//===----------------------------------------------------------------------===//

#include "EraseDead.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "Evaluate.h"
#include "qopt/Dialect/ONNX/Analysis/ShapeAnalysis.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXFOLDCONSTANTSPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

// Weights that are transposed or converted on their way into a product: the op
// behind needs a constant, whatever it costs.
bool feedsProduct(Operation *op) {
  return isa<TransposeOp, CastOp, DequantizeLinearOp>(op) &&
         llvm::any_of(op->getUsers(), [](Operation *user) {
           return isa<MatMulOp, GemmOp, TransposeOp, CastOp, MatMulIntegerOp>(
               user);
         });
}

class ONNXFoldConstantsPass final
    : public impl::ONNXFoldConstantsPassBase<ONNXFoldConstantsPass> {
public:
  using ONNXFoldConstantsPassBase::ONNXFoldConstantsPassBase;

  void runOnOperation() override {
    totalBytes = 0;
    llvm::DenseSet<DialectResourceBlobManager::BlobEntry *> before;
    collectBlobs(before);
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      // Evaluation trusts the result types; this is where they are checked.
      if (!ShapeAnalysis(function).isValid())
        return signalPassFailure();
      Block &body = function.getBody().front();
      foldBlock(body);
      eraseDead(body);
      // A constant may have a more precise type than the op it stands for.
      function.setType(
          FunctionType::get(&getContext(), body.getArgumentTypes(),
                            body.getTerminator()->getOperandTypes()));
    }
    llvm::DenseSet<DialectResourceBlobManager::BlobEntry *> after;
    collectBlobs(after);
    for (DialectResourceBlobManager::BlobEntry *entry : before)
      if (!after.contains(entry))
        entry->setBlob(AsmResourceBlob());
  }

private:
  // Resources that constants refer to.
  void
  collectBlobs(llvm::DenseSet<DialectResourceBlobManager::BlobEntry *> &blobs) {
    getOperation().walk([&](Operation *op) {
      for (NamedAttribute attr : op->getAttrs())
        if (auto resource =
                dyn_cast<DenseResourceElementsAttr>(attr.getValue()))
          blobs.insert(resource.getRawHandle().getResource());
    });
  }

  void foldBlock(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          foldBlock(inner);
      fold(&op);
    }
  }

  void fold(Operation *op) {
    if (!isa<ONNXOpInterface>(op) || isa<ConstantOp, NoValueOp>(op) ||
        op->getNumOperands() == 0)
      return;
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp<ConstantOp>() &&
          !operand.getDefiningOp<NoValueOp>())
        return;
    // Tables and the like stay small until their rows are read.
    if (isa<DequantizeLinearOp>(op) && !feedsProduct(op))
      return;
    if (!withinBudget(op))
      return;

    // Reshapes of weights keep their blob.
    if (foldReshapeOfResource(op))
      return;
    SmallVector<std::optional<HostTensor>> tensors;
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      tensors.push_back(constant ? HostTensor::read(constant.getValue())
                                 : std::nullopt);
      if (constant && !tensors.back())
        return;
    }
    SmallVector<const HostTensor *> operands;
    for (std::optional<HostTensor> &tensor : tensors)
      operands.push_back(tensor ? &*tensor : nullptr);

    HostResults results;
    for (auto evaluate :
         {evaluateElementwise, evaluateMovement, evaluateIndexing,
          evaluateReduction, evaluateQuantization}) {
      results = evaluate(op, operands);
      if (!results.empty())
        break;
    }
    if (results.size() != op->getNumResults())
      return;
    OpBuilder builder(op);
    for (auto [result, tensor] : llvm::zip(op->getResults(), results)) {
      if (!tensor.isSplat())
        totalBytes += tensor.getNumElements() * tensor.getElementBytes();
      replace(builder, result, tensor.toAttr(resourceName(op)));
    }
    op->erase();
    ++numFolded;
  }

  static std::string resourceName(Operation *op) {
    auto named = dyn_cast<NameLoc>(op->getLoc());
    return named ? named.getName().str() : "folded";
  }

  static void replace(OpBuilder &builder, OpResult result, ElementsAttr value) {
    auto constant =
        ConstantOp::create(builder, result.getOwner()->getLoc(), value);
    result.replaceAllUsesWith(constant);
  }

  // A repeated value takes no memory, but walking over it takes time.
  bool hasLongOperand(Operation *op) {
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      return constant && constant.getValue().isSplat() &&
             constant.getValue().getNumElements() > maxResultBytes;
    });
  }

  bool withinBudget(Operation *op) {
    if (hasLongOperand(op))
      return tooLarge();
    int64_t bytes = 0;
    bool repeated = isa<ConstantOfShapeOp>(op);
    for (Type resultType : op->getResultTypes()) {
      auto type = dyn_cast<RankedTensorType>(resultType);
      // Sizes that depend on data are bounded by their operands.
      if (!type || !type.hasStaticShape() || repeated)
        continue;
      int64_t elements = 1;
      for (int64_t size : type.getShape())
        if (__builtin_mul_overflow(elements, size, &elements))
          return tooLarge();
      if (__builtin_mul_overflow(
              elements, (type.getElementTypeBitWidth() + 7) / 8, &elements) ||
          __builtin_add_overflow(bytes, elements, &bytes))
        return tooLarge();
    }
    if ((bytes > maxResultBytes && !feedsProduct(op)) ||
        bytes > maxTotalBytes - totalBytes)
      return tooLarge();
    return true;
  }

  bool tooLarge() {
    ++numTooLarge;
    return false;
  }

  bool foldReshapeOfResource(Operation *op) {
    if (!isa<IdentityOp, ReshapeOp, FlattenOp, SqueezeOp, UnsqueezeOp>(op))
      return false;
    auto source = op->getOperand(0).getDefiningOp<ConstantOp>();
    auto resource = dyn_cast<DenseResourceElementsAttr>(source.getValue());
    RankedTensorType type = staticResultType(op);
    if (!resource || !type ||
        type.getNumElements() != resource.getType().getNumElements())
      return false;
    OpBuilder builder(op);
    replace(builder, op->getResult(0),
            DenseResourceElementsAttr::get(type, resource.getRawHandle()));
    op->erase();
    ++numFolded;
    return true;
  }

  int64_t totalBytes = 0;
};

} // namespace
} // namespace mlir::onnx
