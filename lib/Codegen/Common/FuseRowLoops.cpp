//===- FuseRowLoops.cpp - one loop over rows instead of several -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// qopt-lower-linalg-to-loops gives every operation on [.., D] a parallel loop
// over the same rows. Such loops can be joined when they meet only within a
// row: then iteration i of the second needs nothing but iteration i of the
// first. It is a test on indices, not on dependence distances: in both loops
// the row's own coordinates stand in the same places of every access to a
// buffer that either one writes.
//===----------------------------------------------------------------------===//

#include "HoistInputs.h"
#include "RowAccess.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_FUSEROWLOOPSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// How far back a partner is looked for; a bound of compile time.
constexpr int kWindow = 64;

/// Operations in one loop, at most: far more than a row of any real layer
/// takes, few enough for LLVM, whose time grows faster than a function's
/// length.
constexpr int64_t kMaxLength = 1024;

int64_t lengthOf(scf::ParallelOp loop) {
  int64_t length = 0;
  loop->walk([&](Operation *) { ++length; });
  return length;
}

/// Whether the operation may stand anywhere between its operands and its users.
bool canMove(Operation *op) {
  return isMemoryEffectFree(op) || isa<memref::AllocOp, OutputOp>(op);
}

/// Buffers that an operation outside of the loops may touch; false: unknown.
bool touchedBuffers(Operation *op, SmallVectorImpl<Value> &buffers) {
  if (canMove(op))
    return true;
  if (!isa<func::CallOp, ParallelCallOp, memref::LoadOp, memref::StoreOp,
           scf::ParallelOp, scf::ForOp, GuardOp>(op))
    return false;
  auto add = [&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (isa<MemRefType>(operand.getType()))
        buffers.push_back(getRootBuffer(operand));
  };
  bool known = true;
  op->walk([&](Operation *inner) {
    add(inner);
    if (isa<RequireOp, ObserveOp>(inner))
      known = false;
  });
  return known;
}

class Fuser {
public:
  /// Tries to move `second` into an earlier loop of its block.
  bool fuse(scf::ParallelOp second) {
    if (!isRowLoop(second))
      return false;
    RowAccesses later = collectRowAccesses(second);
    if (!later.known)
      return false;
    int64_t length = lengthOf(second);
    int steps = 0;
    for (Operation *op = second->getPrevNode(); op && steps < kWindow;
         op = op->getPrevNode()) {
      auto first = dyn_cast<scf::ParallelOp>(op);
      if (first && isRowLoop(first) && sameBounds(first, second)) {
        RowAccesses earlier = collectRowAccesses(first);
        if (earlier.known && compatible(earlier, later) &&
            length + lengthOf(first) <= kMaxLength &&
            hoistInputs(first, second, canMove)) {
          merge(first, second);
          return true;
        }
      }
      if (canMove(op))
        continue;
      ++steps;
      SmallVector<Value> buffers;
      if (!touchedBuffers(op, buffers))
        return false;
      // Reading what the other only reads would be harmless, but is rare.
      for (Value buffer : buffers)
        if (later.byRoot.contains(buffer) &&
            (later.writes(buffer) || isWrittenBy(op, buffer)))
          return false;
    }
    return false;
  }

private:
  static bool sameBounds(scf::ParallelOp a, scf::ParallelOp b) {
    Value boundA = a.getUpperBound()[0], boundB = b.getUpperBound()[0];
    if (boundA == boundB)
      return true;
    std::optional<int64_t> sizeA = getConstantIntValue(boundA),
                           sizeB = getConstantIntValue(boundB);
    return sizeA && sizeB && *sizeA == *sizeB;
  }

  /// Whether `op` may write `buffer`. Calls may write all that they are given,
  /// but for what nobody may write.
  static bool isWrittenBy(Operation *op, Value buffer) {
    if (isReadOnlyInput(buffer) ||
        isa_and_nonnull<WeightOp, memref::GetGlobalOp>(buffer.getDefiningOp()))
      return false;
    bool written = false;
    op->walk([&](Operation *inner) {
      if (auto store = dyn_cast<memref::StoreOp>(inner))
        written |= getRootBuffer(store.getMemRef()) == buffer;
      else if (auto store = dyn_cast<vector::StoreOp>(inner))
        written |= getRootBuffer(store.getBase()) == buffer;
      else if (auto store = dyn_cast<vector::MaskedStoreOp>(inner))
        written |= getRootBuffer(store.getBase()) == buffer;
      else if (isa<CallOpInterface, ParallelCallOp>(inner))
        written |= llvm::any_of(inner->getOperands(), [&](Value operand) {
          return isa<MemRefType>(operand.getType()) &&
                 getRootBuffer(operand) == buffer;
        });
    });
    return written;
  }

  /// An input of the model belongs to the caller, unless it is a cache.
  static bool isReadOnlyInput(Value buffer) {
    auto argument = dyn_cast<BlockArgument>(buffer);
    if (!argument)
      return false;
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    return !function ||
           !function.getArgAttr(argument.getArgNumber(), kCacheAttrName);
  }

  /// The loops share a buffer, and conflict within rows only.
  static bool compatible(const RowAccesses &earlier, const RowAccesses &later) {
    bool shared = false;
    for (const auto &[root, accesses] : later.byRoot) {
      auto found = earlier.byRoot.find(root);
      if (found == earlier.byRoot.end())
        continue;
      bool conflict = later.writes(root) || earlier.writes(root);
      for (const RowAccess &a : found->second)
        for (const RowAccess &b : accesses) {
          bool sameRow = meetOnlyInRow(a, b);
          if ((a.write || b.write) && !sameRow)
            return false;
          shared |= sameRow;
        }
      shared |= conflict;
    }
    return shared;
  }

  static void merge(scf::ParallelOp first, scf::ParallelOp second) {
    second.getInductionVars()[0].replaceAllUsesWith(
        first.getInductionVars()[0]);
    Block *target = first.getBody();
    second.getBody()->getTerminator()->erase();
    target->getOperations().splice(target->getTerminator()->getIterator(),
                                   second.getBody()->getOperations());
    // The profile names the nodes of both.
    first->setLoc(
        FusedLoc::get(first.getContext(), {first.getLoc(), second.getLoc()}));
    second.erase();
  }
};

class FuseRowLoopsPass final
    : public impl::FuseRowLoopsPassBase<FuseRowLoopsPass> {
  void runOnOperation() override {
    SmallVector<scf::ParallelOp> loops;
    getOperation().walk([&](scf::ParallelOp loop) {
      if (!loop->getParentOfType<scf::ParallelOp>())
        loops.push_back(loop);
    });
    for (scf::ParallelOp loop : loops)
      if (Fuser().fuse(loop))
        ++numFused;
  }
};

} // namespace
} // namespace mlir::qopt
