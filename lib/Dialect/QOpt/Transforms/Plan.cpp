//===- Plan.cpp - decide how each contraction is quantized ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan is written into the IR, as attributes that people and later passes
// read. Nothing is quantized that it does not name, and nothing is skipped
// without a reason in it.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRules.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/MapVector.h"

#include <cmath>

namespace mlir::qopt {
#define GEN_PASS_DEF_PLANPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// The decision about one contraction.
struct Decision {
  /// Null: the layer stays float, for this reason.
  SchemeAttr scheme;
  std::string reason;
  /// Remark on a layer with a scheme.
  std::string note;
  std::vector<int64_t> outliers;
  /// Storage of a kept weight: "f32", "f16" or empty.
  std::string storage;
};

class PlanPass final : public qopt::impl::PlanPassBase<PlanPass> {
public:
  using PlanPassBase::PlanPassBase;
  void runOnOperation() override;

private:
  LogicalResult readOptions();
  LogicalResult readStatistics();
  FailureOr<Decision> decide(ContractionOpInterface op);
  LogicalResult decideOutliers(ContractionOpInterface op, Decision &decision);
  LogicalResult checkFinite(ContractionOpInterface op, Decision &decision);
  LogicalResult checkRulesMatched(ArrayRef<ContractionOpInterface> ops);
  void write(ContractionOpInterface op, const Decision &decision);
  void writeOrigin();
  SchemeAttr makeScheme(OutlierMode mode);

  SchemeName preset = SchemeName::W8A8;
  LayerRules layerRules;
  std::optional<TapStatistics> calibration;
};

} // namespace

LogicalResult PlanPass::readOptions() {
  layerRules = {};
  auto fail = [&](const Twine &why) {
    return emitError(getOperation().getLoc(), why);
  };
  std::optional<SchemeName> name = parseSchemeName(scheme);
  if (!name)
    return fail("unknown scheme " + quoteName(scheme) + " (" + schemeNames() +
                ")");
  preset = *name;
  // NaN fails each of these.
  if (!(threshold >= 0) || !(frequency >= 0 && frequency <= 1) || cap < 0)
    return fail("qopt-plan: threshold and cap must be at least 0, frequency "
                "within [0, 1]");
  using Add = llvm::Error (LayerRules::*)(StringRef);
  std::tuple<ArrayRef<std::string>, Add> lists[] = {
      {*rules, &LayerRules::addRule},
      {*quantize, &LayerRules::addQuantize},
      {*keep, &LayerRules::addKeep}};
  for (auto [list, add] : lists)
    for (const std::string &text : list)
      if (llvm::Error error = (layerRules.*add)(text))
        return fail(llvm::toString(std::move(error)));
  return success();
}

LogicalResult PlanPass::readStatistics() {
  calibration.reset();
  if (statistics.empty())
    return success();
  ModuleOp module = getOperation();
  FailureOr<TapStatistics> loaded = TapStatistics::load(module, statistics);
  if (failed(loaded))
    return failure();
  calibration = std::move(*loaded);
  calibration->warnAboutNonfinite(module);
  if (preset != SchemeName::LLMInt8 || threshold <= 0)
    return success();

  int edge = exceedanceEdge(threshold);
  if (edge < 0)
    return emitError(module.getLoc())
           << "statistics count values from " << exceedanceEdges().front()
           << " on; they know nothing about a threshold of "
           << double(threshold);
  float counted = exceedanceEdges()[edge];
  if (std::fabs(counted - threshold) > 1e-5 * threshold)
    emitWarning(module.getLoc())
        << "statistics have no counts at the threshold " << double(threshold)
        << "; those at " << counted << " decide about outliers";
  return success();
}

SchemeAttr PlanPass::makeScheme(OutlierMode mode) {
  Builder builder(&getContext());
  double limit = mode == OutlierMode::None ? 0.0 : double(threshold);
  return SchemeAttr::get(&getContext(), /*weight_bits=*/8, Granularity::Channel,
                         Granularity::Token, mode,
                         builder.getF32FloatAttr(limit));
}

LogicalResult PlanPass::decideOutliers(ContractionOpInterface op,
                                       Decision &decision) {
  if (threshold <= 0) {
    decision.scheme = makeScheme(OutlierMode::None);
    decision.note = "threshold 0: no outliers";
    return success();
  }
  if (!calibration) {
    decision.scheme = makeScheme(OutlierMode::Dynamic);
    return success();
  }

  FailureOr<const ColumnStatistics *> columns = calibration->find(op);
  if (failed(columns))
    return failure();
  if ((*columns)->tokens == 0) {
    decision.scheme = makeScheme(OutlierMode::Dynamic);
    decision.note = "not seen in the calibration";
    return success();
  }
  OutlierChoice choice = selectOutliers(
      **columns, {double(threshold), double(frequency), int64_t(cap)});
  if (choice.candidates == weightShape(op).first) {
    decision.reason = "all columns of the activation are outliers";
    return success();
  }
  if (choice.columns.size() < size_t(choice.candidates))
    decision.note = "capped, " + std::to_string(choice.candidates) +
                    " columns fulfil the rule";
  decision.outliers = std::move(choice.columns);
  decision.scheme = makeScheme(decision.outliers.empty() ? OutlierMode::None
                                                         : OutlierMode::Static);
  return success();
}

LogicalResult PlanPass::checkFinite(ContractionOpInterface op,
                                    Decision &decision) {
  auto [k, n] = weightShape(op);
  std::optional<FloatData> data = FloatData::get(constantWeight(op));
  if (!data)
    return emitError(op->getLoc(), "the data of the weight is not there");
  WeightMatrix weight{*data, k, n, op.isWeightTransposed(),
                      float(op.getProductFactor())};
  std::optional<int64_t> index = findNonfinite(weight);
  if (!index)
    return success();
  auto [first, second] = weight.stored(*index);
  std::string where;
  llvm::raw_string_ostream(where)
      << quoteName(constantName(op.getWeight().getDefiningOp())) << " holds "
      << (std::isnan((*data)[*index]) ? "NaN" : "Inf") << " at [" << first
      << ", " << second << "]";
  if (!allowNonfinite)
    return emitError(op->getLoc())
           << "weight " << where
           << "; --allow-nonfinite keeps such layers in float";
  decision.scheme = {};
  decision.outliers.clear();
  decision.reason = "weight " + where;
  return success();
}

FailureOr<Decision> PlanPass::decide(ContractionOpInterface op) {
  Decision decision;
  const LayerRules::Rule *rule = layerRules.match(nodeName(op));
  SchemeName wanted = rule ? rule->scheme : preset;
  if (rule)
    decision.storage = rule->storage;
  decision.reason = whyNotQuantizable(op);
  if (!decision.reason.empty()) {
    if (rule && wanted != SchemeName::FP32)
      emitWarning(op->getLoc())
          << "cannot be quantized as asked: " << decision.reason;
    return decision;
  }
  if (wanted == SchemeName::FP32) {
    decision.reason = rule ? "kept by the rule " + quoteName(rule->pattern)
                           : "the scheme is fp32";
    return decision;
  }
  if (!rule && isLastProjection(op)) {
    decision.reason = "last projection";
    return decision;
  }
  if (wanted == SchemeName::W8A8)
    decision.scheme = makeScheme(OutlierMode::None);
  else if (failed(decideOutliers(op, decision)))
    return failure();
  if (decision.scheme && failed(checkFinite(op, decision)))
    return failure();
  return decision;
}

LogicalResult
PlanPass::checkRulesMatched(ArrayRef<ContractionOpInterface> ops) {
  std::vector<StringRef> unmatched = layerRules.unmatched();
  if (unmatched.empty())
    return success();
  // Exporters put the path of modules into the name; users type a part of it.
  std::vector<StringRef> names;
  for (ContractionOpInterface op : ops) {
    names.push_back(nodeName(op));
    SmallVector<StringRef> parts;
    nodeName(op).split(parts, '/', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    llvm::append_range(names, parts);
  }
  InFlightDiagnostic diagnostic = emitError(getOperation().getLoc());
  for (auto [i, pattern] : llvm::enumerate(unmatched))
    diagnostic << (i ? ", " : "")
               << "no matrix product has a name that matches "
               << quoteName(pattern) << didYouMean(pattern, names);
  diagnostic.attachNote() << "--dry-run lists the names of all " << ops.size()
                          << " products";
  return diagnostic;
}

void PlanPass::write(ContractionOpInterface op, const Decision &decision) {
  Builder builder(&getContext());
  if (!decision.storage.empty())
    op->setAttr(weightsAttrName,
                TypeAttr::get(decision.storage == "f32"
                                  ? Type(builder.getF32Type())
                                  : Type(builder.getF16Type())));
  if (!decision.scheme) {
    ++numKept;
    op->setAttr(keepAttrName, builder.getStringAttr(decision.reason));
    return;
  }
  ++numQuantized;
  numOutlierColumns += decision.outliers.size();
  op->setAttr(schemeAttrName, decision.scheme);
  if (!decision.outliers.empty())
    op->setAttr(outliersAttrName,
                builder.getDenseI64ArrayAttr(decision.outliers));
  if (!decision.note.empty())
    op->setAttr(noteAttrName, builder.getStringAttr(decision.note));
}

/// Says on the module where the lists of outliers come from.
void PlanPass::writeOrigin() {
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
               "tokens", builder.getI64IntegerAttr(calibration->tokens())),
           builder.getNamedAttr("threshold",
                                builder.getF64FloatAttr(threshold)),
           builder.getNamedAttr("frequency",
                                builder.getF64FloatAttr(frequency)),
           builder.getNamedAttr("cap", builder.getI64IntegerAttr(cap))}));
}

void PlanPass::runOnOperation() {
  if (failed(readOptions()) || failed(readStatistics()))
    return signalPassFailure();
  SmallVector<ContractionOpInterface> ops = collectContractions(getOperation());
  // A misspelt rule comes before everything that it would have decided.
  for (ContractionOpInterface op : ops)
    layerRules.match(nodeName(op));
  if (failed(checkRulesMatched(ops)))
    return signalPassFailure();
  for (ContractionOpInterface op : ops) {
    // A plan from before is replaced.
    for (StringRef name : {StringRef(schemeAttrName), StringRef(keepAttrName),
                           StringRef(outliersAttrName), StringRef(noteAttrName),
                           StringRef(weightsAttrName)})
      op->removeAttr(name);
    FailureOr<Decision> decision = decide(op);
    if (failed(decision))
      return signalPassFailure();
    write(op, *decision);
  }
  writeOrigin();
}
