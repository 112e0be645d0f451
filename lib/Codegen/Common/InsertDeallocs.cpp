//===- InsertDeallocs.cpp - free each buffer after its last use -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model code is straight-line at the level where buffers are made, so ownership
// is plain: the last operation of the allocation's block that uses the buffer
// or anything that may be a view of it. Where a buffer might live on (it leaves
// its block through a terminator) it is not freed at all: the runtime takes all
// memory of a run back at its end, so a missing free costs footprint only.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_INSERTDEALLOCSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// The last operation of the block of `alloc` that uses it, or null when it
/// escapes.
Operation *findLastUse(memref::AllocOp alloc) {
  Block *block = alloc->getBlock();
  Operation *last = alloc;
  llvm::SetVector<Value> aliases;
  aliases.insert(alloc.getResult());
  for (size_t i = 0; i < aliases.size(); ++i) {
    for (Operation *user : aliases[i].getUsers()) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (!ancestor || ancestor->hasTrait<OpTrait::IsTerminator>())
        return nullptr;
      if (isa<memref::DeallocOp>(user))
        return nullptr;
      if (user->hasTrait<OpTrait::IsTerminator>()) {
        // The value becomes a result of an enclosing operation.
        for (Operation *parent = user->getParentOp(); parent;
             parent = parent->getParentOp()) {
          for (Value result : parent->getResults())
            if (isa<BaseMemRefType>(result.getType()))
              aliases.insert(result);
          if (parent == ancestor)
            break;
        }
      }
      // Any buffer that an operation makes from this one may be a view of it.
      for (Value result : user->getResults())
        if (isa<BaseMemRefType>(result.getType()))
          aliases.insert(result);
      if (last->isBeforeInBlock(ancestor))
        last = ancestor;
    }
  }
  return last;
}

class InsertDeallocsPass final
    : public impl::InsertDeallocsPassBase<InsertDeallocsPass> {
  void runOnOperation() override {
    SmallVector<memref::AllocOp> allocs;
    getOperation().walk([&](memref::AllocOp op) { allocs.push_back(op); });
    OpBuilder builder(&getContext());
    for (memref::AllocOp alloc : allocs) {
      Operation *last = findLastUse(alloc);
      if (!last)
        continue;
      if (last == alloc.getOperation()) {
        alloc.erase();
        continue;
      }
      builder.setInsertionPointAfter(last);
      memref::DeallocOp::create(builder, alloc.getLoc(), alloc);
    }
  }
};

} // namespace
} // namespace mlir::qopt
