//===- SmoothSearch.cpp - how far to smooth -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The best alpha depends on what is quantized how: one scale for a whole
// activation wants far more of the range in the weights than one per row. So it
// is found per group of readers, by the error that their plan makes.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Dialect/QOpt/Transforms/LayerRecipe.h"
#include "qopt/Dialect/QOpt/Transforms/ProductError.h"
#include "qopt/Dialect/QOpt/Transforms/Smooth.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;

namespace mlir::qopt {

std::optional<Alpha> Alpha::parse(StringRef text) {
  Alpha alpha;
  if (text == "off")
    return alpha;
  alpha.kind = Kind::Auto;
  if (text == "auto")
    return alpha;
  alpha.kind = Kind::Given;
  // NaN fails this.
  if (text.empty() || !llvm::to_float(text, alpha.value) ||
      !(alpha.value >= 0 && alpha.value <= 1))
    return std::nullopt;
  return alpha;
}

std::optional<Alpha> Alpha::read(Attribute attribute) {
  if (auto word = dyn_cast<StringAttr>(attribute))
    return parse(word.getValue());
  auto number = dyn_cast<FloatAttr>(attribute);
  if (!number)
    return std::nullopt;
  Alpha alpha{Kind::Given, number.getValueAsDouble()};
  return alpha.value >= 0 && alpha.value <= 1 ? std::optional(alpha)
                                              : std::nullopt;
}

namespace {

/// The magnitudes that factors are made of, over all readers.
struct Magnitudes {
  std::vector<float> ax, wx;
};

/// Readers of one activation that are quantized in one way.
struct Cost {
  const ColumnStatistics *statistics;
  ArrayRef<int32_t> of;
  SchemeAttr scheme;
  SchemeSpec recipe;
  SmallVector<ContractionOpInterface> readers;
  std::optional<ProductError> error;
};

} // namespace

static Magnitudes findMagnitudes(const SmoothGroup &group) {
  Magnitudes result;
  result.ax.assign(group.numFactors, 0.0f);
  result.wx.assign(group.numFactors, 0.0f);
  for (const SmoothGroup::Reader &reader : group.readers) {
    std::vector<float> rows(reader.factors.size());
    raiseToRowAbsmax(reader.op, rows);
    for (auto [k, factor] : llvm::enumerate(reader.factors)) {
      if (factor == ScaleLayout::none)
        continue;
      float &wx = result.wx[factor], &ax = result.ax[factor];
      // Once NaN, always NaN.
      if (!(rows[k] <= wx) && !std::isnan(wx))
        wx = rows[k];
      if (reader.statistics->tokens)
        ax = std::max(ax, reader.statistics->absmax[k]);
    }
  }
  return result;
}

static SmallVector<float> factorsFor(const SmoothGroup &group,
                                     const Magnitudes &magnitudes,
                                     double alpha) {
  SmallVector<float> factors =
      smoothingFactors(magnitudes.ax, magnitudes.wx, alpha);
  for (auto [factor, isFree] : llvm::zip_equal(factors, group.isFree))
    if (!isFree)
      factor = 1;
  return factors;
}

static FailureOr<std::vector<Cost>> collectCosts(const SmoothGroup &group) {
  std::vector<Cost> costs;
  for (const SmoothGroup::Reader &reader : group.readers) {
    if (!reader.isWanted || reader.statistics->keptRows() == 0)
      continue;
    ContractionOpInterface op = reader.op;
    auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName);
    FailureOr<SchemeSpec> recipe = recipeOf(op);
    if (failed(recipe))
      return failure();
    // Without a plan what the factors are for is not known; 8 bits per row.
    if (!scheme)
      scheme = SchemeSpec::parse("w8a8")->scheme(op->getContext(), true);
    auto same = llvm::find_if(costs, [&](Cost &cost) {
      return cost.readers.front().getActivation() == op.getActivation() &&
             cost.scheme == scheme && cost.recipe.str() == recipe->str();
    });
    if (same == costs.end()) {
      costs.push_back({reader.statistics,
                       reader.factors,
                       scheme,
                       *recipe,
                       {},
                       std::nullopt});
      same = std::prev(costs.end());
    }
    same->readers.push_back(op);
  }
  // A quarter of the work of a full measurement: the minimum is flat.
  for (Cost &cost : costs)
    cost.error.emplace(*cost.statistics, cost.readers,
                       ProductError::Limits{256, 256});
  return costs;
}

/// The columns that will be split off behind these factors, as far as that is
/// known before: threshold=auto comes last, and sees what smoothing left.
static std::vector<int64_t> expectOutliers(const Cost &cost,
                                           ArrayRef<float> factors) {
  ContractionOpInterface first = cost.readers.front();
  if (auto given = first->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName))
    return given.asArrayRef();
  if (cost.scheme.getOutliers() == OutlierMode::None || !cost.recipe.threshold)
    return {};
  OutlierRule rule{cost.scheme.getThreshold().getValueAsDouble(),
                   cost.recipe.frequency, cost.recipe.cap};
  if (cost.scheme.findsOutliers()) {
    rule.frequency = 0;
    rule.cap = cost.statistics->columns();
  }
  return selectOutliers({*cost.statistics, factors}, rule).columns;
}

static double measure(ArrayRef<Cost> costs, ArrayRef<float> factors) {
  double sum = 0;
  for (const Cost &cost : costs) {
    SmallVector<float> columns = factorsOfColumns(factors, cost.of);
    std::vector<int64_t> outliers = expectOutliers(cost, columns);
    sum += cost.error->noise({cost.scheme, cost.recipe, columns, outliers});
  }
  return sum;
}

/// 0 to 1 in steps of 0.1, then 0.05 to both sides of the best; a tie goes to
/// what is nearest to 0.5, and no smoothing wins all ties.
static Alpha search(const SmoothGroup &group, const Magnitudes &magnitudes,
                    ArrayRef<Cost> costs) {
  SmallVector<float> ones(group.numFactors, 1.0f);
  Alpha best;
  double least = measure(costs, ones);
  auto attempt = [&](int hundredths) {
    double alpha = hundredths / 100.0;
    double cost = measure(costs, factorsFor(group, magnitudes, alpha));
    if (cost < least) {
      least = cost;
      best = {Alpha::Kind::Given, alpha};
    }
  };
  for (int hundredths : {50, 40, 60, 30, 70, 20, 80, 10, 90, 0, 100})
    attempt(hundredths);
  if (best.kind == Alpha::Kind::Off)
    return best;
  int middle = int(std::lround(best.value * 100));
  for (int hundredths : {middle - 5, middle + 5})
    if (hundredths > 0 && hundredths < 100)
      attempt(hundredths);
  return best;
}

FailureOr<SmoothChoice> chooseFactors(const SmoothGroup &group) {
  SmoothChoice choice;
  choice.alpha = group.alpha;
  Magnitudes magnitudes = findMagnitudes(group);
  if (choice.alpha.kind == Alpha::Kind::Auto) {
    FailureOr<std::vector<Cost>> costs = collectCosts(group);
    if (failed(costs))
      return failure();
    if (costs->empty()) {
      choice.hadNoRows = true;
      choice.alpha = {Alpha::Kind::Given, 0.5};
    } else {
      choice.alpha = search(group, magnitudes, *costs);
    }
  }
  if (choice.alpha.kind == Alpha::Kind::Off)
    return choice;
  choice.factors = factorsFor(group, magnitudes, choice.alpha.value);
  if (llvm::all_of(choice.factors, [](float s) { return s == 1; }))
    choice.factors.clear();
  return choice;
}

} // namespace mlir::qopt
