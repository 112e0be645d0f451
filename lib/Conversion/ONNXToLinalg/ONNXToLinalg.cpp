//===- ONNXToLinalg.cpp - the pass convert-onnx-to-linalg -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the conversion on every function of a module, and knows which families
// there are. What has no lowering is whatever no family registers.
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/IR/BuiltinOps.h"
#include "qopt/Conversion/Passes.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_CONVERTONNXTOLINALGPASS
#include "qopt/Conversion/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

const Registry &Registry::get() {
  static const Registry registry = [] {
    Registry all;
    registerActivations(all);
    registerArithmetic(all);
    registerAttention(all);
    registerCasts(all);
    registerCompact(all);
    registerControlFlow(all);
    registerConvolution(all);
    registerPooling(all);
    registerRegions(all);
    registerResize(all);
    registerSampling(all);
    registerTransposedConvolution(all);
    registerCumulative(all);
    registerDeterminant(all);
    registerNonMaxSuppression(all);
    registerUnique(all);
    registerEinsum(all);
    registerFloatMath(all);
    registerGenerate(all);
    registerGather(all);
    registerMatMul(all);
    registerMovement(all);
    registerNormalization(all);
    registerPad(all);
    registerQuantLinear(all);
    registerQuantizedActivations(all);
    registerQuantizedProducts(all);
    registerReduction(all);
    registerReshape(all);
    registerScatter(all);
    registerSlice(all);
    registerSoftmax(all);
    registerSort(all);
    return all;
  }();
  return registry;
}

namespace {
class ConvertONNXToLinalgPass final
    : public qopt::impl::ConvertONNXToLinalgPassBase<ConvertONNXToLinalgPass> {
  using ConvertONNXToLinalgPassBase::ConvertONNXToLinalgPassBase;

  void runOnOperation() override {
    bool failing = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      numConverted += function.getBody().front().getOperations().size() - 1;
      onnx::ShapeAnalysis shapes(function);
      if (!shapes.isValid() ||
          failed(Lowering(function, shapes, unsafeIndices).run())) {
        failing = true;
        continue;
      }
      function.walk([&](RequireOp) { ++numRequired; });
    }
    if (failing)
      return signalPassFailure();
    int32_t guards = 0;
    getOperation().walk([&](GuardOp op) { op.setIndex(guards++); });
  }
};
} // namespace
