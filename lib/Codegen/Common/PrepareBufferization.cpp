//===- PrepareBufferization.cpp - what must hold before buffers -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Joins and pads become writes of slices into one destination, which
// bufferization can do in place; large constants become weights; inputs belong
// to the caller and must not be written, but for caches.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_PREPAREBUFFERIZATIONPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Below this a constant may well be an LLVM global: vectors of per-channel
/// parameters, masks, tables of a few entries.
constexpr int64_t kLargeConstantBytes = 1024;

/// Operations in a row that work in one buffer, at most. Bufferization compares
/// each access to a buffer with each other one.
constexpr unsigned kMaxLinks = 16;

class PrepareBufferizationPass final
    : public impl::PrepareBufferizationPassBase<PrepareBufferizationPass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    tensor::populateDecomposeTensorConcatPatterns(set);
    linalg::populateDecomposePadPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (failed(applyPatternsGreedily(func, patterns)))
      return signalPassFailure();

    func.walk([&](arith::ConstantOp constant) {
      auto value = dyn_cast<ElementsAttr>(constant.getValue());
      auto type = dyn_cast<RankedTensorType>(constant.getType());
      if (!value || !type || !type.getElementType().isIntOrFloat() ||
          type.getElementTypeBitWidth() % 8 != 0)
        return;
      // A splat costs nothing as IR, and folds.
      if (auto dense = dyn_cast<DenseElementsAttr>(value))
        if (dense.isSplat())
          return;
      if (type.getNumElements() * type.getElementTypeBitWidth() / 8 <
          kLargeConstantBytes)
        return;
      OpBuilder builder(constant);
      auto weight = WeightOp::create(builder, constant.getLoc(), type, value,
                                     /*offset=*/IntegerAttr());
      constant.replaceAllUsesWith(weight.getResult());
      constant.erase();
    });

    separateDestinations(func);
    llvm::DenseMap<Value, unsigned> links;
    func.walk([&](linalg::LinalgOp op) { reuseOperand(op, links); });

    if (func.isPublic())
      protectInputs(func);
  }

  /// Each change of an attribute copies those of all arguments, of which there
  /// may be thousands: only where it matters.
  static void protectInputs(func::FuncOp func) {
    Builder builder(func.getContext());
    for (BlockArgument argument : func.getArguments()) {
      unsigned i = argument.getArgNumber();
      if (!argument.use_empty())
        func.setArgAttr(
            i, bufferization::BufferizationDialect::kWritableAttrName,
            builder.getBoolAttr(bool(func.getArgAttr(i, kCacheAttrName))));
    }
  }

  /// CSE has merged what different operations start from. One buffer for all of
  /// them would live through the whole model, and be copied at each use.
  static void separateDestinations(func::FuncOp func) {
    SmallVector<Operation *> sources;
    func.walk([&](Operation *op) {
      if (isa<linalg::FillOp, tensor::EmptyOp>(op) && op->getNumResults() == 1)
        sources.push_back(op);
    });
    // Fills first: their clones are further uses of what they fill.
    auto fills = llvm::make_filter_range(
        sources, [](Operation *op) { return isa<linalg::FillOp>(op); });
    auto empties = llvm::make_filter_range(
        sources, [](Operation *op) { return isa<tensor::EmptyOp>(op); });
    auto separate = [](Operation *source) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : source->getUses())
        uses.push_back(&use);
      if (uses.size() < 2)
        return;
      for (OpOperand *use : uses) {
        auto user = dyn_cast<DestinationStyleOpInterface>(use->getOwner());
        if (!user || !user.isDpsInit(use))
          continue;
        OpBuilder builder(user);
        use->set(builder.clone(*source)->getResult(0));
      }
      if (source->use_empty())
        source->erase();
    };
    for (Operation *fill : llvm::to_vector(fills))
      separate(fill);
    for (Operation *empty : llvm::to_vector(empties))
      separate(empty);
  }

  /// An elementwise operation may work in place on an operand of its own shape.
  /// Bufferization decides whether it can: if the operand is read later, it
  /// allocates as it would have done for an empty destination. A chain like
  /// softmax then stays in one buffer instead of one per operation.
  /// `links` counts how many have done so in a row.
  static void reuseOperand(linalg::LinalgOp op,
                           llvm::DenseMap<Value, unsigned> &links) {
    if (op.getNumReductionLoops() != 0 || op.getNumDpsInits() != 1)
      return;
    OpOperand *init = op.getDpsInitOperand(0);
    if (!init->get().getDefiningOp<tensor::EmptyOp>())
      return;
    AffineMap map = op.getMatchingIndexingMap(init);
    for (OpOperand *input : op.getDpsInputOperands()) {
      Operation *producer = input->get().getDefiningOp();
      if (isa_and_nonnull<DestinationStyleOpInterface>(producer) &&
          input->get().getType() == init->get().getType() &&
          op.getMatchingIndexingMap(input) == map && map.isPermutation()) {
        unsigned length = links.lookup(input->get()) + 1;
        if (length == kMaxLinks)
          return;
        links[op->getResult(0)] = length;
        init->set(input->get());
        return;
      }
    }
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::qopt
