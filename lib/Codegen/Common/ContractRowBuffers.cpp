//===- ContractRowBuffers.cpp - buffers of fused loops shrink to a row ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When row loops have been fused, a buffer between them is often used in that
// one loop only, one row at a time. A row on the stack then does: it stays in
// the L1 cache, and a row of one element becomes a register.
//===----------------------------------------------------------------------===//

#include "RowAccess.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_CONTRACTROWBUFFERSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Of the stack, per loop; the threads of the pool have small stacks.
constexpr int64_t kMaxStackBytes = 32 * 1024;

/// The loop that is the only user of `alloc`, or null.
scf::ParallelOp onlyLoop(memref::AllocOp alloc) {
  scf::ParallelOp only;
  for (Operation *user : alloc->getUsers()) {
    if (!isa<memref::LoadOp, memref::StoreOp>(user))
      return {};
    auto loop = user->getParentOfType<scf::ParallelOp>();
    if (!loop || (only && loop != only) ||
        loop->getBlock() != alloc->getBlock())
      return {};
    only = loop;
  }
  return only && isRowLoop(only) ? only : scf::ParallelOp();
}

class ContractRowBuffersPass final
    : public impl::ContractRowBuffersPassBase<ContractRowBuffersPass> {
  void runOnOperation() override {
    llvm::MapVector<Operation *, SmallVector<memref::AllocOp>> byLoop;
    getOperation().walk([&](memref::AllocOp alloc) {
      if (scf::ParallelOp loop = onlyLoop(alloc))
        byLoop[loop].push_back(alloc);
    });
    for (auto &[op, allocs] : byLoop) {
      auto loop = cast<scf::ParallelOp>(op);
      RowAccesses accesses = collectRowAccesses(loop);
      int64_t used = 0;
      for (memref::AllocOp alloc : allocs)
        contract(alloc, loop, accesses.byRoot[alloc.getResult()], used);
    }
  }

  void contract(memref::AllocOp alloc, scf::ParallelOp loop,
                ArrayRef<RowAccess> accesses, int64_t &used) {
    MemRefType type = alloc.getType();
    const RowAccess &first = accesses.front();
    for (const RowAccess &access : accesses)
      if (!access.injective || access.memref != first.memref ||
          access.coordinates != first.coordinates ||
          access.basis != first.basis)
        return;
    llvm::SmallBitVector dropped(type.getRank());
    for (const RowCoordinate &coordinate : first.coordinates)
      dropped.set(coordinate.place);
    SmallVector<int64_t> shape;
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (dropped.test(i))
        continue;
      if (type.isDynamicDim(i))
        return;
      shape.push_back(type.getDimSize(i));
      if (llvm::MulOverflow(bytes, type.getDimSize(i), bytes))
        return;
    }
    if (bytes > kMaxStackBytes - used)
      return;
    used += bytes;

    OpBuilder builder(loop.getBody(), loop.getBody()->begin());
    Value row = memref::AllocaOp::create(
        builder, alloc.getLoc(), MemRefType::get(shape, type.getElementType()),
        builder.getI64IntegerAttr(64));
    auto keep = [&](ValueRange indices) {
      SmallVector<Value> kept;
      for (auto [i, index] : llvm::enumerate(indices))
        if (!dropped.test(i))
          kept.push_back(index);
      return kept;
    };
    for (const RowAccess &access : accesses) {
      builder.setInsertionPoint(access.op);
      if (auto load = dyn_cast<memref::LoadOp>(access.op)) {
        Value value = memref::LoadOp::create(builder, load.getLoc(), row,
                                             keep(load.getIndices()));
        load.replaceAllUsesWith(value);
      } else {
        auto store = cast<memref::StoreOp>(access.op);
        memref::StoreOp::create(builder, store.getLoc(),
                                store.getValueToStore(), row,
                                keep(store.getIndices()));
      }
      access.op->erase();
    }
    alloc.erase();
    ++numContracted;
  }
};

} // namespace
} // namespace mlir::qopt
