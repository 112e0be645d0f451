//===- ForwardCarried.cpp - no copy between the halves of a loop ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bufferization copies what the condition of an scf.while hands to its body
// whenever an iteration yields another buffer than the one it got. The buffer
// on entry belongs to the loop (what it starts from is copied if anybody reads
// it later, what an iteration yields is new), so the body may have it as it is.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_FORWARDCARRIEDPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

class ForwardCarriedPass final
    : public impl::ForwardCarriedPassBase<ForwardCarriedPass> {
  void runOnOperation() override {
    getOperation().walk([&](scf::WhileOp loop) {
      for (OpOperand &operand : loop.getConditionOp().getArgsMutable())
        forward(loop, operand);
    });
  }

  void forward(scf::WhileOp loop, OpOperand &operand) {
    auto alloc = operand.get().getDefiningOp<memref::AllocOp>();
    if (!alloc || alloc->getBlock() != loop.getBeforeBody())
      return;
    memref::CopyOp copy;
    for (OpOperand &use : alloc->getUses()) {
      if (&use == &operand)
        continue;
      auto found = dyn_cast<memref::CopyOp>(use.getOwner());
      if (copy || !found || found.getTarget() != alloc.getResult())
        return;
      copy = found;
    }
    if (!copy || copy->getBlock() != alloc->getBlock())
      return;
    auto source = dyn_cast<BlockArgument>(copy.getSource());
    if (!source || source.getOwner() != loop.getBeforeBody() ||
        source.getType() != alloc.getType() ||
        llvm::is_contained(loop.getConditionOp().getArgs(), source))
      return;
    operand.set(source);
    copy.erase();
    alloc.erase();
    ++numForwarded;
  }
};

} // namespace
} // namespace mlir::qopt
