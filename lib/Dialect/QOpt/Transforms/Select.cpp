//===- Select.cpp - what statistics decide about a planned layer ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan says how a layer is to be quantized; which columns are outliers and
// which range a static scale covers comes from data, and from the model as
// smoothing has left it. So this runs last in front of qopt-quantize, which
// only carries out what stands in the IR.
//===----------------------------------------------------------------------===//

#include "mlir/IR/Threading.h"
#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Calibration/StaticScale.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRecipe.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/ProductError.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "llvm/ADT/MapVector.h"

#include <cmath>

namespace mlir::qopt {
#define GEN_PASS_DEF_SELECTPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// Readers of one activation that are to be quantized in one way: they share
/// what is chosen here, and so the codes of the activation.
struct Group {
  SmallVector<ContractionOpInterface> readers;
  SchemeAttr scheme;
  SchemeSpec recipe;
  /// s of smoothing; empty: none.
  SmallVector<float> factors;
  const ColumnStatistics *statistics = nullptr;

  SmoothedColumns columns() const { return {*statistics, factors}; }
};

class SelectPass final : public qopt::impl::SelectPassBase<SelectPass> {
public:
  using SelectPassBase::SelectPassBase;
  void runOnOperation() override;

private:
  LogicalResult selectFor(Group &group);
  LogicalResult selectOutliersFor(Group &group);
  LogicalResult checkThreshold(const Group &group, double threshold);
  void writeOutliers(Group &group, ArrayRef<int64_t> columns);
  void keepInFloat(Group &group, StringRef reason);
  void setScheme(Group &group, SchemeAttr scheme);
  void selectScaleFor(Group &group);
  LogicalResult correctBiases();
  void writeOrigin();

  std::optional<TapStatistics> calibration;
  /// Thresholds that were checked against the statistics.
  llvm::SmallVector<double> checked;
};

} // namespace

/// What is left open for this layer. An edited plan brings its own lists and
/// scales.
static bool wantsOutliers(Operation *op, SchemeAttr scheme) {
  return scheme.hasListedOutliers() && !op->hasAttr(outliersAttrName);
}
static bool wantsScale(Operation *op, SchemeAttr scheme) {
  return scheme.getActivationMode() == ActivationMode::Static &&
         !op->hasAttr(activationScaleAttrName);
}

static FailureOr<SmallVector<float>> readFactors(ContractionOpInterface op) {
  SmallVector<float> factors;
  Attribute attribute = op->getAttr(smoothedAttrName);
  if (!attribute)
    return factors;
  auto values = dyn_cast<DenseFPElementsAttr>(attribute);
  if (!values || !values.getElementType().isF32() ||
      values.getNumElements() != weightShape(op).first)
    return emitError(op->getLoc()) << smoothedAttrName << " must hold "
                                   << weightShape(op).first << " f32 numbers";
  llvm::append_range(factors, values.getValues<float>());
  return factors;
}

/// s as far as the weight has it already, and s of the quantize step.
static std::pair<ArrayRef<float>, ArrayRef<float>>
splitFactors(Operation *op, ArrayRef<float> factors) {
  if (op->hasAttr(smoothAttrName))
    return {{}, factors};
  return {factors, {}};
}

LogicalResult SelectPass::checkThreshold(const Group &group, double threshold) {
  // Behind smoothing every column has a threshold of its own.
  if (!group.factors.empty() || llvm::is_contained(checked, threshold))
    return success();
  checked.push_back(threshold);
  Operation *op = group.readers.front();
  int edge = exceedanceEdge(threshold);
  if (edge < 0)
    return emitError(op->getLoc())
           << "statistics count values from " << exceedanceEdges().front()
           << " on; they know nothing about a threshold of " << threshold;
  float counted = exceedanceEdges()[edge];
  if (std::fabs(counted - threshold) > 1e-5 * threshold)
    emitWarning(getOperation().getLoc())
        << "statistics have no counts at the threshold " << threshold
        << "; those at " << counted << " decide about outliers";
  return success();
}

void SelectPass::setScheme(Group &group, SchemeAttr scheme) {
  group.scheme = scheme;
  for (Operation *op : group.readers)
    op->setAttr(schemeAttrName, scheme);
}

void SelectPass::keepInFloat(Group &group, StringRef reason) {
  group.scheme = {};
  for (Operation *op : group.readers) {
    op->removeAttr(schemeAttrName);
    op->removeAttr(recipeAttrName);
    op->setAttr(keepAttrName, StringAttr::get(&getContext(), reason));
  }
}

void SelectPass::writeOutliers(Group &group, ArrayRef<int64_t> columns) {
  if (columns.empty())
    return setScheme(group, group.scheme.withOutliers(OutlierMode::None));
  numOutlierColumns += columns.size() * group.readers.size();
  for (Operation *op : group.readers)
    op->setAttr(outliersAttrName,
                DenseI64ArrayAttr::get(&getContext(), columns));
}

LogicalResult SelectPass::selectOutliersFor(Group &group) {
  const SchemeSpec &recipe = group.recipe;
  if (!recipe.threshold) {
    if (group.statistics->keptRows() == 0)
      return emitError(group.readers.front()->getLoc())
             << "threshold=auto needs sample rows, which the statistics do not "
                "hold; calibrate again";
    auto [folded, inKernel] =
        splitFactors(group.readers.front(), group.factors);
    ProductError error({*group.statistics, folded}, group.readers);
    auto noise = [&, factors = inKernel](ArrayRef<int64_t> outliers) {
      return error.noise({group.scheme, recipe, factors, outliers});
    };
    writeOutliers(group,
                  selectOutliersByGain(group.columns(), recipe.cap, noise));
    return success();
  }
  double threshold = group.scheme.getThreshold().getValueAsDouble();
  if (failed(checkThreshold(group, threshold)))
    return failure();
  OutlierChoice choice = selectOutliers(
      group.columns(), {threshold, recipe.frequency, recipe.cap});
  if (choice.candidates == group.columns().columns()) {
    keepInFloat(group, "all columns of the activation are outliers");
    return success();
  }
  if (choice.columns.size() < size_t(choice.candidates))
    for (ContractionOpInterface op : group.readers)
      addNote(op, "capped, " + Twine(choice.candidates) +
                      " columns fulfil the rule");
  writeOutliers(group, choice.columns);
  return success();
}

void SelectPass::selectScaleFor(Group &group) {
  ArrayRef<int64_t> outliers;
  if (group.scheme.hasListedOutliers())
    outliers = group.readers.front()
                   ->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName)
                   .asArrayRef();
  bool symmetric = !group.scheme.getAsymmetric();
  qopt::Range range = chooseStaticRange(group.columns(), outliers,
                                        rangeRule(group.recipe, symmetric));
  StaticScale chosen = makeStaticScale(range, symmetric);
  Builder builder(&getContext());
  for (Operation *op : group.readers) {
    op->setAttr(activationScaleAttrName, builder.getF32FloatAttr(chosen.scale));
    if (!symmetric)
      op->setAttr(activationZeroPointAttrName,
                  builder.getI32IntegerAttr(chosen.zeroPoint));
  }
}

LogicalResult SelectPass::selectFor(Group &group) {
  Operation *first = group.readers.front();
  bool outliers = wantsOutliers(first, group.scheme);
  bool scale = wantsScale(first, group.scheme);
  if (group.statistics->tokens == 0) {
    // Only what is found at run time fits what nobody has seen.
    SchemeAttr old = group.scheme;
    setScheme(group,
              SchemeAttr::get(
                  &getContext(), old.getWeightBits(),
                  old.getWeightGranularity(), old.getActivationGranularity(),
                  outliers ? OutlierMode::Dynamic : old.getOutliers(),
                  old.getThreshold(), old.getGroupSize(),
                  scale ? ActivationMode::Dynamic : old.getActivationMode(),
                  old.getAsymmetric(), old.getTail()));
    for (ContractionOpInterface op : group.readers)
      addNote(op, "not seen in the calibration");
    return success();
  }
  if (outliers && failed(selectOutliersFor(group)))
    return failure();
  if (scale && group.scheme)
    selectScaleFor(group);
  return success();
}

/// Says on the module which data decided.
void SelectPass::writeOrigin() {
  ModuleOp module = getOperation();
  module->removeAttr(calibrationAttrName);
  if (!calibration)
    return;
  Builder builder(&getContext());
  module->setAttr(
      calibrationAttrName,
      builder.getDictionaryAttr(
          {builder.getNamedAttr(
               "samples", builder.getI64IntegerAttr(calibration->samples())),
           builder.getNamedAttr(
               "tokens", builder.getI64IntegerAttr(calibration->tokens()))}));
}

/// What the sample rows say that quantization takes from the mean of each
/// channel.
static LogicalResult correctBias(ContractionOpInterface op,
                                 const ColumnStatistics &statistics) {
  FailureOr<SchemeSpec> recipe = recipeOf(op);
  FailureOr<SmallVector<float>> factors = readFactors(op);
  if (failed(recipe) || failed(factors))
    return failure();
  auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName);
  std::vector<int64_t> outliers;
  if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
    outliers = list.asArrayRef();
  else if (scheme.findsOutliers())
    outliers =
        selectOutliers({statistics, *factors},
                       OutlierRule{scheme.getThreshold().getValueAsDouble(),
                                   /*frequency=*/0, /*cap=*/INT64_MAX})
            .columns;
  auto [folded, inKernel] = splitFactors(op, *factors);
  ProductError::Way way{scheme, *recipe, inKernel, outliers};
  if (auto scale = op->getAttrOfType<FloatAttr>(activationScaleAttrName)) {
    auto zero = op->getAttrOfType<IntegerAttr>(activationZeroPointAttrName);
    way.scale = StaticScale{float(scale.getValueAsDouble()),
                            zero ? int32_t(zero.getInt()) : 0};
  }
  ProductError error({statistics, folded}, op, {256, ProductError::noLimit});
  std::vector<float> shift = error.meanShift(0, way);
  auto type = RankedTensorType::get({int64_t(shift.size())},
                                    Float32Type::get(op->getContext()));
  op->setAttr(biasCorrectionAttrName,
              DenseElementsAttr::get(type, ArrayRef<float>(shift)));
  return success();
}

LogicalResult SelectPass::correctBiases() {
  if (!calibration)
    return emitError(getOperation().getLoc(),
                     "the correction of biases needs statistics: add "
                     "--calib=FILE");
  SmallVector<std::pair<ContractionOpInterface, const ColumnStatistics *>> work;
  for (ContractionOpInterface op : collectContractions(getOperation())) {
    if (!op->hasAttr(schemeAttrName) || op->hasAttr(biasCorrectionAttrName))
      continue;
    FailureOr<const ColumnStatistics *> columns = calibration->find(op);
    if (failed(columns))
      return failure();
    if ((*columns)->keptRows())
      work.push_back({op, *columns});
  }
  return failableParallelForEach(&getContext(), work, [](auto &entry) {
    return correctBias(entry.first, *entry.second);
  });
}

void SelectPass::runOnOperation() {
  ModuleOp module = getOperation();
  calibration.reset();
  checked.clear();
  if (!statistics.empty()) {
    FailureOr<TapStatistics> loaded = TapStatistics::load(module, statistics);
    if (failed(loaded))
      return signalPassFailure();
    calibration = std::move(*loaded);
    calibration->warnAboutNonfinite(module);
  }
  llvm::MapVector<std::pair<Value, Attribute>, Group> groups;
  for (ContractionOpInterface op : collectContractions(module)) {
    auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName);
    if (!scheme || (!wantsOutliers(op, scheme) && !wantsScale(op, scheme)))
      continue;
    if (!calibration) {
      emitError(op->getLoc())
          << "a static "
          << (wantsOutliers(op, scheme) ? "list of outlier columns"
                                        : "activation scale")
          << " needs statistics: add --calib=FILE";
      return signalPassFailure();
    }
    FailureOr<SchemeSpec> recipe = recipeOf(op);
    FailureOr<SmallVector<float>> factors = readFactors(op);
    FailureOr<const ColumnStatistics *> columns = calibration->find(op);
    if (failed(recipe) || failed(factors) || failed(columns))
      return signalPassFailure();
    SmallVector<Attribute> key;
    for (StringRef name : {schemeAttrName, recipeAttrName, smoothAttrName,
                           smoothedAttrName, outliersAttrName})
      key.push_back(op->hasAttr(name) ? op->getAttr(name)
                                      : UnitAttr::get(&getContext()));
    Group &group =
        groups[{op.getActivation(), ArrayAttr::get(&getContext(), key)}];
    group.readers.push_back(op);
    group.scheme = scheme;
    group.recipe = *recipe;
    group.factors = *factors;
    group.statistics = *columns;
  }
  for (auto &[key, group] : groups)
    if (failed(selectFor(group)))
      return signalPassFailure();
  if (biasCorrection && failed(correctBiases()))
    return signalPassFailure();
  writeOrigin();
}
