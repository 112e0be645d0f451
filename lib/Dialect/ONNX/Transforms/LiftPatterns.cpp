//===- LiftPatterns.cpp - decomposed ops to single ones ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass around the patterns of LiftNormalization.cpp and LiftActivation.cpp
// and the matchers of LiftRotary.cpp and LiftAttention.cpp, and helpers that
// they share.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"

#include "HostTensor.h"
#include "LiftGraph.h"
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
    ModuleOp module = getOperation();
    Counts counts = count();
    GreedyRewriteConfig config;
    config.enableConstantCSE(false);
    if (failed(applyPatternsGreedily(module, patterns, config)))
      return signalPassFailure();
    Counts after = count();
    for (auto [number, now] : llvm::zip_equal(counts, after))
      number = now - number;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (rotary)
        counts[Rotary] += onAnalysis(function, liftRotaryEmbeddings);
      if (attention)
        counts[Attention] += onAnalysis(function, liftAttention);
    }
    numLayerNorm += counts[LayerNorm];
    numRMSNorm += counts[RMSNorm];
    numGelu += counts[Gelu];
    numSwish += counts[Swish];
    numRotary += counts[Rotary];
    numAttention += counts[Attention];
    report(module, counts);
  }

private:
  enum Kind { LayerNorm, RMSNorm, Gelu, Swish, Rotary, Attention, NumKinds };
  using Counts = std::array<int64_t, NumKinds>;

  Counts count() {
    Counts counts{};
    getOperation().walk([&](Operation *op) {
      counts[LayerNorm] += isa<LayerNormalizationOp>(op);
      counts[RMSNorm] += isa<RMSNormalizationOp>(op);
      counts[Gelu] += isa<GeluOp>(op);
      counts[Swish] += isa<SwishOp>(op);
    });
    return counts;
  }

  // Each of them leaves an analysis behind that knows erased ops.
  static unsigned onAnalysis(func::FuncOp function,
                             unsigned (*lift)(ShapeAnalysis &)) {
    ShapeAnalysis analysis(function);
    return analysis.isValid() ? lift(analysis) : 0;
  }

  // What a user sees of it: onnx.lifted of the module, added to if it is there.
  void report(ModuleOp module, const Counts &counts) {
    static const StringRef names[NumKinds] = {
        "LayerNormalization", "RMSNormalization", "Gelu", "Swish",
        "RotaryEmbedding",    "Attention"};
    Builder builder(module.getContext());
    NamedAttrList report(module->getAttrOfType<DictionaryAttr>(liftedAttrName));
    for (auto [name, number] : llvm::zip_equal(names, counts)) {
      auto known = dyn_cast_or_null<IntegerAttr>(report.get(name));
      if (number > 0)
        report.set(name, builder.getI64IntegerAttr(
                             number + (known ? known.getInt() : 0)));
    }
    if (!report.empty())
      module->setAttr(liftedAttrName, report.getDictionary(&getContext()));
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace mlir::onnx
