//===- HistogramTest.cpp - bins and clipping ranges -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/Histogram.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir::qopt;
using Observer = RangeRule::Observer;

namespace {

Histogram histogramOf(const std::vector<float> &values) {
  Histogram result;
  result.add(values);
  return result;
}

std::vector<float> normal(int64_t count, double deviation = 1) {
  // The same values in every run.
  std::mt19937 random(7); // NOLINT(bugprone-random-generator-seed)
  std::vector<float> values;
  // The distributions of the standard library differ between versions.
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int j = 0; j < 12; ++j)
      sum += double(random()) / 4294967296.0;
    values.push_back(float((sum - 6) * deviation));
  }
  return values;
}

constexpr Observer observers[] = {Observer::MinMax, Observer::Percentile,
                                  Observer::MSE, Observer::Entropy};

TEST(Histogram, BinsHoldTheirValues) {
  for (float value :
       {1.0f, 1.5f, -1.0f, 127.99f, 1e-20f, -1e-20f, 0.0f, -0.0f, 3e38f, -3e38f,
        1e-45f, std::ldexp(1.0f, -31), std::ldexp(-1.0f, 33)}) {
    Histogram histogram = histogramOf({value, -1000, 1000});
    int64_t seen = 0;
    for (int64_t bin = 0; bin < Histogram::numBins; ++bin) {
      auto [lo, hi] = histogram.edges(bin);
      ASSERT_LE(lo, hi);
      for (uint64_t i = 0; i < histogram.bins()[bin]; ++i)
        for (float x : {value, -1000.0f, 1000.0f})
          seen += lo <= x && x <= hi;
    }
    EXPECT_GE(seen, 3) << value;
  }
}

TEST(Histogram, EdgesRise) {
  Histogram histogram = histogramOf({-3e38f, 3e38f});
  for (int64_t bin = 1; bin < Histogram::numBins; ++bin)
    ASSERT_EQ(histogram.edges(bin - 1).second, histogram.edges(bin).first);
}

TEST(Histogram, MergesExactly) {
  std::vector<float> values = normal(5000, 3);
  values.push_back(1e30f);
  Histogram whole = histogramOf(values), parts, other;
  parts.add(llvm::ArrayRef<float>(values).drop_back(1000));
  other.add(llvm::ArrayRef<float>(values).take_back(1000));
  other.merge(parts);
  other.merge({});
  EXPECT_TRUE(whole == other);
  EXPECT_EQ(whole.hi, 1e30f);
}

TEST(ChooseRange, NothingAndZeros) {
  for (Observer observer : observers) {
    Range none = chooseRange({}, {observer});
    EXPECT_EQ(none.lo, 0);
    EXPECT_EQ(none.hi, 0);
    Range zeros = chooseRange(histogramOf({0, 0, -0.0f}), {observer});
    EXPECT_EQ(zeros.lo, 0);
    EXPECT_EQ(zeros.hi, 0);
  }
}

TEST(ChooseRange, ConstantTensors) {
  for (Observer observer : observers)
    for (float value : {5.0f, -5.0f, 1e30f, 1e-30f, 1e-44f}) {
      Range both = chooseRange(histogramOf({value, value}), {observer});
      EXPECT_NEAR(both.hi / std::fabs(value), 1, 0.02) << value;
      EXPECT_EQ(both.lo, -both.hi);
      Range one = chooseRange(histogramOf({value, value}),
                              {observer, 99.99, false, 255});
      EXPECT_EQ(value < 0 ? one.hi : one.lo, 0);
      EXPECT_NEAR((value < 0 ? one.lo : one.hi) / value, 1, 0.02);
    }
}

TEST(ChooseRange, PercentileCutsBothEnds) {
  std::vector<float> values;
  for (int i = 0; i < 100000; ++i)
    values.push_back(float(i - 30000) / 1000);
  Range range =
      chooseRange(histogramOf(values), {Observer::Percentile, 99, false, 255});
  EXPECT_NEAR(range.lo, -29.5, 0.2);
  EXPECT_NEAR(range.hi, 69.5, 0.3);
  range = chooseRange(histogramOf(values), {Observer::Percentile, 99});
  EXPECT_NEAR(range.hi, 69.5, 0.3);
  EXPECT_EQ(range.lo, -range.hi);
}

TEST(ChooseRange, OneOutlierCostsTheOthersNoResolution) {
  std::vector<float> values = normal(1000000);
  Range without = chooseRange(histogramOf(values), {Observer::Percentile});
  values.push_back(1e30f);
  Range with = chooseRange(histogramOf(values), {Observer::Percentile});
  EXPECT_NEAR(with.hi, without.hi, 0.05);
  EXPECT_NEAR(with.hi, 3.7, 0.2);
}

/// Sum of |x - q(x)|^2.4.
double errorOf(const std::vector<float> &values, double hi) {
  double sum = 0, scale = hi / 127;
  for (float value : values) {
    double code = std::min(std::max(std::rint(value / scale), -127.0), 127.0);
    sum += std::pow(std::fabs(value - code * scale), 2.4);
  }
  return sum;
}

TEST(ChooseRange, SmallestErrorIsThatOfTheData) {
  std::vector<float> values = normal(200000);
  for (int i = 0; i < 20; ++i)
    values.push_back(12);
  Range range = chooseRange(histogramOf(values), {Observer::MSE});
  double best = 12, least = errorOf(values, 12);
  for (int percent = 100; percent > 20; --percent) {
    double hi = 0.12 * percent;
    if (double error = errorOf(values, hi); error < least) {
      least = error;
      best = hi;
    }
  }
  EXPECT_LE(errorOf(values, range.hi), 1.02 * least)
      << range.hi << " against " << best;
}

TEST(ChooseRange, EntropyClipsALongTail) {
  std::vector<float> values = normal(200000);
  for (int i = 0; i < 20; ++i)
    values.push_back(float(10 + i));
  Range range = chooseRange(histogramOf(values), {Observer::Entropy});
  EXPECT_GT(range.hi, 2.0);
  EXPECT_LT(range.hi, 12.0);
}

TEST(ChooseRange, EntropyOfActivationsBehindRelu) {
  std::vector<float> values = normal(200000);
  for (float &value : values)
    value = std::max(value, 0.0f);
  EXPECT_GT(chooseRange(histogramOf(values), {Observer::Entropy}).hi, 3.5);
}

} // namespace
