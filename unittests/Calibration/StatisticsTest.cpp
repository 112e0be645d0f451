//===- StatisticsTest.cpp - observers, merging, the file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/Statistics.h"
#include "qopt/Support/NpzWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

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

/// A file that is gone when the test ends.
struct TemporaryFile {
  TemporaryFile() {
    EXPECT_FALSE(sys::fs::createTemporaryFile("qopt-test", "qcal", path));
  }
  ~TemporaryFile() { sys::fs::remove(path); }
  std::string bytes() const {
    auto buffer = MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  SmallString<128> path;
};

/// The bytes of the file.
std::string save(const Statistics &statistics) {
  TemporaryFile file;
  Error error = statistics.save(file.path);
  EXPECT_FALSE(bool(error)) << toString(std::move(error));
  return file.bytes();
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
  EXPECT_EQ(save(whole), save(parts));
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

TEST(Statistics, SignedExtremesAndHistograms) {
  ColumnStatistics tap("x");
  float first[] = {-0.0f, 1, -3, 2}, second[] = {0.0f, 5, 1, -7};
  ASSERT_TRUE(tap.add(first, 2, 2));
  ASSERT_TRUE(tap.add(second, 2, 2));
  EXPECT_EQ(tap.lo, (std::vector<float>{-3, -7}));
  EXPECT_EQ(tap.hi, (std::vector<float>{1, 5}));
  EXPECT_EQ(tap.absmax, (std::vector<float>{3, 7}));
  EXPECT_EQ(tap.histogram().count(), 8u);
  EXPECT_EQ(tap.histogram().lo, -7);
  EXPECT_EQ(tap.tokenAbsmax().count(), 4u);
  EXPECT_EQ(tap.tokenAbsmax().lo, 1);
  EXPECT_EQ(tap.tokenAbsmax().hi, 7);
  EXPECT_EQ(tap.keptRows(), 4);
}

TEST(Statistics, OrderDoesNotShow) {
  constexpr int64_t rows = 1000, columns = 9;
  std::vector<float> data = someData(rows * columns);
  // Equal rows, and zeros of both signs.
  for (int64_t row = 0; row < rows; row += 5)
    for (int64_t k = 0; k < columns; ++k)
      data[row * columns + k] = row % 10 ? 0.0f : -0.0f;
  Statistics forward, backward;
  for (int64_t row = 0; row < rows; ++row)
    for (auto [target, at] :
         {std::pair(&forward, row), std::pair(&backward, rows - 1 - row)}) {
      Statistics one;
      one.samples = 1;
      ColumnStatistics &tap = one.taps.emplace_back("x", 3);
      tap.add(data.data() + at * columns, 1, columns);
      if (at % 7)
        tap.setBase();
      else
        one.heldOutSamples = 1;
      ASSERT_FALSE(bool(target->merge(one)));
    }
  EXPECT_EQ(save(forward), save(backward));
  const ColumnStatistics &tap = forward.taps[0];
  EXPECT_EQ(tap.keptRows(), 512);
  uint64_t most = 0;
  for (int64_t i = 0; i < tap.keptRows(); ++i)
    most = std::max(most, tap.keptCount(i));
  EXPECT_TRUE(most == 1 || most == 100) << most;
  EXPECT_LT(tap.base().tokens, tap.tokens);
}

TEST(Statistics, TapsMergeInTheOrderOfTheModel) {
  Statistics a, b;
  a.taps.emplace_back("x", 2);
  b.taps.emplace_back("y", 0);
  b.taps.emplace_back("z", 7);
  ASSERT_FALSE(bool(a.merge(b)));
  ASSERT_EQ(a.taps.size(), 3u);
  EXPECT_EQ(a.taps[0].name, "y");
  EXPECT_EQ(a.taps[1].name, "x");
  // The same place, another activation: made with other options.
  b.taps[1].number = 2;
  EXPECT_NE(toString(a.merge(b)).find("do not belong together"),
            std::string::npos);
}

TEST(Statistics, FileGivesBackTheSame) {
  Statistics statistics;
  statistics.modelHash = "0123";
  statistics.samples = 3;
  statistics.nonfiniteSamples = 1;
  std::vector<float> data = someData(7000);
  data[3] = 0.1f;
  data[4] = 1e-45f;
  data[5] = 3.4e38f;
  statistics.taps.emplace_back("a \"name\"\n").add(data.data(), 700, 10);
  statistics.taps.emplace_back("empty", 1);
  float two[] = {1, 2};
  uint8_t padding[] = {1, 1};
  statistics.taps.emplace_back("padding", 2).add(two, 2, 1, padding);
  TemporaryFile file;
  ASSERT_FALSE(bool(statistics.save(file.path)));
  Expected<Statistics> read = Statistics::load(file.path);
  ASSERT_TRUE(bool(read)) << toString(read.takeError());
  EXPECT_EQ(save(*read), file.bytes());
  EXPECT_EQ(read->taps[0].absmax, statistics.taps[0].absmax);
  EXPECT_EQ(read->taps[0].keptRows(), 512);
  EXPECT_TRUE(read->taps[0].histogram() == statistics.taps[0].histogram());
  EXPECT_EQ(read->nonfiniteSamples, 1u);
  EXPECT_NE(read->find("empty"), nullptr);
  EXPECT_EQ(read->find("other"), nullptr);
}

/// Two columns, one row, and what is wrong with it.
struct Damaged {
  std::string meta =
      R"({"format": "qopt-calibration", "version": 1, "observer": 1,
          "model_sha256": "0", "samples": 1, "held_out_samples": 0,
          "nonfinite_samples": 0, "edges": [], "taps": [{"name": "x",
          "number": 0, "columns": 2, "tokens": 1, "masked": 0,
          "base_tokens": 1}]})";
  std::vector<float> lo{-5, 0}, hi{1, 2}, base{5, 2}, range{5, 5}, rows{-5, 2};
  std::vector<uint64_t> hits = std::vector<uint64_t>(34), baseHits{0, 0},
                        histogram{4000, 1, 9000, 1}, absmax{9500, 1},
                        rowCounts{1};

  Damaged() {
    size_t at = meta.find("[]");
    std::string text;
    raw_string_ostream os(text);
    os << '[';
    for (auto [i, edge] : enumerate(exceedanceEdges()))
      os << (i ? "," : "") << format("%.17g", double(edge));
    os << ']';
    meta.replace(at, 2, text);
  }

  std::string load() {
    TemporaryFile file;
    NpzWriter writer;
    writer.addText("meta.json", meta);
    auto add = [&](std::string name, auto &values,
                   SmallVector<int64_t> shape = {}) {
      using T = std::decay_t<decltype(values[0])>;
      if (shape.empty())
        shape = {int64_t(values.size())};
      writer.addArray<T>("0." + name, shape, ArrayRef<T>(values));
    };
    add("lo", lo);
    add("hi", hi);
    add("hits", hits, {17, 2});
    add("base_absmax", base);
    add("base_hits", baseHits);
    add("histogram", histogram, {int64_t(histogram.size() / 2), 2});
    add("token_absmax", absmax, {int64_t(absmax.size() / 2), 2});
    add("token_absmax_range", range);
    add("rows", rows, {int64_t(rows.size() / 2), 2});
    add("row_counts", rowCounts);
    EXPECT_FALSE(bool(writer.write(file.path)));
    Expected<Statistics> read = Statistics::load(file.path);
    std::string text = read ? "" : toString(read.takeError());
    size_t path = text.find(file.path.c_str());
    return path == 0 ? text.substr(file.path.size()) : text;
  }
  std::string loadWith(StringRef from, StringRef to) {
    size_t at = meta.find(from.str());
    EXPECT_NE(at, std::string::npos);
    meta.replace(at, from.size(), to.str());
    return load();
  }
};

TEST(Statistics, FileIsChecked) {
  EXPECT_EQ(Damaged().load(), "");
  EXPECT_EQ(Damaged().loadWith("\"version\": 1", "\"version\": 2"),
            ": has 'version' 2; this qopt reads 1: calibrate again");
  EXPECT_EQ(Damaged().loadWith("\"observer\"", "\"observe\""),
            ": has 'observer' missing; this qopt reads 1: calibrate again");
  EXPECT_EQ(Damaged().loadWith("qopt-cal", "kopt-cal"),
            ": is no statistics file of qopt");
  EXPECT_EQ(Damaged().loadWith("\"tokens\": 1", "\"tokens\": -1"),
            ": 'tokens' must be an integer of at least 0");
  EXPECT_EQ(Damaged().loadWith("0.375", "0.37"),
            ": 'edges' must be 6 * 2^(i/2), i = -8 .. 8");
  EXPECT_EQ(Damaged().loadWith("\"columns\": 2", "\"columns\": 3"),
            ": tap 'x': array 'lo' has another shape than the tap's columns "
            "ask for");
  auto refusal = [](auto change) {
    Damaged damaged;
    change(damaged);
    return damaged.load();
  };
  EXPECT_EQ(refusal([](Damaged &d) { d.hi[1] = -1; }),
            ": tap 'x': array 'hi' must be finite and at least 'lo' at 1");
  EXPECT_EQ(refusal([](Damaged &d) { d.lo[0] = -HUGE_VALF; }),
            ": tap 'x': array 'hi' must be finite and at least 'lo' at 0");
  EXPECT_EQ(refusal([](Damaged &d) { d.base[1] = 3; }),
            ": tap 'x': array 'base_absmax' must be within 0 and the absmax at "
            "1");
  EXPECT_EQ(refusal([](Damaged &d) { d.hits[3] = 1; }),
            ": tap 'x': array 'hits' must fall in column 1, from 1 tokens at "
            "most");
  EXPECT_EQ(refusal([](Damaged &d) { d.baseHits[0] = 1; }),
            ": tap 'x': array 'base_hits' must be within the hits at 0");
  EXPECT_EQ(refusal([](Damaged &d) { d.histogram[2] = 1 << 20; }),
            ": tap 'x': array 'histogram' must hold rising bins below 16384 "
            "with counts of 2 values");
  EXPECT_EQ(refusal([](Damaged &d) { d.histogram.resize(2); }),
            ": tap 'x': array 'histogram' counts 1 values, expected 2");
  EXPECT_EQ(refusal([](Damaged &d) { d.range[0] = 6; }),
            ": tap 'x': array 'token_absmax_range' must be two rising "
            "magnitudes");
  EXPECT_EQ(refusal([](Damaged &d) { d.rows[0] = NAN; }),
            ": tap 'x': array 'rows' holds NaN or Inf");
  EXPECT_EQ(refusal([](Damaged &d) { d.rowCounts[0] = 2; }),
            ": tap 'x': array 'row_counts' must sum up to the tokens at most");
  EXPECT_EQ(toString(Statistics::load("/nowhere/x.qcal").takeError()),
            "/nowhere/x.qcal: No such file or directory");
  TemporaryFile empty;
  EXPECT_NE(toString(Statistics::load(empty.path).takeError())
                .find(": is no statistics file of qopt"),
            std::string::npos);
}

} // namespace
