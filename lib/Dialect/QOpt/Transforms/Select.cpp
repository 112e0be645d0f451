//===- Select.cpp - what statistics decide about a planned layer ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan says how a layer is to be quantized; which columns are outliers
// comes from data, and from the model as smoothing has left it. So this runs
// last in front of qopt-quantize, which only carries out what stands in the IR.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/SchemeSpec.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"

#include <cmath>

namespace mlir::qopt {
#define GEN_PASS_DEF_SELECTPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

class SelectPass final : public qopt::impl::SelectPassBase<SelectPass> {
public:
  using SelectPassBase::SelectPassBase;
  void runOnOperation() override;

private:
  LogicalResult selectFor(ContractionOpInterface op, SchemeAttr scheme);
  LogicalResult selectOutliersFor(ContractionOpInterface op, SchemeAttr scheme,
                                  const SchemeSpec &recipe,
                                  const ColumnStatistics &columns);
  LogicalResult checkThreshold(ContractionOpInterface op, double threshold);
  void writeOrigin();

  std::optional<TapStatistics> calibration;
  /// Thresholds that were checked against the statistics.
  llvm::SmallVector<double> checked;
};

} // namespace

/// What the plan was asked for; the defaults for a scheme written by hand.
static FailureOr<SchemeSpec> recipeOf(ContractionOpInterface op) {
  auto text = op->getAttrOfType<StringAttr>(recipeAttrName);
  if (!text)
    return SchemeSpec();
  llvm::Expected<SchemeSpec> spec = SchemeSpec::parse(text.getValue());
  if (!spec)
    return emitError(op->getLoc())
           << recipeAttrName << ": " << llvm::toString(spec.takeError());
  return *spec;
}

static void addNote(ContractionOpInterface op, const Twine &text) {
  std::string note = text.str();
  if (auto old = op->getAttrOfType<StringAttr>(noteAttrName))
    note = old.str() + "; " + note;
  op->setAttr(noteAttrName, StringAttr::get(op->getContext(), note));
}

LogicalResult SelectPass::checkThreshold(ContractionOpInterface op,
                                         double threshold) {
  if (llvm::is_contained(checked, threshold))
    return success();
  checked.push_back(threshold);
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

LogicalResult SelectPass::selectOutliersFor(ContractionOpInterface op,
                                            SchemeAttr scheme,
                                            const SchemeSpec &recipe,
                                            const ColumnStatistics &columns) {
  double threshold = scheme.getThreshold().getValueAsDouble();
  if (failed(checkThreshold(op, threshold)))
    return failure();
  OutlierChoice choice =
      selectOutliers(columns, {threshold, recipe.frequency, recipe.cap});
  if (choice.candidates == weightShape(op).first) {
    op->removeAttr(schemeAttrName);
    op->removeAttr(recipeAttrName);
    op->setAttr(keepAttrName,
                StringAttr::get(&getContext(),
                                "all columns of the activation are outliers"));
    return success();
  }
  if (choice.columns.size() < size_t(choice.candidates))
    addNote(op,
            "capped, " + Twine(choice.candidates) + " columns fulfil the rule");
  if (choice.columns.empty()) {
    op->setAttr(schemeAttrName, scheme.withOutliers(OutlierMode::None));
    return success();
  }
  numOutlierColumns += choice.columns.size();
  op->setAttr(outliersAttrName,
              DenseI64ArrayAttr::get(&getContext(), choice.columns));
  return success();
}

LogicalResult SelectPass::selectFor(ContractionOpInterface op,
                                    SchemeAttr scheme) {
  // An edited plan brings its own list.
  if (!scheme.hasListedOutliers() || op->hasAttr(outliersAttrName))
    return success();
  if (!calibration)
    return emitError(op->getLoc())
           << "a static list of outlier columns needs statistics: add "
              "--calib=FILE";
  FailureOr<const ColumnStatistics *> columns = calibration->find(op);
  if (failed(columns))
    return failure();
  if ((*columns)->tokens == 0) {
    op->setAttr(schemeAttrName, scheme.withOutliers(OutlierMode::Dynamic));
    addNote(op, "not seen in the calibration");
    return success();
  }
  FailureOr<SchemeSpec> recipe = recipeOf(op);
  if (failed(recipe))
    return failure();
  return selectOutliersFor(op, scheme, *recipe, **columns);
}

/// Says on the module where the lists of outliers come from.
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
  for (ContractionOpInterface op : collectContractions(module))
    if (auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName))
      if (failed(selectFor(op, scheme)))
        return signalPassFailure();
  writeOrigin();
}
