//===- OutlierSelectorTest.cpp - magnitude, frequency and cap -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/OutlierSelector.h"

#include "gtest/gtest.h"

using namespace mlir::qopt;

namespace {

using Columns = std::vector<int64_t>;

/// 100 rows; column k holds `value` in the first `hits` of them.
struct Activation {
  explicit Activation(int64_t columns)
      : columns(columns), data(100 * columns) {}
  Activation &set(int64_t column, int64_t hits, float value) {
    for (int64_t row = 0; row < hits; ++row)
      data[row * columns + column] = value;
    return *this;
  }
  ColumnStatistics statistics() const {
    ColumnStatistics result("x");
    result.add(data.data(), 100, columns);
    return result;
  }
  int64_t columns;
  std::vector<float> data;
};

TEST(OutlierSelector, NeedsMagnitudeAndFrequency) {
  Activation x(64);
  x.set(5, 100, -7).set(9, 1, 1000).set(11, 2, 6).set(13, 100, 5.99f);
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 0.02, 32}).columns,
            (Columns{5, 11}));
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 0.01, 32}).columns,
            (Columns{5, 9, 11}));
  // A frequency of 0 still asks for one hit.
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 0.0, 32}).columns,
            (Columns{5, 9, 11}));
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 1.0, 32}).columns,
            (Columns{5}));
}

TEST(OutlierSelector, CapsByAbsmaxWithTiesToTheLowerIndex) {
  Activation x(16);
  x.set(3, 50, 9).set(7, 50, 12).set(9, 50, 12).set(12, 50, 12);
  OutlierChoice choice = selectOutliers(x.statistics(), {6.0, 0.01, 32});
  EXPECT_EQ(choice.candidates, 4);
  EXPECT_EQ(choice.columns, (Columns{7, 9})); // K/8 = 2
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 0.01, 1}).columns,
            (Columns{7}));
  EXPECT_EQ(selectOutliers(x.statistics(), {6.0, 0.01, 0}).columns, Columns());
}

TEST(OutlierSelector, EdgesOfTheRule) {
  Activation x(8);
  for (int64_t k = 0; k < 8; ++k)
    x.set(k, 100, 50);
  OutlierChoice all = selectOutliers(x.statistics(), {6.0, 0.01, 32});
  EXPECT_EQ(all.candidates, 8);
  EXPECT_EQ(all.columns.size(), 1u);
  // No outliers at threshold 0, as in bitsandbytes, or beyond all values.
  EXPECT_TRUE(selectOutliers(x.statistics(), {0.0, 0.01, 32}).columns.empty());
  EXPECT_TRUE(selectOutliers(x.statistics(), {96, 0.01, 32}).columns.empty());
  // No columns and no tokens.
  EXPECT_TRUE(selectOutliers(ColumnStatistics("x"), {}).columns.empty());
}

TEST(OutlierSelector, ThresholdBetweenEdgesTakesTheLowerOne) {
  EXPECT_EQ(exceedanceEdge(6.0), 8);
  EXPECT_EQ(exceedanceEdge(7.0), 8);
  EXPECT_EQ(exceedanceEdge(8.485281374), 9);
  EXPECT_EQ(exceedanceEdge(5.999), 7);
  EXPECT_EQ(exceedanceEdge(1000), 16);
  EXPECT_EQ(exceedanceEdge(0.3), -1);
}

} // namespace
