//===- SmoothedColumnsTest.cpp - statistics behind smoothing --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/OutlierSelector.h"
#include "qopt/Calibration/StaticScale.h"

#include "gtest/gtest.h"

using namespace mlir::qopt;

namespace {

using Columns = std::vector<int64_t>;

/// 64 rows of 16 columns: column k is +-(k + 1) in turn, column 3 16 times
/// that.
ColumnStatistics makeStatistics() {
  std::vector<float> data;
  for (int row = 0; row < 64; ++row)
    for (int k = 0; k < 16; ++k)
      data.push_back((row % 2 ? -1 : 1) * (k + 1.0f) * (k == 3 ? 16 : 1) +
                     row * 0.001f);
  ColumnStatistics result("x");
  result.add(data.data(), 64, 16);
  return result;
}

TEST(SmoothedColumns, DividesWhatIsKnown) {
  ColumnStatistics statistics = makeStatistics();
  std::vector<float> s(16, 1.0f);
  s[3] = 16;
  SmoothedColumns columns(statistics, s);
  EXPECT_FLOAT_EQ(columns.absmax(3), statistics.absmax[3] / 16);
  EXPECT_FLOAT_EQ(columns.lo(3), statistics.lo[3] / 16);
  EXPECT_FLOAT_EQ(columns.absmax(4), statistics.absmax[4]);
  EXPECT_FLOAT_EQ(columns.kept(0, 3), statistics.keptRow(0)[3] / 16);
}

TEST(SmoothedColumns, ReadsHitsAtTheThresholdTimesTheFactor) {
  ColumnStatistics statistics = makeStatistics();
  // |x| = 64, and 64 / 8 = 8 is above 6; 64 / 16 = 4 is not.
  for (auto [factor, hits] : {std::pair(1.0f, 64), {8.0f, 64}, {16.0f, 0}}) {
    std::vector<float> s(16, 1.0f);
    s[3] = factor;
    EXPECT_EQ(SmoothedColumns(statistics, s).hits(6, 3), uint64_t(hits));
  }
  // Below all edges the kept rows tell.
  std::vector<float> s(16, 1.0f / 64);
  EXPECT_EQ(SmoothedColumns(statistics, s).hits(6, 0), 64u);
  EXPECT_EQ(SmoothedColumns(statistics, s).hits(100, 0), 0u);
}

TEST(SmoothedColumns, OutliersAreThoseOfTheSmoothedActivation) {
  ColumnStatistics statistics = makeStatistics();
  std::vector<float> s(16, 4.0f);
  s[3] = 1;
  EXPECT_EQ(selectOutliers({statistics, s}, {6.0, 0.01, 32}).columns,
            (Columns{3}));
}

TEST(StaticScale, CoversWhatIsNotSplitOff) {
  ColumnStatistics statistics = makeStatistics();
  RangeRule rule;
  Range all = chooseStaticRange(statistics, {}, rule);
  EXPECT_FLOAT_EQ(all.hi, statistics.absmax[3]);
  EXPECT_FLOAT_EQ(all.lo, -all.hi);
  Range body = chooseStaticRange(statistics, {3}, rule);
  EXPECT_FLOAT_EQ(body.hi, statistics.absmax[15]);
  EXPECT_FLOAT_EQ(makeStaticScale(body, true).scale, body.hi / 127);
  // Other observers see the kept rows, which are all rows here.
  rule.observer = RangeRule::Observer::Percentile;
  rule.percentile = 50;
  Range clipped = chooseStaticRange(statistics, {3}, rule);
  EXPECT_LT(clipped.hi, body.hi);
  EXPECT_GT(clipped.hi, 0);
}

TEST(StaticScale, ZeroPointIsThatOfONNX) {
  StaticScale scale = makeStaticScale({-1, 3}, false);
  EXPECT_FLOAT_EQ(scale.scale, 4.0f / 255);
  EXPECT_EQ(scale.zeroPoint, 64); // rne(63.75)
  EXPECT_EQ(makeStaticScale({0, 2}, false).zeroPoint, 0);
  EXPECT_EQ(makeStaticScale({0, 0}, false).scale, 1);
  EXPECT_EQ(makeStaticScale({0, 0}, true).scale, 1);
}

TEST(OutliersByGain, StopsWhereNothingIsGained) {
  ColumnStatistics statistics = makeStatistics();
  // Column 3 is worth 10 dB, the others nothing.
  auto noise = [](llvm::ArrayRef<int64_t> columns) {
    return llvm::is_contained(columns, 3) ? 0.1 : 1.0;
  };
  EXPECT_EQ(selectOutliersByGain(statistics, 32, noise), (Columns{3}));
  EXPECT_EQ(selectOutliersByGain(statistics, 0, noise), Columns());
  // Two that help only together: 3 and 15 are the largest.
  auto both = [](llvm::ArrayRef<int64_t> columns) {
    return columns.size() == 2 ? 0.5 : 1.0;
  };
  EXPECT_EQ(selectOutliersByGain(statistics, 32, both), (Columns{3, 15}));
  EXPECT_EQ(selectOutliersByGain(statistics, 32, [](auto) { return 0.0; }),
            Columns());
}

} // namespace
