//===- Smooth.cpp - move the range of activations into the weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each activation gets one s: folded into the operation in front when nobody
// else would notice, else left to the quantize step. Either way the model
// computes the same function, and the plan says what happened.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/Names.h"
#include "llvm/Support/Format.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_SMOOTHPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

class SmoothPass final : public qopt::impl::SmoothPassBase<SmoothPass> {
public:
  using SmoothPassBase::SmoothPassBase;
  void runOnOperation() override;

private:
  LogicalResult checkOptions();
  LogicalResult smooth(const Tap &tap);
  FailureOr<SmallVector<float>>
  computeFactors(ArrayRef<ContractionOpInterface> readers);
  void fold(ScalePair &pair, ArrayRef<float> factors);
  void leaveToQuantize(ArrayRef<ContractionOpInterface> readers,
                       ArrayRef<float> factors, StringRef reason);
  void writeOrigin();

  /// Whether the plan quantizes the layer; without a plan, all of them count.
  bool isWanted(ContractionOpInterface op) const {
    return !hasPlan || op->hasAttr(schemeAttrName);
  }

  std::optional<TapStatistics> calibration;
  std::optional<BlobUses> blobs;
  /// alpha.
  double share = 0;
  bool hasPlan = false;
  /// Activations that have their factors.
  llvm::DenseSet<Value> done;
};

} // namespace

LogicalResult SmoothPass::checkOptions() {
  Location loc = getOperation().getLoc();
  // NaN fails this.
  if (!llvm::to_float(alpha, share) || !(share >= 0 && share <= 1))
    return emitError(loc, "qopt-smooth: alpha must be within [0, 1]");
  if (statistics.empty())
    return emitError(loc, "qopt-smooth needs a statistics file");
  if (getOperation()->hasAttr(smoothingAttrName))
    return emitError(loc, "the model is smoothed already; its statistics "
                          "describe what it was before");
  return success();
}

static void addNote(ContractionOpInterface op, const Twine &text) {
  std::string note = text.str();
  if (auto old = op->getAttrOfType<StringAttr>(noteAttrName))
    note = old.str() + "; " + note;
  op->setAttr(noteAttrName, StringAttr::get(op->getContext(), note));
}

/// " (s 0.1 to 3.5)"
static std::string rangeText(ArrayRef<float> factors) {
  auto [least, most] = std::minmax_element(factors.begin(), factors.end());
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(" (s %.3g to %.3g)", *least, *most);
  return text;
}

/// s for all of these readers; empty when there is nothing to smooth.
FailureOr<SmallVector<float>>
SmoothPass::computeFactors(ArrayRef<ContractionOpInterface> readers) {
  int64_t k = weightShape(readers[0]).first;
  std::vector<float> ax(k, 0.0f), wx(k, 0.0f);
  for (ContractionOpInterface op : readers) {
    FailureOr<const ColumnStatistics *> columns = calibration->find(op);
    if (failed(columns))
      return failure();
    if ((*columns)->tokens)
      for (auto [largest, value] : llvm::zip_equal(ax, (*columns)->absmax))
        largest = std::max(largest, value);
    raiseToRowAbsmax(op, wx);
  }
  SmallVector<float> factors = smoothingFactors(ax, wx, share);
  if (llvm::all_of(factors, [](float s) { return s == 1; }))
    factors.clear();
  return factors;
}

void SmoothPass::fold(ScalePair &pair, ArrayRef<float> factors) {
  SmallVector<float> inverse;
  for (float s : factors)
    inverse.push_back(1 / s);
  // Constants are replaced by copies; what nobody reads any more is freed.
  auto replace = [&](Operation *op,
                     llvm::function_ref<void(OpBuilder &)> change) {
    SmallVector<Value> before(op->getOperands());
    OpBuilder builder(op);
    change(builder);
    for (auto [old, now] : llvm::zip_equal(before, op->getOperands())) {
      if (old == now)
        continue;
      blobs->add(now.getDefiningOp());
      blobs->eraseIfUnused(old.getDefiningOp());
    }
  };
  replace(pair.producer, [&](OpBuilder &builder) {
    pair.producer.absorbScale(builder, inverse);
  });
  std::string note = "smoothed into " + quoteName(nodeName(pair.producer)) +
                     rangeText(factors);
  for (ContractionOpInterface op : pair.readers) {
    replace(op,
            [&](OpBuilder &builder) { scaleWeightRows(op, factors, builder); });
    addNote(op, note);
  }
  ++numFolded;
}

void SmoothPass::leaveToQuantize(ArrayRef<ContractionOpInterface> readers,
                                 ArrayRef<float> factors, StringRef reason) {
  auto type = RankedTensorType::get({int64_t(factors.size())},
                                    Float32Type::get(&getContext()));
  auto attribute = DenseElementsAttr::get(type, factors);
  for (ContractionOpInterface op : readers) {
    op->setAttr(smoothAttrName, attribute);
    addNote(op, "smoothed in-kernel" + rangeText(factors) + ": " + reason);
  }
  ++numInKernel;
}

LogicalResult SmoothPass::smooth(const Tap &tap) {
  SmallVector<ContractionOpInterface> wanted;
  for (ContractionOpInterface op : tap.readers)
    if (isWanted(op))
      wanted.push_back(op);
  if (wanted.empty())
    return success();

  std::string reason;
  std::optional<ScalePair> pair = findScalePair(tap.activation, reason);
  FailureOr<SmallVector<float>> factors =
      computeFactors(pair ? ArrayRef(pair->readers) : ArrayRef(wanted));
  if (failed(factors))
    return failure();
  if (pair)
    done.insert(pair->activations.begin(), pair->activations.end());
  if (factors->empty()) {
    for (ContractionOpInterface op : wanted)
      addNote(op, "not smoothed: the activation is always 0 in the statistics");
    return success();
  }
  if (pair)
    fold(*pair, *factors);
  else
    leaveToQuantize(wanted, *factors, reason);
  return success();
}

/// Says on the module where the factors come from.
void SmoothPass::writeOrigin() {
  Builder builder(&getContext());
  getOperation()->setAttr(
      smoothingAttrName,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("alpha", builder.getF64FloatAttr(share)),
           builder.getNamedAttr(
               "samples", builder.getI64IntegerAttr(calibration->samples())),
           builder.getNamedAttr(
               "tokens", builder.getI64IntegerAttr(calibration->tokens()))}));
}

void SmoothPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOptions()))
    return signalPassFailure();
  FailureOr<TapStatistics> loaded = TapStatistics::load(module, statistics);
  if (failed(loaded))
    return signalPassFailure();
  calibration = std::move(*loaded);

  hasPlan =
      llvm::any_of(collectContractions(module), [](ContractionOpInterface op) {
        return op->hasAttr(schemeAttrName) || op->hasAttr(keepAttrName);
      });
  blobs.emplace(module);
  done.clear();
  for (const Tap &tap : collectTaps(module))
    if (!done.contains(tap.activation) && failed(smooth(tap)))
      return signalPassFailure();
  if (numFolded + numInKernel == 0)
    emitWarning(module.getLoc(), "no activation was smoothed");
  writeOrigin();
}
