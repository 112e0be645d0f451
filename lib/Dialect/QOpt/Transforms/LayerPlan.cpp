//===- LayerPlan.cpp - the plan, layer by layer ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attributes are what passes carry out, so they decide; the recipe only
// adds the words of the user that no attribute needs (caps, frequencies).
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/LayerPlan.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mlir::qopt {

static int64_t bytesOf(ShapedType type) {
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

std::string LayerPlan::shapeText() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text;
}

std::string LayerPlan::outlierText() const {
  if (!scheme || scheme->method != SchemeSpec::Method::LLMInt8)
    return "";
  switch (attribute.getOutliers()) {
  case OutlierMode::None:
    return "0";
  case OutlierMode::Static:
    return std::to_string(outliers.size());
  case OutlierMode::Guarded:
    return std::to_string(outliers.size()) + " guarded";
  case OutlierMode::Dynamic:
    return attribute.getTail() == TailSource::Codes ? "bitsandbytes"
                                                    : "dynamic";
  case OutlierMode::DynamicRow:
    return "dynamic-row";
  }
  return "";
}

/// The recipe, with what has been decided since in place of what it left open.
static SchemeSpec resolvedScheme(SchemeAttr scheme, StringRef recipe) {
  SchemeSpec spec;
  if (llvm::Expected<SchemeSpec> parsed = SchemeSpec::parse(recipe))
    spec = *parsed;
  else
    llvm::consumeError(parsed.takeError());
  bool llm = spec.method == SchemeSpec::Method::LLMInt8 ||
             scheme.getOutliers() != OutlierMode::None;
  spec.method = scheme.isWeightOnly() ? SchemeSpec::Method::W8A16
                : llm                 ? SchemeSpec::Method::LLMInt8
                                      : SchemeSpec::Method::W8A8;
  spec.weights = scheme.getWeightGranularity();
  spec.groupSize = scheme.getGroupSize();
  if (scheme.isWeightOnly())
    return spec;
  spec.zeroPoint = scheme.getAsymmetric();
  spec.activations = scheme.getActivationMode() == ActivationMode::Static
                         ? SchemeSpec::Activations::Static
                     : scheme.getActivationGranularity() == Granularity::Tensor
                         ? SchemeSpec::Activations::Tensor
                         : SchemeSpec::Activations::Token;
  if (!llm)
    return spec;
  double threshold = scheme.getThreshold().getValueAsDouble();
  // Printed as the float that it is: 5.1 and not 5.0999999.
  if (spec.threshold && threshold != 0 && float(*spec.threshold) != threshold)
    spec.threshold = threshold;
  switch (scheme.getOutliers()) {
  case OutlierMode::None:
  case OutlierMode::Static:
    spec.mode = SchemeSpec::Mode::Static;
    break;
  case OutlierMode::Guarded:
    spec.mode = SchemeSpec::Mode::Guarded;
    break;
  case OutlierMode::DynamicRow:
    spec.mode = SchemeSpec::Mode::DynamicRow;
    break;
  case OutlierMode::Dynamic:
    spec.mode = scheme.getTail() == TailSource::Codes
                    ? SchemeSpec::Mode::BitsAndBytes
                    : SchemeSpec::Mode::Dynamic;
    break;
  }
  return spec;
}

/// Bytes of the weight when the plan is carried out, scales and tail included.
static int64_t quantizedBytes(const LayerPlan &layer) {
  int64_t k = layer.k, n = layer.n, scales = n, tailRows = 0;
  if (layer.attribute.getWeightGranularity() == Granularity::Tensor)
    scales = 1;
  if (layer.attribute.getWeightGranularity() == Granularity::Group)
    scales = n * llvm::divideCeil(k, layer.attribute.getGroupSize());
  if (layer.attribute.hasListedOutliers())
    tailRows = layer.outliers.size();
  else if (layer.attribute.findsOutliers() &&
           layer.attribute.getTail() == TailSource::Original)
    tailRows = k;
  return k * n + 4 * scales + 2 * tailRows * n;
}

/// A number or a word.
static std::string attributeText(Attribute attribute) {
  std::string text;
  if (auto number = dyn_cast_or_null<FloatAttr>(attribute)) {
    double value = number.getValueAsDouble(), read;
    llvm::raw_string_ostream(text) << llvm::format("%g", value);
    if (!llvm::to_float(text, read) || read != value)
      llvm::raw_string_ostream(text = "") << llvm::format("%.17g", value);
  } else if (auto word = dyn_cast_or_null<StringAttr>(attribute))
    text = word.str();
  return text;
}

static void describeScheme(LayerPlan &layer) {
  Operation *op = layer.op;
  layer.attribute = op->getAttrOfType<SchemeAttr>(schemeAttrName);
  layer.storage = "";
  if (auto storage = op->getAttrOfType<TypeAttr>(weightsAttrName))
    layer.storage = storage.getValue().isF32() ? "f32" : "f16";
  if (!layer.attribute) {
    layer.reason = attributeText(op->getAttr(keepAttrName));
    return;
  }
  layer.scheme = resolvedScheme(layer.attribute,
                                attributeText(op->getAttr(recipeAttrName)));
  layer.note = attributeText(op->getAttr(noteAttrName));
  layer.alpha = attributeText(op->getAttr(alphaAttrName));
  layer.hasOutlierList =
      layer.outlierText() == "0" || layer.attribute.hasListedOutliers();
  if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
    layer.outliers = SmallVector<int64_t>(list.asArrayRef());
  if (auto scale = op->getAttrOfType<FloatAttr>(activationScaleAttrName))
    layer.activationScale = scale.getValue().convertToFloat();
  if (auto zero = op->getAttrOfType<IntegerAttr>(activationZeroPointAttrName))
    layer.zeroPoint = zero.getInt();
}

std::vector<std::string> layerNames(ArrayRef<ContractionOpInterface> ops) {
  llvm::StringSet<> used;
  std::vector<std::string> names;
  for (ContractionOpInterface op : ops) {
    std::string base = nodeName(op).str();
    if (base.empty())
      base = "contraction";
    std::string name = base;
    for (unsigned i = 2; !used.insert(name).second; ++i)
      name = base + "#" + std::to_string(i);
    names.push_back(name);
  }
  return names;
}

std::vector<LayerPlan> describePlan(ModuleOp module, unsigned floatWeightBits) {
  std::vector<LayerPlan> layers;
  llvm::DenseSet<Value> counted;
  SmallVector<ContractionOpInterface> ops = collectContractions(module);
  for (auto [op, name] : llvm::zip_equal(ops, layerNames(ops))) {
    LayerPlan &layer = layers.emplace_back();
    layer.op = op;
    layer.name = std::move(name);
    layer.opName = op->getName().getStringRef().str();
    auto type = dyn_cast<RankedTensorType>(op.getWeight().getType());
    bool constant = bool(constantWeight(op)) && type;
    if (constant) {
      layer.shape = SmallVector<int64_t>(type.getShape());
      if (type.getRank() == 2) {
        std::tie(layer.k, layer.n) = weightShape(op);
        layer.shape = {layer.k, layer.n};
      }
      layer.bytesBefore = layer.bytesAfter = bytesOf(type);
      layer.sharesWeight = !counted.insert(op.getWeight()).second;
    }
    describeScheme(layer);
    Operation *weight = op.getWeight().getDefiningOp();
    if (layer.scheme)
      layer.bytesAfter = quantizedBytes(layer);
    else if (constant && weight &&
             isStoredAsHalf(weight, floatWeightBits == 16))
      layer.bytesAfter /= 2;
  }
  return layers;
}

PlanTotals sumPlan(ModuleOp module, ArrayRef<LayerPlan> layers,
                   unsigned floatWeightBits) {
  PlanTotals totals;
  llvm::DenseSet<Value> counted;
  for (const LayerPlan &layer : layers) {
    ++(layer.scheme ? totals.quantized : totals.kept);
    if (layer.bytesBefore == 0 && layer.shape.empty())
      continue;
    counted.insert(ContractionOpInterface(layer.op).getWeight());
    // A weight that several layers share is stored once.
    if (layer.sharesWeight)
      continue;
    totals.weightsBefore += layer.bytesBefore;
    totals.weightsAfter += layer.bytesAfter;
  }
  module.walk([&](Operation *op) {
    if (!op->hasTrait<OpTrait::ConstantLike>() || op->getNumResults() != 1 ||
        counted.contains(op->getResult(0)))
      return;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return;
    int64_t bytes = bytesOf(type);
    totals.othersBefore += bytes;
    totals.othersAfter +=
        isStoredAsHalf(op, floatWeightBits == 16) ? bytes / 2 : bytes;
  });
  return totals;
}

} // namespace mlir::qopt
