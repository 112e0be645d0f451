//===- MarkNoAlias.cpp - tell LLVM which buffers do not overlap -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_MARKNOALIASPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

class MarkNoAliasPass final
    : public impl::MarkNoAliasPassBase<MarkNoAliasPass> {
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      auto positions =
          function->getAttrOfType<DenseI64ArrayAttr>("qopt.noalias");
      if (!positions)
        continue;
      function->removeAttr("qopt.noalias");
      for (int64_t i : positions.asArrayRef())
        if (i >= 0 && i < function.getNumArguments() &&
            isa<LLVM::LLVMPointerType>(function.getArgument(i).getType()))
          function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                              builder.getUnitAttr());
    }
  }
};

} // namespace
} // namespace mlir::qopt
