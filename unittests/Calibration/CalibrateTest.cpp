//===- CalibrateTest.cpp - samples through a tapped library ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Calibration/Calibrate.h"
#include "qopt/Support/Npy.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <zip.h>

using namespace llvm;
using namespace mlir::qopt;

namespace {

using Ids = std::vector<int64_t>;

class CalibrateTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createTemporaryFile("qopt-test", "npz", path));
    sys::fs::remove(path);
    options.library = QOPT_FAKE_TAPS;
    options.data = path.str().str();
    options.threads = 1;
  }
  void TearDown() override { sys::fs::remove(path); }

  void add(std::string name, NpyType type, ArrayRef<int64_t> shape,
           StringRef data) {
    std::string text;
    raw_string_ostream os(text);
    writeNpy(os, type, shape, data);
    members.emplace_back(name + ".npy", text);
  }
  void addIds(std::string name, ArrayRef<int64_t> shape, const Ids &ids) {
    add(name, {'i', 8}, shape,
        StringRef(reinterpret_cast<const char *>(ids.data()), 8 * ids.size()));
  }

  Expected<Statistics> run() {
    zip_t *archive = ::zip_open(path.c_str(), ZIP_CREATE, nullptr);
    for (const auto &[name, bytes] : members)
      ::zip_file_add(
          archive, name.c_str(),
          ::zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
    EXPECT_EQ(::zip_close(archive), 0);
    return runCalibration(options);
  }
  std::string error() {
    Expected<Statistics> result = run();
    std::string text = result ? "" : toString(result.takeError());
    // The path is in every message, but is not the same twice.
    size_t at = text.find(options.data);
    return at == 0 ? text.substr(options.data.size()) : text;
  }

  SmallString<128> path;
  CalibrationOptions options;
  std::vector<std::pair<std::string, std::string>> members;
};

TEST_F(CalibrateTest, FillsInWhatADecoderWants) {
  addIds("input_ids", {2, 3}, {1, 2, 3, 4, 5, 6});
  unsigned calls = 0;
  options.progress = [&](uint64_t done, uint64_t total) {
    EXPECT_EQ(done, ++calls);
    EXPECT_EQ(total, 2u);
  };
  Expected<Statistics> result = run();
  ASSERT_TRUE(bool(result)) << toString(result.takeError());
  EXPECT_EQ(calls, 2u);
  EXPECT_EQ(result->modelHash, "f00d");
  EXPECT_EQ(result->samples, 2u);
  ASSERT_EQ(result->taps.size(), 2u);
  EXPECT_EQ(result->taps[0].name, "embed");
  EXPECT_EQ(result->taps[0].tokens, 6u);
  EXPECT_EQ(result->taps[0].absmax, (std::vector<float>{6, 12}));
  EXPECT_EQ(result->taps[0].hits(8, 1), 4u); // 6, 8, 10, 12
  // Length 3, last position 2, mask of ones, types of zeros, empty past.
  EXPECT_EQ(result->taps[1].absmax, (std::vector<float>{3, 2, 3, 0, 0}));
}

TEST_F(CalibrateTest, LeavesPaddingOut) {
  addIds("input_ids", {2, 3}, {1, 2, 90, 4, 90, 1000});
  addIds("attention_mask", {2, 3}, {1, 1, 0, 1, 0, 0});
  Expected<Statistics> result = run();
  ASSERT_TRUE(bool(result)) << toString(result.takeError());
  EXPECT_EQ(result->taps[0].tokens, 3u);
  EXPECT_EQ(result->taps[0].masked, 3u);
  EXPECT_EQ(result->taps[0].absmax, (std::vector<float>{4, 8}));
  EXPECT_EQ(result->nonfiniteSamples, 0u);
}

TEST_F(CalibrateTest, LeavesNonfiniteSamplesOut) {
  addIds("input_ids", {4, 2}, {1, 1000, 2, 3, 1001, 4, 50, 5});
  options.maxSamples = 3;
  Expected<Statistics> result = run();
  ASSERT_TRUE(bool(result)) << toString(result.takeError());
  EXPECT_EQ(result->samples, 1u);
  EXPECT_EQ(result->nonfiniteSamples, 2u);
  EXPECT_EQ(result->taps[0].absmax, (std::vector<float>{3, 6}));
  EXPECT_EQ(result->taps[1].tokens, 1u);
}

TEST_F(CalibrateTest, RefusesOnlyNonfiniteSamples) {
  addIds("input_ids", {2, 1}, {1000, 1001});
  EXPECT_EQ(error(), ": all 2 samples lead to NaN or Inf in activations");
}

TEST_F(CalibrateTest, RefusesOnlyPadding) {
  addIds("input_ids", {1, 2}, {1, 2});
  addIds("attention_mask", {1, 2}, {0, 0});
  EXPECT_EQ(error(), ": attention_mask marks all of 1 samples as padding");
}

TEST_F(CalibrateTest, NamesTheSampleThatTheModelRefuses) {
  addIds("input_ids", {2, 1}, {1, 999});
  EXPECT_NE(error().find(": sample 1: "), std::string::npos);
}

TEST_F(CalibrateTest, ChecksArrays) {
  addIds("input_idz", {1, 1}, {1});
  EXPECT_EQ(error(), ": array 'input_idz' is no input of the model; did you "
                     "mean 'input_ids'?");
}

TEST_F(CalibrateTest, ChecksType) {
  add("input_ids", {'i', 4}, {1, 1}, StringRef("\1\0\0\0", 4));
  EXPECT_EQ(error(), ": array 'input_ids': it holds int32, the model takes "
                     "int64[batch, length]");
}

TEST_F(CalibrateTest, ChecksRank) {
  addIds("input_ids", {2}, {1, 2});
  EXPECT_EQ(error(), ": array 'input_ids': it has rank 1, the model takes "
                     "int64[batch, length] (axis 0 holds the samples)");
}

TEST_F(CalibrateTest, ChecksNumberOfSamples) {
  addIds("input_ids", {2, 1}, {1, 2});
  addIds("attention_mask", {1, 1}, {1});
  EXPECT_EQ(error(), ": array 'attention_mask': it holds 1 samples, "
                     "'input_ids' holds 2");
}

TEST_F(CalibrateTest, ChecksSymbols) {
  addIds("input_ids", {1, 2}, {1, 2});
  addIds("token_type_ids", {1, 3}, {0, 0, 0});
  EXPECT_EQ(error(), ": array 'token_type_ids': axis 1 ('length') has size 3, "
                     "another array has 2");
}

TEST_F(CalibrateTest, RefusesAnEmptySet) {
  addIds("input_ids", {0, 3}, {});
  EXPECT_EQ(error(), ": array 'input_ids': it holds no samples");
}

TEST_F(CalibrateTest, NamesTheMissingInput) {
  addIds("attention_mask", {1, 3}, {1, 1, 1});
  EXPECT_EQ(error(), ": there is no array for the input 'input_ids', "
                     "int64[batch, length]");
}

TEST_F(CalibrateTest, NamesTheMissingFile) {
  options.data = "/nowhere/calib.npz";
  Expected<Statistics> result = runCalibration(options);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(toString(result.takeError()), "/nowhere/calib.npz: cannot be read");
}

} // namespace
