//===- FuseEpilogue.cpp - elementwise consumers into qopt.matmul ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matched sequence: a qopt.matmul whose results are read by one
// linalg.generic only, which is elementwise over the same dims. What it
// computes (bias, activation function, residual) moves into the epilogue, where
// the sums are still in registers: one pass over memory less per generic.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_FUSEEPILOGUEPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// How an operand of the generic reaches the epilogue.
enum class Access { Product, Column, Whole, Scalar };

bool isF32(Value value) {
  return getElementTypeOrSelf(value.getType()).isF32();
}

/// Whether the body consists of operations with a vector form.
bool isElementwise(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &op) {
    return OpTrait::hasElementwiseMappableTraits(&op) ||
           op.hasTrait<OpTrait::ConstantLike>();
  });
}

std::optional<Access> accessOf(linalg::GenericOp generic, OpOperand *operand,
                               MatmulOp matmul) {
  Value value = operand->get();
  AffineMap map = generic.getMatchingIndexingMap(operand);
  int64_t rank = generic.getNumLoops();
  if (value.getDefiningOp() == matmul)
    return map.isIdentity() ? std::optional(Access::Product) : std::nullopt;
  if (!isF32(value))
    return std::nullopt;
  if (!isa<RankedTensorType>(value.getType()) || map.getNumResults() == 0)
    return Access::Scalar;
  if (map.isIdentity())
    return Access::Whole;
  if (map.getNumResults() == 1 && map.isProjectedPermutation() &&
      map.getDimPosition(0) == rank - 1)
    return Access::Column;
  return std::nullopt;
}

/// The one user of all results of a matmul, or null.
Operation *onlyUser(MatmulOp matmul) {
  Operation *user = nullptr;
  for (Operation *next : matmul->getUsers()) {
    if (user && next != user)
      return nullptr;
    user = next;
  }
  return user;
}

struct FuseEpilogue : OpRewritePattern<MatmulOp> {
  FuseEpilogue(MLIRContext *context, Pass::Statistic &fused)
      : OpRewritePattern(context), fused(fused) {}

  LogicalResult matchAndRewrite(MatmulOp matmul,
                                PatternRewriter &rewriter) const override {
    auto generic = dyn_cast_or_null<linalg::GenericOp>(onlyUser(matmul));
    if (!generic)
      return rewriter.notifyMatchFailure(matmul, "no single generic consumer");
    if (generic->getBlock() != matmul->getBlock() ||
        generic.getNumParallelLoops() != generic.getNumLoops() ||
        !isElementwise(*generic.getBody()))
      return rewriter.notifyMatchFailure(generic, "not elementwise");
    SmallVector<Access> accesses;
    for (OpOperand *input : generic.getDpsInputOperands()) {
      auto access = accessOf(generic, input, matmul);
      if (!access)
        return rewriter.notifyMatchFailure(generic, "an operand is not read by "
                                                    "element or column");
      accesses.push_back(*access);
    }
    for (OpOperand &init : generic.getDpsInitsMutable())
      if (!generic.getMatchingIndexingMap(&init).isIdentity() ||
          generic.payloadUsesValueFromOperand(&init) || !isF32(init.get()))
        return rewriter.notifyMatchFailure(generic, "a result is not "
                                                    "elementwise in f32");
    rewrite(matmul, generic, accesses, rewriter);
    ++fused;
    return success();
  }

private:
  void rewrite(MatmulOp matmul, linalg::GenericOp generic,
               ArrayRef<Access> accesses, PatternRewriter &rewriter) const {
    // At the place of the consumer, where all operands are there.
    rewriter.setInsertionPoint(generic);
    SmallVector<Value> inputs(matmul.getEpilogueInputs());
    DenseMap<unsigned, Value> outer;
    for (auto [i, access] : llvm::enumerate(accesses)) {
      Value operand = generic.getDpsInputs()[i];
      if (access == Access::Column || access == Access::Whole)
        inputs.push_back(operand);
      else if (access == Access::Scalar)
        outer[i] = isa<RankedTensorType>(operand.getType())
                       ? Value(tensor::ExtractOp::create(
                             rewriter, generic.getLoc(), operand, ValueRange()))
                       : operand;
    }
    auto fusedOp = cast<MatmulOp>(rewriter.clone(*matmul));
    rewriter.modifyOpInPlace(fusedOp, [&] {
      fusedOp.getEpilogueInputsMutable().assign(inputs);
      fusedOp.getInitsMutable().assign(generic.getDpsInits());
    });
    // Results follow the inits: an operation has as many as it was made with.
    OperationState state(
        rewriter.getFusedLoc({matmul.getLoc(), generic.getLoc()}),
        fusedOp->getName(), fusedOp->getOperands(), generic->getResultTypes(),
        fusedOp->getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = fusedOp->getPropertiesAsAttribute();
    state.addRegion()->takeBody(fusedOp.getEpilogue());
    auto result = cast<MatmulOp>(rewriter.create(state));
    rewriter.eraseOp(fusedOp);

    Block &block = result.getEpilogue().front();
    auto yield = cast<YieldOp>(block.getTerminator());
    IRMapping mapping;
    for (auto [i, access] : llvm::enumerate(accesses)) {
      BlockArgument argument = generic.getBody()->getArgument(i);
      if (access == Access::Product) {
        auto product = cast<OpResult>(generic.getDpsInputs()[i]);
        mapping.map(argument, yield.getValues()[product.getResultNumber()]);
      } else if (access == Access::Scalar) {
        mapping.map(argument, outer[i]);
      } else {
        mapping.map(argument,
                    block.addArgument(rewriter.getF32Type(), generic.getLoc()));
      }
    }
    rewriter.setInsertionPoint(yield);
    for (Operation &op : generic.getBody()->without_terminator())
      rewriter.clone(op, mapping);
    SmallVector<Value> yielded;
    for (Value value : generic.getBody()->getTerminator()->getOperands())
      yielded.push_back(mapping.lookupOrDefault(value));
    rewriter.replaceOpWithNewOp<YieldOp>(yield, yielded);
    rewriter.replaceOp(generic, result.getResults());
    rewriter.eraseOp(matmul);
  }

  Pass::Statistic &fused;
};

class FuseEpiloguePass final
    : public impl::FuseEpiloguePassBase<FuseEpiloguePass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    set.add<FuseEpilogue>(context, numFused);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyPatternsGreedily(getOperation(), patterns)))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::qopt
