//===- MetricsTest.cpp - perplexity and divergence of known numbers -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Metrics.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir::qopt;

TEST(Metrics, JudgesOnePosition) {
  // Probabilities 1/2, 1/4, 1/4 and 1/4, 1/2, 1/4, with any offset.
  float q[] = {3 + std::log(2.0f), 3, 3};
  float p[] = {-7, -7 + std::log(2.0f), -7};
  Prediction found = judge(q, p, 3, 0);
  EXPECT_TRUE(found.finite);
  EXPECT_FALSE(found.sameTop);
  EXPECT_NEAR(found.nll, std::log(2), 1e-6);
  EXPECT_NEAR(found.nllReference, std::log(4), 1e-6);
  EXPECT_NEAR(found.divergence, 0.25 * std::log(2), 1e-6);
  Prediction alone = judge(q, nullptr, 3, 1);
  EXPECT_NEAR(alone.nll, std::log(4), 1e-6);
  EXPECT_EQ(alone.divergence, 0);
}

TEST(Metrics, DivergenceFromItselfIsZero) {
  float q[] = {1.5f, -300, 80, -INFINITY, 79.5f};
  Prediction found = judge(q, q, 5, 2);
  EXPECT_TRUE(found.finite);
  EXPECT_TRUE(found.sameTop);
  EXPECT_EQ(found.divergence, 0);
}

TEST(Metrics, SeesWhatIsNotFinite) {
  float good[] = {0, 1}, nan[] = {0, NAN}, large[] = {0, INFINITY},
        nothing[] = {-INFINITY, -INFINITY};
  for (float *bad : {nan, large, nothing}) {
    EXPECT_FALSE(judge(bad, nullptr, 2, 0).finite);
    EXPECT_FALSE(judge(good, bad, 2, 0).finite);
  }
}

TEST(Metrics, MeansAndErrors) {
  Estimate mean = meanOf({1, 2, 3, 6});
  EXPECT_DOUBLE_EQ(mean.value, 3);
  // Sample deviation sqrt(14 / 3), over sqrt(4).
  EXPECT_DOUBLE_EQ(mean.error, std::sqrt(14.0 / 3) / 2);
  EXPECT_EQ(meanOf({}).value, 0);
  EXPECT_EQ(meanOf({5}).error, 0);
  // Windows of one value each are independent values.
  EXPECT_DOUBLE_EQ(errorBetween({1, 2, 3, 6}, {1, 1, 1, 1}), mean.error);
  // Two windows of equal sums tell nothing of a difference.
  EXPECT_DOUBLE_EQ(errorBetween({1, 5, 2, 4}, {2, 2}), 0);
  EXPECT_DOUBLE_EQ(errorBetween({1, 1, 3, 3}, {2, 2}), std::sqrt(8 * 2.0) / 4);
}

TEST(Metrics, Percentiles) {
  EXPECT_DOUBLE_EQ(percentile({1, 2, 3, 4}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({1, 2, 3, 4}, 1), 4);
  EXPECT_DOUBLE_EQ(percentile({1, 2, 3, 4}, 0), 1);
  EXPECT_DOUBLE_EQ(percentile({7}, 0.99), 7);
  EXPECT_DOUBLE_EQ(percentile({}, 0.5), 0);
}

TEST(Metrics, ComparesTwoModels) {
  std::vector<Prediction> predictions = {{1.0, 1.1, 0.01, true, true},
                                         {2.0, 1.8, 0.03, true, true},
                                         {3.0, 3.0, 0.02, false, true}};
  PerplexitySummary own = summarize(predictions, {1, 2});
  EXPECT_EQ(own.predictions, 3);
  EXPECT_EQ(own.windows, 2);
  EXPECT_DOUBLE_EQ(own.perplexity.value, std::exp(2.0));
  ComparisonSummary found = compare(predictions, {1, 2});
  EXPECT_NEAR(found.logRatio.value, 0.1 / 3, 1e-12);
  EXPECT_NEAR(found.ratio.value,
              own.perplexity.value / found.reference.perplexity.value, 1e-12);
  EXPECT_DOUBLE_EQ(found.divergence.value, 0.02);
  EXPECT_DOUBLE_EQ(found.median, 0.02);
  EXPECT_DOUBLE_EQ(found.largest, 0.03);
  EXPECT_DOUBLE_EQ(found.sameTop.value, 2.0 / 3);
  double delta[] = {std::exp(-1.0) - std::exp(-1.1),
                    std::exp(-2.0) - std::exp(-1.8)};
  EXPECT_NEAR(found.rmsDeltaP.value,
              std::sqrt((delta[0] * delta[0] + delta[1] * delta[1]) / 3),
              1e-12);
  EXPECT_NEAR(found.largestDeltaP, delta[0], 1e-12);
  EXPECT_NEAR(found.leastDeltaP, delta[1], 1e-12);
}
