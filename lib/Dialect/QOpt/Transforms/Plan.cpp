//===- Plan.cpp - decide how each contraction is quantized ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan is written into the IR, as attributes that people and later passes
// read. Nothing is quantized that it does not name, and nothing is skipped
// without a reason in it.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/LayerBlocks.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRules.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/PlanFile.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "qopt/Support/DidYouMean.h"
#include "qopt/Support/Names.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

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
  /// Of smoothing: a number, "auto", "off" or empty.
  std::string alpha;
  /// What an edited plan brings along instead of statistics; may be null.
  const PlanFileLayer *resolved = nullptr;
};

/// A contraction as rules and plan files address it.
struct Layer {
  ContractionOpInterface op;
  std::string name;
  BlockPlace place;
};

class PlanPass final : public qopt::impl::PlanPassBase<PlanPass> {
public:
  using PlanPassBase::PlanPassBase;
  void runOnOperation() override;

private:
  LogicalResult readOptions();
  LogicalResult readPlanFile();
  LogicalResult checkPlanFile(ArrayRef<Layer> layers);
  const PlanFileLayer *plannedLayer(const Layer &layer) const;
  FailureOr<Decision> decide(const Layer &layer);
  FailureOr<Decision> decideAs(ContractionOpInterface op,
                               const PlanFileLayer &planned);
  LogicalResult checkFinite(ContractionOpInterface op, Decision &decision);
  LogicalResult checkRulesMatched(ArrayRef<Layer> layers);
  void write(ContractionOpInterface op, const Decision &decision);

  SchemeSpec preset;
  LayerRules layerRules;
  std::optional<PlanFile> file;
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
  file.reset();
  return planFile.empty() ? success() : readPlanFile();
}

LogicalResult PlanPass::readPlanFile() {
  Location loc = getOperation().getLoc();
  llvm::Expected<PlanFile> read = PlanFile::read(planFile);
  if (!read)
    return emitError(loc, llvm::toString(read.takeError()));
  file = std::move(*read);
  auto hash = getOperation()->getAttrOfType<StringAttr>("onnx.source_sha256");
  const std::string &planned = file->header.modelHash;
  if (force || !hash || planned.empty() || hash.getValue() == planned)
    return success();
  return emitError(loc) << planFile << ": the plan belongs to another model "
                        << "(sha256 " << planned << ", this model has "
                        << hash.getValue() << "); --force takes it anyway";
}

/// Names in the file that the model does not have, and outlier columns beyond
/// its weights.
LogicalResult PlanPass::checkPlanFile(ArrayRef<Layer> layers) {
  if (!file)
    return success();
  std::vector<std::string> names;
  for (const Layer &layer : layers)
    names.push_back(llvm::json::fixUTF8(layer.name));
  std::vector<StringRef> known(names.begin(), names.end());
  std::vector<StringRef> unknown;
  for (const auto &entry : file->layers)
    if (!llvm::is_contained(known, entry.getKey()))
      unknown.push_back(entry.getKey());
  llvm::sort(unknown);
  if (unknown.empty())
    return success();
  InFlightDiagnostic diagnostic = emitError(getOperation().getLoc());
  diagnostic << planFile << ": ";
  for (auto [i, name] : llvm::enumerate(unknown))
    diagnostic << (i ? ", " : "") << "the model has no layer "
               << quoteName(name) << didYouMean(name, known);
  return diagnostic;
}

/// Null: the file does not name the layer.
const PlanFileLayer *PlanPass::plannedLayer(const Layer &layer) const {
  if (!file)
    return nullptr;
  auto it = file->layers.find(llvm::json::fixUTF8(layer.name));
  return it == file->layers.end() ? nullptr : &it->second;
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

/// alpha stands beside the recipe, since smoothing replaces it by what it used.
static void setRecipe(Decision &decision, SchemeSpec spec) {
  decision.alpha = std::exchange(spec.alpha, "");
  decision.recipe = spec.str();
}

/// The plan file decides; everything in it is meant as it stands there.
FailureOr<Decision> PlanPass::decideAs(ContractionOpInterface op,
                                       const PlanFileLayer &planned) {
  Decision decision;
  decision.storage = planned.storage;
  decision.reason = whyNotQuantizable(op);
  if (!decision.reason.empty()) {
    if (planned.scheme.quantizes())
      emitWarning(op->getLoc())
          << "cannot be quantized as planned: " << decision.reason;
    return decision;
  }
  if (!planned.scheme.quantizes()) {
    decision.reason =
        planned.reason.empty() ? "kept by the plan file" : planned.reason;
    return decision;
  }
  int64_t k = weightShape(op).first;
  if (planned.outliers && !planned.outliers->empty()) {
    if (planned.outliers->back() >= k)
      return emitError(op->getLoc()) << planFile << ": outlier column "
                                     << planned.outliers->back() << " of " << k;
    if (int64_t(planned.outliers->size()) == k)
      return emitError(op->getLoc())
             << planFile << ": all " << k
             << " columns are outliers; keep the layer in float";
  }
  decision.scheme = planned.attribute(&getContext(), hasStatistics);
  setRecipe(decision, planned.scheme);
  if (!planned.alpha.empty())
    decision.alpha = planned.alpha;
  decision.resolved = &planned;
  if (failed(checkFinite(op, decision)))
    return failure();
  return decision;
}

FailureOr<Decision> PlanPass::decide(const Layer &layer) {
  ContractionOpInterface op = layer.op;
  const LayerRules::Rule *rule = layerRules.match(layer.name, layer.place);
  if (const PlanFileLayer *planned = rule ? nullptr : plannedLayer(layer))
    return decideAs(op, *planned);
  Decision decision;
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
  setRecipe(decision, wanted);
  if (wanted.method == SchemeSpec::Method::LLMInt8 && wanted.threshold == 0.0)
    decision.note = "threshold 0: no outliers";
  if (failed(checkFinite(op, decision)))
    return failure();
  return decision;
}

LogicalResult PlanPass::checkRulesMatched(ArrayRef<Layer> layers) {
  std::vector<StringRef> unmatched = layerRules.unmatched();
  if (unmatched.empty())
    return success();
  // Exporters put the path of modules into the name; users type a part of it.
  std::vector<StringRef> names;
  for (const Layer &layer : layers) {
    names.push_back(layer.name);
    SmallVector<StringRef> parts;
    StringRef(layer.name)
        .split(parts, '/', /*MaxSplit=*/-1,
               /*KeepEmpty=*/false);
    llvm::append_range(names, parts);
  }
  InFlightDiagnostic diagnostic = emitError(getOperation().getLoc());
  for (auto [i, pattern] : llvm::enumerate(unmatched)) {
    diagnostic << (i ? ", " : "");
    if (LayerRules::isPlace(pattern))
      diagnostic << quoteName(pattern)
                 << ": neither the names of the nodes nor those of the weights "
                    "count repeated blocks";
    else
      diagnostic << "no matrix product has a name that matches "
                 << quoteName(pattern) << didYouMean(pattern, names);
  }
  diagnostic.attachNote() << "--dry-run lists the names of all "
                          << layers.size() << " products";
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
  if (double number;
      !decision.alpha.empty() && llvm::to_float(decision.alpha, number))
    op->setAttr(alphaAttrName, builder.getF64FloatAttr(number));
  else if (!decision.alpha.empty())
    op->setAttr(alphaAttrName, builder.getStringAttr(decision.alpha));
  if (!decision.resolved)
    return;
  const PlanFileLayer &planned = *decision.resolved;
  if (planned.outliers && !planned.outliers->empty())
    op->setAttr(outliersAttrName,
                builder.getDenseI64ArrayAttr(*planned.outliers));
  if (planned.activationScale)
    op->setAttr(activationScaleAttrName,
                builder.getF32FloatAttr(*planned.activationScale));
  if (planned.zeroPoint)
    op->setAttr(activationZeroPointAttrName,
                builder.getI32IntegerAttr(*planned.zeroPoint));
}

void PlanPass::runOnOperation() {
  if (failed(readOptions()))
    return signalPassFailure();
  SmallVector<ContractionOpInterface> ops = collectContractions(getOperation());
  SmallVector<Layer> layers;
  for (auto [op, name, place] :
       llvm::zip_equal(ops, layerNames(ops), findBlocks(ops)))
    layers.push_back({op, name, place});
  // What is misspelt comes before everything that it would have decided.
  for (const Layer &layer : layers)
    layerRules.match(layer.name, layer.place);
  if (failed(checkRulesMatched(layers)) || failed(checkPlanFile(layers)))
    return signalPassFailure();
  for (const Layer &layer : layers) {
    // A plan from before is replaced.
    for (StringRef name :
         {schemeAttrName, recipeAttrName, keepAttrName, outliersAttrName,
          activationScaleAttrName, activationZeroPointAttrName, alphaAttrName,
          noteAttrName, weightsAttrName})
      ContractionOpInterface(layer.op)->removeAttr(name);
    FailureOr<Decision> decision = decide(layer);
    if (failed(decision))
      return signalPassFailure();
    write(layer.op, *decision);
  }
}
