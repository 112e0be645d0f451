//===- LiftPatterns.cpp - decomposed ops to single ones ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass around the patterns of LiftNormalization.cpp and LiftActivation.cpp.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"

#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXLIFTPATTERNSPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

class ONNXLiftPatternsPass final
    : public impl::ONNXLiftPatternsPassBase<ONNXLiftPatternsPass> {
public:
  using ONNXLiftPatternsPassBase::ONNXLiftPatternsPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    if (layerNorm)
      populateLiftLayerNormPatterns(set);
    if (rmsNorm)
      populateLiftRMSNormPatterns(set);
    if (gelu)
      populateLiftGeluPatterns(set);
    if (swish)
      populateLiftSwishPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    Counts before = count();
    GreedyRewriteConfig config;
    config.enableConstantCSE(false);
    if (failed(applyPatternsGreedily(getOperation(), patterns, config)))
      return signalPassFailure();
    Counts after = count();
    numLayerNorm += after.layerNorm - before.layerNorm;
    numRMSNorm += after.rmsNorm - before.rmsNorm;
    numGelu += after.gelu - before.gelu;
    numSwish += after.swish - before.swish;
  }

private:
  struct Counts {
    unsigned layerNorm = 0, rmsNorm = 0, gelu = 0, swish = 0;
  };

  Counts count() {
    Counts counts;
    getOperation().walk([&](Operation *op) {
      counts.layerNorm += isa<LayerNormalizationOp>(op);
      counts.rmsNorm += isa<RMSNormalizationOp>(op);
      counts.gelu += isa<GeluOp>(op);
      counts.swish += isa<SwishOp>(op);
    });
    return counts;
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::onnx
