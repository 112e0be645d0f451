//===- ApproximateMath.cpp - polynomials for exp, erf, tanh, logarithms ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call of libm in the inner loop of a softmax or Gelu keeps LLVM from
// vectorizing it. Sine and cosine stay with libm: their arguments (positions)
// are large, there the polynomials lose digits, and they are rare.
//===----------------------------------------------------------------------===//

#include "Polynomials.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "qopt/Codegen/Passes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

class ApproximateMathPass final
    : public impl::ApproximateMathPassBase<ApproximateMathPass> {
  LogicalResult initialize(MLIRContext *context) override {
    auto chosen = [](StringRef name) {
      return llvm::StringSwitch<bool>(name)
          .Cases({"math.exp", "math.erf", "math.tanh", "math.log", "math.log2",
                  "math.log1p"},
                 true)
          .Default(false);
    };
    RewritePatternSet set(context);
    populateMathAlgebraicSimplificationPatterns(set);
    // Upstream's pass for these would also take maximumf apart, which LLVM
    // vectorizes only as the intrinsic that it becomes otherwise.
    arith::populateCeilFloorDivExpandOpsPatterns(set);
    populateMathPolynomialApproximationPatterns(set, chosen);
    populateErfPolynomialPattern(set);
    populateExpPolynomialPattern(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyPatternsGreedily(getOperation(), patterns)))
      signalPassFailure();
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::qopt
