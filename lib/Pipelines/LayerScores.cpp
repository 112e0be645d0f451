//===- LayerScores.cpp - what quantization costs each layer alone ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayerScores.h"
#include "PipelineText.h"
#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRecipe.h"
#include "qopt/Dialect/QOpt/Transforms/ReferenceProduct.h"
#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/ModelInput.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/Regex.h"

#include <cmath>

using namespace mlir;
using namespace mlir::qopt;

double LayerScore::noise() const { return std::pow(10, -sqnr / 10); }

const LadderStep &LayerScore::cure() const {
  for (const LadderStep &step : ladder)
    if (step.sqnr >= sqnr + 10 * std::log10(4.0))
      return step;
  return ladder.back();
}

std::string qopt::exactly(StringRef name) {
  return "^" + llvm::Regex::escape(name) + "$";
}

std::string qopt::anyOf(ArrayRef<std::string> names) {
  if (names.size() == 1)
    return exactly(names[0]);
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : "|") + llvm::Regex::escape(name);
  return "^(" + text + ")$";
}

namespace {

/// One layer with everything that its products are computed from.
struct Layer {
  LayerScore score;
  WeightMatrix weight, planned;
  std::vector<float> rows, plannedRows;
  ProductScheme scheme;
  SmallVector<int64_t> outliers, llmOutliers;
  /// Of the plan, and of smoothing with alpha = 0.5.
  SmallVector<float> factors, smoothing;
  bool isSmoothed = false;
  SchemeAttr w8a8, llmInt8, w8a16;

  void measure();
};

class Scorer {
public:
  Scorer(const CompileOptions &options, StringRef statistics)
      : options(options), statistics(statistics),
        context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  std::vector<LayerScore> run(std::string &error);

private:
  OwningOpRef<ModuleOp> read(std::string &error);
  bool collect(ContractionOpInterface raw, ContractionOpInterface planned,
               const TapStatistics &taps);

  const CompileOptions &options;
  std::string statistics;
  MLIRContext context;
  std::vector<Layer> layers;
};

} // namespace

OwningOpRef<ModuleOp> Scorer::read(std::string &error) {
  ImportOptions import;
  for (const InputShape &shape : options.shapes)
    import.shapes.push_back({shape.input, shape.dims});
  for (const DimRange &dim : options.dims)
    import.dims.push_back({dim.symbol, dim.min, dim.max, dim.opt});
  import.strictExternalData = options.strictExternalData;
  import.externalDataDir = options.externalDataDir;
  import.warn = [](StringRef) {};
  ImportError failure;
  OwningOpRef<ModuleOp> module =
      readModel(options.modelPath, context, import, failure);
  if (!module)
    error = failure.message;
  return module;
}

static std::optional<WeightMatrix> weightOf(ContractionOpInterface op) {
  ElementsAttr value = constantWeight(op);
  std::optional<FloatData> data = value ? FloatData::get(value) : std::nullopt;
  if (!data)
    return std::nullopt;
  auto [k, n] = weightShape(op);
  return WeightMatrix{*data, k, n, op.isWeightTransposed(),
                      float(op.getProductFactor())};
}

/// Reads the layer, and what its plan says, out of the two modules: as it was
/// and as smoothing has left it.
bool Scorer::collect(ContractionOpInterface raw, ContractionOpInterface planned,
                     const TapStatistics &taps) {
  auto scheme = planned->getAttrOfType<SchemeAttr>(schemeAttrName);
  if (!scheme)
    return true;
  FailureOr<const ColumnStatistics *> found = taps.find(raw);
  if (failed(found))
    return false;
  const ColumnStatistics &columns = **found;
  std::optional<WeightMatrix> weight = weightOf(raw), after = weightOf(planned);
  if (!weight || !after || columns.keptRows() == 0)
    return true;

  Layer &layer = layers.emplace_back();
  layer.score.name = nodeName(raw).str();
  layer.score.k = weight->k;
  layer.score.n = weight->n;
  layer.weight = *weight;
  layer.planned = *after;
  // As many rows as a quarter of a second allows.
  int64_t limit = std::clamp<int64_t>(
      (int64_t(1) << 26) / std::max<int64_t>(1, weight->k * weight->n), 8, 128);
  for (int64_t i = 0; i < std::min(limit, columns.keptRows()); ++i)
    llvm::append_range(layer.rows, columns.keptRow(i));

  // Factors that an operation in front has taken are in its output already.
  layer.plannedRows = layer.rows;
  auto smoothed = planned->getAttrOfType<DenseFPElementsAttr>(smoothedAttrName);
  auto inKernel = planned->getAttrOfType<DenseFPElementsAttr>(smoothAttrName);
  if (smoothed && !inKernel) {
    SmallVector<float> s(smoothed.getValues<float>());
    for (auto [i, value] : llvm::enumerate(layer.plannedRows))
      value /= s[i % s.size()];
  }
  if (inKernel)
    layer.factors.assign(inKernel.getValues<float>().begin(),
                         inKernel.getValues<float>().end());
  if (auto list = planned->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
    layer.outliers.assign(list.asArrayRef().begin(), list.asArrayRef().end());
  layer.scheme.scheme = scheme;
  if (auto scale = planned->getAttrOfType<FloatAttr>(activationScaleAttrName))
    layer.scheme.activationScale = scale.getValueAsDouble();
  if (auto zero =
          planned->getAttrOfType<IntegerAttr>(activationZeroPointAttrName))
    layer.scheme.zeroPoint = zero.getInt();
  auto recipe = planned->getAttrOfType<StringAttr>(recipeAttrName);
  layer.score.scheme = recipe ? recipe.str() : "w8a8";

  layer.isSmoothed = bool(smoothed);
  std::vector<float> wx(weight->k, 0.0f);
  raiseToRowAbsmax(raw, wx);
  layer.smoothing = smoothingFactors(columns.absmax, wx, 0.5);
  OutlierRule rule;
  for (int64_t column : selectOutliers(SmoothedColumns(columns), rule).columns)
    layer.llmOutliers.push_back(column);
  layer.score.outliers = layer.llmOutliers.size();
  auto schemeOf = [&](StringRef text) {
    return llvm::cantFail(SchemeSpec::parse(text)).scheme(&context, true);
  };
  layer.w8a8 = schemeOf("w8a8");
  layer.llmInt8 = schemeOf("llm-int8{mode=static}");
  layer.w8a16 = schemeOf("w8a16");
  return true;
}

void Layer::measure() {
  scheme.outliers = outliers;
  scheme.factors = factors;
  score.sqnr =
      ReferenceProduct(planned, plannedRows).measure(scheme).outputSQNR;
  ReferenceProduct product(weight, rows);
  auto add = [&](StringRef name, const ProductScheme &how) {
    // What the plan does already is no cure.
    if (name != StringRef(score.scheme).split('{').first)
      score.ladder.push_back({name.str(), product.measure(how).outputSQNR});
  };
  add("w8a8", {w8a8});
  if (!isSmoothed)
    score.ladder.push_back(
        {"w8a8{alpha=0.5}", product.measure({w8a8, {}, smoothing}).outputSQNR});
  if (!llmOutliers.empty())
    add("llm-int8", {llmInt8, llmOutliers});
  add("w8a16", {w8a16});
  score.ladder.push_back({"fp32", INFINITY});
}

std::vector<LayerScore> Scorer::run(std::string &error) {
  std::string complaint;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
        complaint.empty())
      complaint = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> raw = read(error),
                        planned = raw ? read(error) : nullptr;
  if (!raw || !planned)
    return {};
  PassManager simplify(&context, ModuleOp::getOperationName());
  onnx::buildSimplifyPipeline(simplify, options.noLift);
  std::optional<PipelineChoice> choice = parsePipelineChoice(options, error);
  PassManager plan(&context, ModuleOp::getOperationName());
  if (!choice || failed(addPipeline(plan, *choice, options, options.loadCalib,
                                    error, PipelinePart::Plan)))
    return {};
  if (failed(simplify.run(*raw)) || failed(plan.run(*planned))) {
    error = complaint;
    return {};
  }
  FailureOr<TapStatistics> taps = TapStatistics::load(*raw, statistics);
  SmallVector<ContractionOpInterface> before = collectContractions(*raw),
                                      after = collectContractions(*planned);
  if (failed(taps) || before.size() != after.size()) {
    error = complaint.empty() ? "the plan has changed the layers" : complaint;
    return {};
  }
  for (auto [op, withPlan] : llvm::zip_equal(before, after))
    if (!collect(op, withPlan, *taps)) {
      error = complaint;
      return {};
    }
  llvm::parallelFor(0, layers.size(), [&](size_t i) { layers[i].measure(); });
  std::vector<LayerScore> result;
  for (Layer &layer : layers)
    result.push_back(std::move(layer.score));
  if (result.empty())
    error = "the plan quantizes no layer";
  return result;
}

std::vector<LayerScore> qopt::scoreLayers(const CompileOptions &options,
                                          StringRef statistics,
                                          std::string &error) {
  return Scorer(options, statistics).run(error);
}
