//===- FuseTensorOps.cpp - elementwise fusion without repeated work -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's patterns with a cost rule of our own. Fusing `1 / sum` (one value
// per row) into a scaling of the row would divide once per element, so a
// producer that its consumer broadcasts is fused only when its body is cheap.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_FUSETENSOROPSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Scalar operations in one body, at most. Real models stay far below it; in a
/// chain of thousands each step of fusion would copy all that it has so far,
/// and the vectorizer's time grows faster than the loop it is given.
constexpr size_t kMaxBody = 128;

/// Whether one evaluation of the body costs about as much as a load.
bool isCheap(linalg::LinalgOp op) {
  for (Operation &inner : *op.getBlock()) {
    if (isa<math::MathDialect>(inner.getDialect()) &&
        !isa<math::AbsFOp, math::AbsIOp>(inner))
      return false;
    if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
            arith::RemUIOp, arith::RemFOp, tensor::ExtractOp>(inner))
      return false;
  }
  return true;
}

/// Whether the operation only moves values (a transpose, a broadcast).
bool onlyMoves(linalg::LinalgOp op) {
  return llvm::hasSingleElement(*op.getBlock());
}

/// A mere change of layout.
bool isCopy(linalg::LinalgOp op) {
  return op.getBlock()->getOperations().size() == 1;
}

bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !consumer || !producer->hasOneUse())
    return false;
  // Not into a loop of the graph, which would repeat it.
  if (producer->getBlock() != consumer->getBlock())
    return false;
  // The kernels read the operands of a product in any order, but a product
  // whose body computes more than a * b + c is none to them.
  if (linalg::isaContractionOpInterface(consumer) && !onlyMoves(producer))
    return false;
  // A product reads each element many times, and its kernel knows strides, not
  // arithmetic on its operands.
  if (linalg::isaContractionOpInterface(consumer))
    return isCopy(producer);
  // A chain of many inputs keeps fewer streams than the hardware prefetches.
  if (producer->getNumOperands() + consumer->getNumOperands() > 14)
    return false;
  if (producer.getBlock()->getOperations().size() +
          consumer.getBlock()->getOperations().size() >
      kMaxBody)
    return false;
  return consumer.getMatchingIndexingMap(operand).isPermutation() ||
         isCheap(producer);
}

class FuseTensorOpsPass final
    : public impl::FuseTensorOpsPassBase<FuseTensorOpsPass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    linalg::populateElementwiseOpsFusionPatterns(set, shouldFuse);
    linalg::GenericOp::getCanonicalizationPatterns(set, context);
    tensor::DimOp::getCanonicalizationPatterns(set, context);
    tensor::EmptyOp::getCanonicalizationPatterns(set, context);
    tensor::CastOp::getCanonicalizationPatterns(set, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(set, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(set, context);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(set);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyPatternsGreedily(
            getOperation(), patterns,
            GreedyRewriteConfig().setUseTopDownTraversal())))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::qopt
