//===- Plan.cpp - decide how each contraction is quantized ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan is written into the IR, as attributes that people and later passes
// read. Nothing is quantized that it does not name, and nothing is skipped
// without a reason in it.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRules.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
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
  /// What the scheme was made of.
  std::string recipe;
  /// Remark on a layer with a scheme.
  std::string note;
  /// Storage of a kept weight: "f32", "f16" or empty.
  std::string storage;
};

class PlanPass final : public qopt::impl::PlanPassBase<PlanPass> {
public:
  using PlanPassBase::PlanPassBase;
  void runOnOperation() override;

private:
  LogicalResult readOptions();
  FailureOr<Decision> decide(ContractionOpInterface op);
  LogicalResult checkFinite(ContractionOpInterface op, Decision &decision);
  LogicalResult checkRulesMatched(ArrayRef<ContractionOpInterface> ops);
  void write(ContractionOpInterface op, const Decision &decision);

  SchemeSpec preset;
  LayerRules layerRules;
};

} // namespace

LogicalResult PlanPass::readOptions() {
  layerRules = {};
  auto fail = [&](llvm::Error error) {
    return emitError(getOperation().getLoc(), llvm::toString(std::move(error)));
  };
  llvm::Expected<SchemeSpec> spec = SchemeSpec::parse(scheme);
  if (!spec)
    return fail(spec.takeError());
  preset = *spec;
  using Add = llvm::Error (LayerRules::*)(StringRef);
  std::tuple<ArrayRef<std::string>, Add> lists[] = {
      {*rules, &LayerRules::addRule},
      {*quantize, &LayerRules::addQuantize},
      {*keep, &LayerRules::addKeep}};
  for (auto [list, add] : lists)
    for (const std::string &text : list)
      if (llvm::Error error = (layerRules.*add)(text))
        return fail(std::move(error));
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
  decision.reason = "weight " + where;
  return success();
}

FailureOr<Decision> PlanPass::decide(ContractionOpInterface op) {
  Decision decision;
  const LayerRules::Rule *rule = layerRules.match(nodeName(op));
  SchemeSpec wanted = rule ? rule->scheme : preset;
  // The bare name of the preset's method means the preset with its options.
  if (wanted.method == preset.method && wanted.str() == wanted.methodName())
    wanted = preset;
  if (rule)
    decision.storage = rule->storage;
  decision.reason = whyNotQuantizable(op);
  if (!decision.reason.empty()) {
    if (rule && wanted.quantizes())
      emitWarning(op->getLoc())
          << "cannot be quantized as asked: " << decision.reason;
    return decision;
  }
  if (!wanted.quantizes()) {
    decision.reason = rule ? "kept by the rule " + quoteName(rule->pattern)
                           : "the scheme is fp32";
    return decision;
  }
  if (!rule && isLastProjection(op)) {
    decision.reason = "last projection";
    return decision;
  }
  decision.scheme = wanted.scheme(&getContext(), hasStatistics);
  decision.recipe = wanted.str();
  if (wanted.method == SchemeSpec::Method::LLMInt8 && wanted.threshold == 0.0)
    decision.note = "threshold 0: no outliers";
  if (failed(checkFinite(op, decision)))
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
  op->setAttr(schemeAttrName, decision.scheme);
  op->setAttr(recipeAttrName, builder.getStringAttr(decision.recipe));
  if (!decision.note.empty())
    op->setAttr(noteAttrName, builder.getStringAttr(decision.note));
}

void PlanPass::runOnOperation() {
  if (failed(readOptions()))
    return signalPassFailure();
  SmallVector<ContractionOpInterface> ops = collectContractions(getOperation());
  // A misspelt rule comes before everything that it would have decided.
  for (ContractionOpInterface op : ops)
    layerRules.match(nodeName(op));
  if (failed(checkRulesMatched(ops)))
    return signalPassFailure();
  for (ContractionOpInterface op : ops) {
    // A plan from before is replaced.
    for (StringRef name : {schemeAttrName, recipeAttrName, keepAttrName,
                           outliersAttrName, noteAttrName, weightsAttrName})
      op->removeAttr(name);
    FailureOr<Decision> decision = decide(op);
    if (failed(decision))
      return signalPassFailure();
    write(op, *decision);
  }
}
