//===- FuseInnerLoops.cpp - fewer passes over one row ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// After qopt-fuse-row-loops a row is walked by one short loop per operation.
// Where one loop needs only the element that another has just written (a sum of
// the exponentials that the loop before stores), the two become one: the
// element stays in its register, and the vectorizer's preamble is paid once.
//===----------------------------------------------------------------------===//

#include "HoistInputs.h"
#include "RowAccess.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_FUSEINNERLOOPSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// A load or store: of what, where, and whether it writes.
struct ElementAccess {
  Value memref;
  ValueRange indices;
  bool write = false;
};

std::optional<ElementAccess> accessOf(Operation *op) {
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return ElementAccess{load.getMemRef(), load.getIndices(), false};
  if (auto store = dyn_cast<memref::StoreOp>(op))
    return ElementAccess{store.getMemRef(), store.getIndices(), true};
  return std::nullopt;
}

/// Only scalar code, loads and stores; false for anything else.
bool collectAccesses(Block &block, SmallVectorImpl<ElementAccess> &accesses) {
  for (Operation &op : block.without_terminator()) {
    if (std::optional<ElementAccess> access = accessOf(&op))
      accesses.push_back(*access);
    else if (op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return false;
  }
  return true;
}

bool mayOverlap(const ElementAccess &a, const ElementAccess &b) {
  return (a.write || b.write) &&
         getRootBuffer(a.memref) == getRootBuffer(b.memref);
}

/// Whether iteration i of one loop and j of the other touch the same element
/// only for i = j.
bool sameElement(const ElementAccess &a, scf::ForOp first,
                 const ElementAccess &b, scf::ForOp second) {
  if (a.memref != b.memref)
    return false;
  bool moves = false;
  for (auto [x, y] : llvm::zip(a.indices, b.indices)) {
    bool own = x == first.getInductionVar();
    if (own != (y == second.getInductionVar()) || (!own && x != y))
      return false;
    moves |= own;
  }
  return moves;
}

class FuseInnerLoopsPass final
    : public impl::FuseInnerLoopsPassBase<FuseInnerLoopsPass> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->getParentOfType<scf::ParallelOp>())
        loops.push_back(loop);
    });
    // A loop takes in the one before it and may then be taken in itself.
    llvm::DenseSet<Operation *> gone;
    for (size_t i = 0; i < loops.size(); ++i) {
      scf::ForOp loop = loops[i];
      if (gone.contains(loop))
        continue;
      if (scf::ForOp partner = findPartner(loop)) {
        loops.push_back(merge(partner, loop));
        // The new loop may have come to stand where an old one was.
        gone.insert(partner);
        gone.insert(loop);
        gone.erase(loops.back());
        ++numFused;
      }
    }
  }

  /// The loop in front of `second` with which it can be one, or null. What
  /// `second` is computed from is moved in front of that.
  static scf::ForOp findPartner(scf::ForOp second) {
    SmallVector<ElementAccess> later;
    if (!collectAccesses(*second.getBody(), later))
      return {};
    for (Operation *op = second->getPrevNode(); op; op = op->getPrevNode()) {
      if (auto first = dyn_cast<scf::ForOp>(op)) {
        SmallVector<ElementAccess> earlier;
        if (first.getLowerBound() != second.getLowerBound() ||
            first.getUpperBound() != second.getUpperBound() ||
            first.getStep() != second.getStep() ||
            !collectAccesses(*first.getBody(), earlier))
          return {};
        for (const ElementAccess &a : earlier)
          for (const ElementAccess &b : later)
            if (mayOverlap(a, b) && !sameElement(a, first, b, second))
              return {};
        return hoistInputs(first, second, isMemoryEffectFree) ? first
                                                              : scf::ForOp();
      }
      if (std::optional<ElementAccess> access = accessOf(op)) {
        for (const ElementAccess &b : later)
          if (mayOverlap(*access, b))
            return {};
      } else if (!isMemoryEffectFree(op)) {
        return {};
      }
    }
    return {};
  }

  static scf::ForOp merge(scf::ForOp first, scf::ForOp second) {
    OpBuilder builder(first);
    SmallVector<Value> inits(first.getInitArgs());
    llvm::append_range(inits, second.getInitArgs());
    auto loop =
        scf::ForOp::create(builder, second.getLoc(), first.getLowerBound(),
                           first.getUpperBound(), first.getStep(), inits);
    Block *body = loop.getBody();
    if (inits.empty())
      body->getTerminator()->erase();
    IRMapping mapping;
    SmallVector<Value> results;
    builder.setInsertionPointToEnd(body);
    unsigned next = 0;
    for (scf::ForOp source : {first, second}) {
      mapping.map(source.getInductionVar(), loop.getInductionVar());
      for (Value argument : source.getRegionIterArgs())
        mapping.map(argument, loop.getRegionIterArg(next++));
      for (Operation &op : source.getBody()->without_terminator())
        builder.clone(op, mapping);
      for (Value value : source.getBody()->getTerminator()->getOperands())
        results.push_back(mapping.lookupOrDefault(value));
    }
    scf::YieldOp::create(builder, second.getLoc(), results);
    next = 0;
    for (scf::ForOp source : {first, second}) {
      for (Value result : source.getResults())
        result.replaceAllUsesWith(loop.getResult(next++));
    }
    second.erase();
    first.erase();
    return loop;
  }
};

} // namespace
} // namespace mlir::qopt
