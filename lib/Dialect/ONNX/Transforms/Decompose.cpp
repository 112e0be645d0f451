//===- Decompose.cpp - onnx-decompose ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::onnx {
#define GEN_PASS_DEF_ONNXDECOMPOSEPASS
#include "qopt/Dialect/ONNX/Transforms/Passes.h.inc"

namespace {

class ONNXDecomposePass final
    : public impl::ONNXDecomposePassBase<ONNXDecomposePass> {
public:
  using ONNXDecomposePassBase::ONNXDecomposePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateIntegerProductPatterns(set);
    populateDecomposeLossPatterns(set);
    populateDecomposeChannelPatterns(set);
    populateDecomposeNormalizationPatterns(set);
    populateDecomposeRecurrentPatterns(set);
    populateDecomposeReductionPatterns(set);
    populateDecomposeSignalPatterns(set);
    populateDecomposeTfIdfPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    GreedyRewriteConfig config;
    config.enableConstantCSE(false).enableFolding(false);
    if (failed(applyPatternsGreedily(getOperation(), patterns, config)))
      signalPassFailure();
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::onnx
