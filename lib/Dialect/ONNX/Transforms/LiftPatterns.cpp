//===- LiftPatterns.cpp - decomposed ops to single ones ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass around the patterns of LiftNormalization.cpp and LiftActivation.cpp,
// and the helpers that these share.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"

#include "HostTensor.h"
#include "qopt/Dialect/ONNX/IR/ONNXOps.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"

#include <cmath>

using namespace mlir;
using namespace mlir::onnx;

std::optional<double> mlir::onnx::splatNumber(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  // A constant of rank above 0 could change the shape; one element cannot when
  // the other operand has the rank.
  if (!dense || dense.getNumElements() != 1)
    return std::nullopt;
  std::optional<HostTensor> tensor = HostTensor::read(dense);
  if (!tensor)
    return std::nullopt;
  return tensor->isFloat() ? tensor->getFloat(0)
                           : static_cast<double>(tensor->getInt(0));
}

bool mlir::onnx::isNear(double a, double b) {
  return std::fabs(a - b) <= 1e-3 * std::fabs(b);
}

static void collectFactors(Value value, Factors &factors, unsigned depth) {
  if (std::optional<double> number = splatNumber(value)) {
    factors.constant *= *number;
    return;
  }
  Operation *op = value.getDefiningOp();
  if (depth && isa_and_nonnull<MulOp>(op)) {
    collectFactors(op->getOperand(0), factors, depth - 1);
    collectFactors(op->getOperand(1), factors, depth - 1);
    return;
  }
  if (depth && isa_and_nonnull<DivOp>(op)) {
    if (std::optional<double> divisor = splatNumber(op->getOperand(1))) {
      factors.constant /= *divisor;
      collectFactors(op->getOperand(0), factors, depth - 1);
      return;
    }
  }
  if (depth && isa_and_nonnull<NegOp>(op)) {
    factors.constant = -factors.constant;
    collectFactors(op->getOperand(0), factors, depth - 1);
    return;
  }
  if (depth && isa_and_nonnull<PowOp>(op)) {
    std::optional<double> power = splatNumber(op->getOperand(1));
    if (power == 2.0 || power == 3.0) {
      factors.values.append(static_cast<size_t>(*power), op->getOperand(0));
      return;
    }
  }
  factors.values.push_back(value);
}

Factors mlir::onnx::factorsOf(Value value) {
  Factors factors;
  collectFactors(value, factors, /*depth=*/4);
  return factors;
}

Value mlir::onnx::otherOperand(Operation *binary, Value one) {
  if (binary->getOperand(0) == one)
    return binary->getOperand(1);
  return binary->getOperand(1) == one ? binary->getOperand(0) : Value();
}

Value mlir::onnx::addedTo(Value sum, double number) {
  auto add = sum.getDefiningOp<AddOp>();
  if (!add)
    return {};
  for (unsigned i : {0, 1}) {
    std::optional<double> constant = splatNumber(add->getOperand(i));
    if (constant && isNear(*constant, number))
      return add->getOperand(1 - i);
  }
  return {};
}

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
