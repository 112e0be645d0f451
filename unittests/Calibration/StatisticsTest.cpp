//===- StatisticsTest.cpp - observers, merging, the file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/Statistics.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace mlir::qopt;

namespace {

/// Index of the edge 6.0.
constexpr unsigned six = 8;

TEST(Statistics, EdgesAreHalfPowersOfTwo) {
  ArrayRef<float> edges = exceedanceEdges();
  ASSERT_EQ(edges.size(), 17u);
  EXPECT_EQ(edges[six], 6.0f);
  EXPECT_EQ(edges[six + 2], 12.0f);
  EXPECT_EQ(edges.front(), 0.375f);
  EXPECT_EQ(edges.back(), 96.0f);
}

TEST(Statistics, CountsAtTheEdgeItself) {
  ColumnStatistics tap("x");
  float below = std::nextafter(6.0f, 0.0f);
  float data[] = {6.0f, below, -6.0f, 0.0f, 100.0f, -95.0f};
  ASSERT_TRUE(tap.add(data, 2, 3));
  EXPECT_EQ(tap.tokens, 2u);
  EXPECT_EQ(tap.hits(six, 0), 1u);
  EXPECT_EQ(tap.hits(six, 1), 1u); // 100
  EXPECT_EQ(tap.hits(six, 2), 2u);
  EXPECT_EQ(tap.hits(16, 1), 1u);
  EXPECT_EQ(tap.hits(16, 2), 0u); // 95 < 96
  EXPECT_EQ(tap.absmax, (std::vector<float>{6, 100, 95}));
}

TEST(Statistics, PaddingCountsNowhere) {
  ColumnStatistics tap("x");
  float nan = std::numeric_limits<float>::quiet_NaN();
  float data[] = {1, 50, nan};
  uint8_t padding[] = {0, 1, 1};
  ASSERT_TRUE(tap.add(data, 3, 1, padding));
  EXPECT_EQ(tap.tokens, 1u);
  EXPECT_EQ(tap.masked, 2u);
  EXPECT_EQ(tap.absmax[0], 1.0f);
  EXPECT_EQ(tap.hits(six, 0), 0u);
}

TEST(Statistics, RefusesRowsThatAreNotFinite) {
  for (float bad : {std::numeric_limits<float>::infinity(),
                    -std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::quiet_NaN()}) {
    ColumnStatistics tap("x");
    float data[] = {1, 2, 3, bad};
    EXPECT_FALSE(tap.add(data, 2, 2));
    EXPECT_EQ(tap.tokens, 0u);
    EXPECT_EQ(tap.columns(), 0);
  }
  // Finite, though their sum of magnitudes is not.
  ColumnStatistics tap("x");
  float huge[] = {3e38f, 3e38f, -3e38f};
  EXPECT_TRUE(tap.add(huge, 1, 3));
}

std::vector<float> someData(int64_t count) {
  std::vector<float> data;
  uint32_t state = 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    data.push_back(float(int32_t(state)) / (1 << 25));
  }
  return data;
}

TEST(Statistics, DoNotDependOnTheSplit) {
  constexpr int64_t rows = 60, columns = 7;
  std::vector<float> data = someData(rows * columns);
  Statistics whole, parts;
  whole.modelHash = parts.modelHash = "h";
  whole.taps.emplace_back("x").add(data.data(), rows, columns);
  for (int64_t begin = 0; begin < rows; begin += 17) {
    Statistics part;
    part.modelHash = "h";
    part.taps.emplace_back("x").add(data.data() + begin * columns,
                                    std::min<int64_t>(17, rows - begin),
                                    columns);
    if (begin == 0)
      parts = std::move(part);
    else
      ASSERT_FALSE(bool(parts.merge(part)));
  }
  EXPECT_EQ(whole.toJSON(), parts.toJSON());
}

TEST(Statistics, MergesOnlyWhatBelongsTogether) {
  Statistics a, b;
  a.modelHash = "a";
  b.modelHash = "b";
  EXPECT_NE(toString(a.merge(b)).find("two models"), std::string::npos);
  b.modelHash = "a";
  b.taps.emplace_back("x");
  // A branch that only some samples take.
  EXPECT_FALSE(bool(a.merge(b)));
  ASSERT_EQ(a.taps.size(), 1u);
  EXPECT_EQ(a.taps[0].name, "x");
  float data[] = {1, 2};
  a.taps[0].add(data, 2, 1);
  b.taps[0].add(data, 1, 2);
  EXPECT_NE(toString(a.merge(b)).find("do not belong together"),
            std::string::npos);
}

TEST(Statistics, FileGivesBackTheSame) {
  Statistics statistics;
  statistics.modelHash = "0123";
  statistics.samples = 3;
  statistics.nonfiniteSamples = 1;
  std::vector<float> data = someData(500);
  data[3] = 0.1f;
  data[4] = 1e-45f;
  data[5] = 3.4e38f;
  statistics.taps.emplace_back("a \"name\"\n").add(data.data(), 50, 10);
  statistics.taps.emplace_back("empty");
  std::string text = statistics.toJSON();
  Expected<Statistics> read = Statistics::fromJSON(text, "file");
  ASSERT_TRUE(bool(read)) << toString(read.takeError());
  EXPECT_EQ(read->toJSON(), text);
  EXPECT_EQ(read->taps[0].absmax, statistics.taps[0].absmax);
  EXPECT_EQ(read->nonfiniteSamples, 1u);
  EXPECT_NE(read->find("empty"), nullptr);
  EXPECT_EQ(read->find("other"), nullptr);
}

std::string refusal(std::string text, StringRef from, StringRef to) {
  size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos);
  text.replace(at, from.size(), to.str());
  Expected<Statistics> read = Statistics::fromJSON(text, "f");
  EXPECT_FALSE(bool(read));
  return read ? "" : toString(read.takeError());
}

TEST(Statistics, FileIsChecked) {
  Statistics statistics;
  statistics.modelHash = "0123";
  float data[] = {5, 7};
  statistics.taps.emplace_back("x").add(data, 1, 2);
  std::string text = statistics.toJSON();
  EXPECT_EQ(refusal(text, "\"qopt_statistics\": 1", "\"qopt_statistics\": 2"),
            "f: has version 2 of the format; this is 1");
  EXPECT_EQ(refusal(text, "qopt_statistics", "statistics"),
            "f: is no statistics file of qopt");
  EXPECT_EQ(refusal(text, "\"tokens\": 1", "\"tokens\": -1"),
            "f: 'tokens' must be an integer of at least 0");
  EXPECT_EQ(refusal(text, "[5,7]", "[5,-7]"),
            "f: tap 'x': absmax[1] must be a finite number of at least 0");
  EXPECT_EQ(refusal(text, "[5,7]", "[5]"),
            "f: tap 'x' needs the arrays 'absmax' and 'hits', of one length");
  EXPECT_EQ(refusal(text, "[[1,", "[[2,"),
            "f: tap 'x': the counts of hits[0] must fall, from 'tokens' at "
            "most");
  EXPECT_EQ(refusal(text, "[0.375,", "[0.37,"),
            "f: 'edges' must be 6 * 2^(i/2), i = -8 .. 8");
  EXPECT_EQ(toString(Statistics::load("/nowhere/x.json").takeError()),
            "/nowhere/x.json: No such file or directory");
  EXPECT_NE(toString(Statistics::fromJSON("{", "f").takeError()).find("f: "),
            std::string::npos);
}

} // namespace
