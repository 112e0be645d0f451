//===- CollectReport.cpp - what a compile can say about itself ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers are measured alone, each on float rows of its own activation: what a
// layer adds, not what reaches it from the layers in front.
//===----------------------------------------------------------------------===//

#include "CollectReport.h"
#include "mlir/IR/Threading.h"
#include "qopt/Dialect/QOpt/Transforms/LayerPlan.h"
#include "qopt/Dialect/QOpt/Transforms/ReferenceProduct.h"
#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/Names.h"

#include <cmath>

using namespace mlir;
using namespace mlir::qopt;

/// An odd number of bins has one around 0.
static constexpr int64_t numBins = 61;
static constexpr int64_t numBuckets = 192;

namespace {

class Collector {
public:
  Collector(ModuleOp module, ReportData &data) : module(module), data(data) {}
  LogicalResult load(StringRef path);
  LogicalResult collect(unsigned floatWeightBits);

private:
  void describe(const LayerPlan &plan, ReportLayer &layer);
  void observe(const LayerPlan &plan, const ColumnStatistics &statistics,
               ReportLayer &layer);
  void measure(const LayerPlan &plan, const ColumnStatistics *statistics,
               ReportLayer &layer);
  std::vector<float> rowsOf(const LayerPlan &plan,
                            const ColumnStatistics &statistics);
  void warn();

  ModuleOp module;
  ReportData &data;
  std::optional<TapStatistics> calibration;
  int64_t maxRows = 128;
};

} // namespace

static std::vector<float> floatsOf(Operation *op, StringRef name) {
  std::vector<float> values;
  if (auto elements = dyn_cast_or_null<DenseFPElementsAttr>(op->getAttr(name)))
    if (elements.getElementType().isF32())
      llvm::append_range(values, elements.getValues<float>());
  return values;
}

static ReportHistogram emptyHistogram(double lo, double hi) {
  // Symmetric, so that 0 is the middle.
  double reach = std::max(std::fabs(lo), std::fabs(hi));
  if (lo < 0)
    return {-reach, reach, std::vector<uint64_t>(numBins)};
  return {0, reach, std::vector<uint64_t>(numBins)};
}

static uint64_t &binOf(ReportHistogram &histogram, double value) {
  double share = (value - histogram.lo) / (histogram.hi - histogram.lo);
  return histogram.counts[std::clamp<int64_t>(share * numBins, 0, numBins - 1)];
}

/// Bins of one width from bins that double.
static ReportHistogram rebin(const Histogram &from) {
  if (from.empty() || from.absmax() == 0)
    return {};
  ReportHistogram result = emptyHistogram(from.lo, from.hi);
  for (auto [i, count] : llvm::enumerate(from.bins()))
    if (count) {
      auto [lo, hi] = from.edges(i);
      binOf(result, (double(lo) + hi) / 2) += count;
    }
  return result;
}

static ReportHistogram histogramOf(const WeightMatrix &weight) {
  double lo = 0, hi = 0;
  auto value = [&](int64_t i) { return weight.factor * weight.data[i]; };
  for (int64_t i = 0, e = weight.data.size(); i < e; ++i) {
    lo = std::min<double>(lo, value(i));
    hi = std::max<double>(hi, value(i));
  }
  if (!(hi > lo) || !std::isfinite(hi - lo))
    return {};
  ReportHistogram result = emptyHistogram(lo, hi);
  for (int64_t i = 0, e = weight.data.size(); i < e; ++i)
    ++binOf(result, value(i));
  return result;
}

/// The largest of each bucket.
static std::vector<float> buckets(ArrayRef<float> values, int64_t size) {
  std::vector<float> result((values.size() + size - 1) / size, 0.0f);
  for (auto [i, value] : llvm::enumerate(values))
    result[i / size] = std::max(result[i / size], value);
  return result;
}

LogicalResult Collector::load(StringRef path) {
  FailureOr<TapStatistics> loaded = TapStatistics::load(module, path);
  if (failed(loaded))
    return failure();
  calibration = std::move(*loaded);
  llvm::Expected<Statistics> statistics = Statistics::load(path);
  if (!statistics)
    return emitError(module.getLoc(), llvm::toString(statistics.takeError()));
  data.isCalibrated = true;
  data.samples = statistics->samples;
  data.tokens = calibration->tokens();
  data.nonfiniteSamples = statistics->nonfiniteSamples;
  for (const ColumnStatistics &tap : statistics->taps)
    data.masked = std::max(data.masked, tap.masked);
  return success();
}

void Collector::describe(const LayerPlan &plan, ReportLayer &layer) {
  layer.name = plan.name;
  layer.opName = plan.opName;
  layer.shape = plan.shapeText();
  layer.k = plan.k;
  layer.n = plan.n;
  layer.isQuantized = plan.scheme.has_value();
  layer.scheme = "float";
  if (plan.scheme) {
    SchemeSpec spec = *plan.scheme;
    // The column of outliers says it.
    spec.mode = SchemeSpec::Mode::Auto;
    layer.scheme = spec.str();
    if (spec.method == SchemeSpec::Method::LLMInt8)
      layer.threshold = spec.threshold.value_or(0);
  }
  layer.alpha = plan.alpha;
  layer.storage = plan.storage;
  layer.reason = plan.reason;
  layer.note = plan.note;
  layer.outlierText = plan.outlierText();
  layer.outliers.assign(plan.outliers.begin(), plan.outliers.end());
  if (plan.activationScale)
    layer.activationScale = *plan.activationScale;
  layer.bytesBefore = plan.bytesBefore;
  layer.bytesAfter = plan.bytesAfter;
  layer.sharesWeight = plan.sharesWeight;
}

void Collector::observe(const LayerPlan &plan,
                        const ColumnStatistics &statistics,
                        ReportLayer &layer) {
  layer.tokens = statistics.tokens;
  if (!statistics.tokens || statistics.columns() != plan.k)
    return;
  layer.activation = rebin(statistics.histogram());
  layer.columnsPerBucket = (plan.k + numBuckets - 1) / numBuckets;
  layer.columnMax = buckets(statistics.absmax, layer.columnsPerBucket);
  std::vector<float> factors = floatsOf(plan.op, smoothedAttrName);
  if (int64_t(factors.size()) != plan.k)
    return;
  std::vector<float> smoothed(statistics.absmax);
  for (auto [value, s] : llvm::zip_equal(smoothed, factors))
    value /= s;
  for (int64_t column : plan.outliers)
    smoothed[column] = statistics.absmax[column];
  layer.smoothedMax = buckets(smoothed, layer.columnsPerBucket);
}

/// Rows as the operation sees them: behind the factors that are folded into
/// what is in front, before those that the quantize step applies.
std::vector<float> Collector::rowsOf(const LayerPlan &plan,
                                     const ColumnStatistics &statistics) {
  std::vector<float> rows;
  if (statistics.columns() != plan.k)
    return rows;
  Operation *op = plan.op;
  std::vector<float> factors;
  if (!op->hasAttr(smoothAttrName))
    factors = floatsOf(op, smoothedAttrName);
  for (int64_t i = 0, e = std::min(maxRows, statistics.keptRows()); i < e; ++i)
    for (auto [column, value] : llvm::enumerate(statistics.keptRow(i)))
      rows.push_back(factors.empty() ? value : value / factors[column]);
  return rows;
}

void Collector::measure(const LayerPlan &plan,
                        const ColumnStatistics *statistics,
                        ReportLayer &layer) {
  ContractionOpInterface op = plan.op;
  if (plan.shape.size() != 2 || !constantWeight(op))
    return;
  std::optional<FloatData> values = FloatData::get(constantWeight(op));
  if (!values)
    return;
  WeightMatrix weight{*values, plan.k, plan.n, op.isWeightTransposed(),
                      float(op.getProductFactor())};
  layer.weight = histogramOf(weight);
  if (!plan.attribute)
    return;
  std::vector<float> absmax(plan.n, 0.0f);
  for (int64_t row = 0; row < plan.k; ++row)
    for (int64_t column = 0; column < plan.n; ++column)
      absmax[column] =
          std::max(absmax[column], std::fabs(weight.at(row, column)));
  layer.zeroChannels =
      llvm::count_if(absmax, [](float value) { return value < tinyAbsmax; });

  std::vector<float> rows, factors = floatsOf(op, smoothAttrName);
  if (statistics)
    rows = rowsOf(plan, *statistics);
  ProductScheme how{plan.attribute, plan.outliers, factors,
                    plan.activationScale.value_or(1.0f),
                    plan.zeroPoint.value_or(0)};
  ReferenceProduct product(weight, rows);
  ProductQuality measured = product.measure(how);
  ReportQuality &quality = layer.quality.emplace();
  quality.rows = product.rowCount();
  quality.weightSQNR = measured.weightSQNR;
  if (rows.empty())
    return;
  if (!plan.attribute.isWeightOnly())
    quality.activationSQNR = measured.activationSQNR;
  quality.outputSQNR = measured.outputSQNR;
  quality.cosine = measured.cosine;
  quality.maxError = measured.maxError;
  quality.maxOutput = measured.maxOutput;
  quality.relativeNoise =
      measured.signal > 0 ? measured.noise / measured.signal : 0;
}

void Collector::warn() {
  auto add = [&](const Twine &text) { data.warnings.push_back(text.str()); };
  if (data.nonfiniteSamples)
    add(Twine(data.nonfiniteSamples) + " of " +
        Twine(data.samples + data.nonfiniteSamples) +
        " calibration samples were left out: NaN or Inf in activations.");
  int64_t zeros = 0, zeroLayers = 0, unseen = 0, doubled = 0, kept = 0, low = 0;
  const ReportLayer *worst = nullptr;
  for (const ReportLayer &layer : data.layers) {
    zeros += layer.zeroChannels;
    zeroLayers += layer.zeroChannels != 0;
    unseen += data.isCalibrated && layer.isQuantized && layer.tokens == 0;
    doubled += layer.isQuantized && (layer.outlierText == "dynamic" ||
                                     layer.outlierText == "dynamic-row");
    kept += !layer.isQuantized && layer.shape.size() &&
            layer.reason != "last projection";
    if (!layer.quality || !layer.quality->outputSQNR)
      continue;
    low += *layer.quality->outputSQNR < 20;
    if (!worst || *layer.quality->outputSQNR < *worst->quality->outputSQNR)
      worst = &layer;
  }
  if (zeros)
    add(Twine(zeros) + " all-zero channels in " + Twine(zeroLayers) +
        (zeroLayers == 1 ? " weight." : " weights."));
  if (unseen)
    add(Twine(unseen) + " quantized layers were not seen in the calibration.");
  if (kept)
    add(Twine(kept) + " layers with constant weights stay in float beside the "
                      "last projection; the table says why.");
  if (doubled && !data.isCalibrated)
    add(Twine(doubled) + " layers find outlier columns at run time and keep "
                         "their weights in half precision beside the codes; "
                         "--calib=FILE chooses the columns once.");
  if (low)
    add(Twine(low) + " layers have an output below 20 dB; the worst is " +
        quoteName(worst->name) +
        ". Try llm-int8, smoothquant-int8 with alpha=auto, or --keep.");
  if (!data.isCalibrated)
    add("No calibration data: what activations look like, and the error of "
        "outputs, is not known. Add --calib=FILE.");
}

LogicalResult Collector::collect(unsigned floatWeightBits) {
  std::vector<LayerPlan> plans = describePlan(module, floatWeightBits);
  PlanTotals totals = sumPlan(module, plans, floatWeightBits);
  data.quantized = totals.quantized;
  data.kept = totals.kept;
  data.weightsBefore = totals.weightsBefore;
  data.weightsAfter = totals.weightsAfter;
  data.othersBefore = totals.othersBefore;
  data.othersAfter = totals.othersAfter;
  if (auto hash = module->getAttrOfType<StringAttr>("onnx.source_sha256"))
    data.modelHash = hash.str();

  // Products of 2^35 elements take seconds.
  int64_t weights = 1;
  for (const LayerPlan &plan : plans)
    weights += plan.k * plan.n;
  maxRows = std::clamp<int64_t>((int64_t(1) << 35) / weights, 8, 128);

  data.layers.resize(plans.size());
  std::vector<const ColumnStatistics *> statistics(plans.size(), nullptr);
  for (auto [i, plan] : llvm::enumerate(plans)) {
    describe(plan, data.layers[i]);
    if (!calibration || !whyNotQuantizable(plan.op).empty())
      continue;
    FailureOr<const ColumnStatistics *> found = calibration->find(plan.op);
    if (failed(found))
      return failure();
    statistics[i] = *found;
    observe(plan, **found, data.layers[i]);
  }
  parallelFor(module.getContext(), 0, plans.size(), [&](size_t i) {
    measure(plans[i], statistics[i], data.layers[i]);
  });
  warn();
  return success();
}

FailureOr<ReportData> qopt::collectReport(ModuleOp module,
                                          unsigned floatWeightBits,
                                          StringRef statistics) {
  ReportData data;
  Collector collector(module, data);
  if (!statistics.empty() && failed(collector.load(statistics)))
    return failure();
  if (failed(collector.collect(floatWeightBits)))
    return failure();
  return data;
}
