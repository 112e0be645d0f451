//===- Observe.cpp - taps for the calibration -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calibration runs the float model as it will be compiled, with its
// activations shown to observers. Readers of one activation (q, k, v) share a
// tap, since they will share its outlier columns.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_OBSERVEPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

class ObservePass final : public qopt::impl::ObservePassBase<ObservePass> {
public:
  using ObservePassBase::ObservePassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(module.getContext());
    SmallVector<StringRef> names;
    SmallVector<Tap> taps = collectTaps(module);
    for (auto [number, tap] : llvm::enumerate(taps)) {
      Operation *reader = tap.readers.front();
      builder.setInsertionPoint(reader);
      ObserveOp::create(builder, reader->getLoc(), tap.activation,
                        builder.getI32IntegerAttr(number),
                        builder.getStringAttr(tap.name));
      names.push_back(tap.name);
    }
    module->setAttr(tapsAttrName, builder.getStrArrayAttr(names));
    numTaps += names.size();
  }
};

} // namespace
