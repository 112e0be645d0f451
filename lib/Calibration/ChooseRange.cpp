//===- ChooseRange.cpp - clipping ranges from histograms ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Percentile, squared-error-like and entropy rules, as inference engines name
// them. Within a bin values count as evenly spread. All rules answer with the
// extremes themselves where they have nothing to gain.
//===----------------------------------------------------------------------===//

#include "qopt/Calibration/Histogram.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace mlir::qopt {

/// Value below which `share` of the values lie.
static double quantile(const Histogram &histogram, double share) {
  double wanted = share * double(histogram.count()), seen = 0;
  for (auto [bin, count] : enumerate(histogram.bins())) {
    if (count == 0 || seen + double(count) < wanted) {
      seen += double(count);
      continue;
    }
    auto [from, to] = histogram.edges(bin);
    return from + (double(to) - from) * (wanted - seen) / double(count);
  }
  return histogram.hi;
}

static Range choosePercentile(const Histogram &histogram, double percentile) {
  double cut = (100 - percentile) / 200;
  return {float(quantile(histogram, cut)), float(quantile(histogram, 1 - cut))};
}

namespace {
/// Values that stand for the bins: a bin that is wide against a quantization
/// step has several, evenly spread.
struct Point {
  double value, weight;
};
} // namespace

static std::vector<Point> makePoints(const Histogram &histogram, double step) {
  std::vector<Point> points;
  for (auto [bin, count] : enumerate(histogram.bins())) {
    if (count == 0)
      continue;
    auto [from, to] = histogram.edges(bin);
    double width = double(to) - from;
    int parts = std::clamp(int(std::ceil(4 * width / step)), 1, 8);
    for (int i = 0; i < parts; ++i)
      points.push_back(
          {from + width * (i + 0.5) / parts, double(count) / parts});
  }
  return points;
}

/// Smallest sum of |x - q(x)|^2.4 over ranges shrunk in steps of 1 % down to
/// 20 %, given up after 5 steps without improvement.
static double chooseShrink(const Histogram &histogram, Range whole,
                           const RangeRule &rule) {
  constexpr double power = 2.4, least = 0.2;
  constexpr int grid = 100, patience = 5;
  double step = (double(whole.hi) - whole.lo) / rule.levels;
  std::vector<Point> points = makePoints(histogram, step);
  double best = 1, bestError = -1;
  int worse = 0;
  for (int i = 0; i <= grid * (1 - least) && worse < patience; ++i) {
    double shrink = 1 - double(i) / grid;
    double lo = whole.lo * shrink, scale = step * shrink, error = 0;
    for (const Point &point : points) {
      double code = std::rint((point.value - lo) / scale);
      code = std::clamp(code, 0.0, double(rule.levels));
      error += point.weight *
               std::pow(std::fabs(point.value - (lo + code * scale)), power);
    }
    if (bestError < 0 || error < bestError) {
      bestError = error;
      best = shrink;
      worse = 0;
    } else {
      ++worse;
    }
  }
  return best;
}

/// Magnitudes in equal bins over 0 .. absmax, without the zeros: they are exact
/// in every window, but joined with their neighbours into one level they would
/// ask for a narrow one (behind Relu half of the values are 0).
static std::vector<double> magnitudes(const Histogram &histogram, int bins) {
  std::vector<double> result(bins);
  double width = double(histogram.absmax()) / bins;
  for (auto [bin, count] : enumerate(histogram.bins())) {
    auto [from, to] = histogram.edges(bin);
    if (count == 0 || from == 0 || to == 0)
      continue;
    double near = std::min(std::fabs(from), std::fabs(to)) / width;
    double far = std::max(std::fabs(from), std::fabs(to)) / width;
    int first = std::min(int(near), bins - 1);
    int last = std::min(int(far), bins - 1);
    if (first == last || far <= near) {
      result[first] += double(count);
      continue;
    }
    for (int i = first; i <= last; ++i)
      result[i] += double(count) *
                   (std::min(far, i + 1.0) - std::max(near, double(i))) /
                   (far - near);
  }
  return result;
}

/// The window 0 .. i bins whose distribution, with everything beyond in its
/// last bin, loses least (Kullback-Leibler) when its bins are joined to 128
/// levels. In closed form per window: within a level the model is constant over
/// the bins that are not empty.
static double chooseWindow(const Histogram &histogram) {
  constexpr int bins = 2048, levels = 128;
  // What an empty level is taken for, so that the divergence stays finite.
  constexpr double floor = 1e-4;
  std::vector<double> h = magnitudes(histogram, bins);
  std::vector<double> sums(bins + 1), filled(bins + 1), entropy(bins + 1);
  auto xlogx = [](double x) { return x > 0 ? x * std::log(x) : 0; };
  for (int i = 0; i < bins; ++i) {
    sums[i + 1] = sums[i] + h[i];
    filled[i + 1] = filled[i] + (h[i] > 0);
    entropy[i + 1] = entropy[i] + xlogx(h[i]);
  }
  double total = sums[bins];
  int best = bins;
  double bestLoss = -1;
  for (int i = levels; i <= bins; ++i) {
    double inside = sums[i];
    if (inside <= 0)
      continue;
    double tail = total - inside, last = h[i - 1] + tail;
    // Of sum p log p and sum p log q, times the total.
    double own = entropy[i - 1] + xlogx(last), model = 0;
    for (int level = 0; level < levels; ++level) {
      int from = int64_t(level) * i / levels;
      int to = int64_t(level + 1) * i / levels;
      double mass = sums[to] - sums[from], places = filled[to] - filled[from];
      double wanted = mass + (to == i ? tail : 0);
      if (wanted > 0)
        model += wanted *
                 std::log(std::max(places > 0 ? mass / places : 0.0, floor));
    }
    double loss = (own - model) / total - std::log(total) + std::log(inside);
    if (bestLoss < 0 || loss < bestLoss) {
      bestLoss = std::max(loss, 0.0);
      best = i;
    }
  }
  return double(histogram.absmax()) * best / bins;
}

Range chooseRange(const Histogram &histogram, const RangeRule &rule) {
  if (histogram.empty() || histogram.absmax() == 0)
    return {};
  auto withZero = [&](Range range) {
    range.lo = std::clamp(range.lo, std::min(histogram.lo, 0.0f), 0.0f);
    range.hi = std::clamp(range.hi, 0.0f, std::max(histogram.hi, 0.0f));
    if (rule.symmetric) {
      range.hi = std::max(range.hi, -range.lo);
      range.lo = -range.hi;
    }
    return range;
  };
  Range whole = withZero({histogram.lo, histogram.hi}), result = whole;
  switch (rule.observer) {
  case RangeRule::Observer::MinMax:
    break;
  case RangeRule::Observer::Percentile:
    result = withZero(choosePercentile(histogram, rule.percentile));
    break;
  case RangeRule::Observer::MSE: {
    double shrink = chooseShrink(histogram, whole, rule);
    result = {float(whole.lo * shrink), float(whole.hi * shrink)};
    break;
  }
  case RangeRule::Observer::Entropy: {
    float window = float(chooseWindow(histogram));
    result = withZero({-window, window});
    break;
  }
  }
  // More than half of the values are 0, say: no rule may make all of them 0.
  return result.hi > result.lo ? result : whole;
}

} // namespace mlir::qopt
