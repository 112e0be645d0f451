//===- CacheTest.cpp - inputs that a run writes to ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/model.h"

#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace {

class CacheTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(qopt_load(FAKE_CACHE, nullptr, &handle, text, sizeof text), 0)
        << text;
    in = {qopt_f32(x.data(), 1, xDims), qopt_f32(memory.data(), 2, cacheDims),
          qopt_f32(memory.data() + 6, 2, cacheDims)};
    out = {qopt_f32(y.data(), 1, xDims)};
  }
  void TearDown() override { qopt_unload(&handle); }

  int run() {
    return qopt_run(&handle, in.data(), in.size(), out.data(), out.size(), text,
                    sizeof text);
  }
  /// The run is refused, and nothing was written.
  void expectRefused(const char *message) {
    EXPECT_EQ(run(), QOPT_E_ARGUMENT);
    EXPECT_STREQ(text, message);
    EXPECT_EQ(memory, std::vector<float>(12, 1));
  }

  qopt_handle handle = {};
  char text[512] = "";
  std::vector<float> x{2, 3}, y{0, 0}, memory = std::vector<float>(12, 1);
  int64_t xDims[1] = {2}, cacheDims[2] = {3, 2};
  std::vector<DLTensor> in, out;
};

TEST_F(CacheTest, WrittenInPlace) {
  ASSERT_EQ(run(), 0) << text;
  EXPECT_EQ(memory, std::vector<float>(12, 3));
  ASSERT_EQ(run(), 0) << text;
  EXPECT_EQ(memory, std::vector<float>(12, 5));
}

TEST_F(CacheTest, ByteOffset) {
  in[2].data = memory.data();
  in[2].byte_offset = 6 * sizeof(float);
  ASSERT_EQ(run(), 0) << text;
  EXPECT_EQ(memory, std::vector<float>(12, 3));
}

TEST_F(CacheTest, MustBeCompact) {
  int64_t strides[2] = {1, 3};
  in[1].strides = strides;
  expectRefused("input 'key': a cache is written in place, so its memory must "
                "be compact and aligned to its elements");
  in[1].strides = nullptr;
  in[1].byte_offset = 2;
  in[2].byte_offset = 8;
  cacheDims[0] = 2;
  expectRefused("input 'key': a cache is written in place, so its memory must "
                "be compact and aligned to its elements");
}

TEST_F(CacheTest, MustNotOverlap) {
  in[2].data = memory.data() + 5;
  expectRefused("input 'key': its memory is written and overlaps that of "
                "input 'value'");
  in[2].data = memory.data() + 6;
  in[0].data = memory.data() + 11;
  xDims[0] = 1;
  expectRefused("input 'value': its memory is written and overlaps that of "
                "input 'x'");
  in[0].data = x.data();
  out[0].data = memory.data();
  expectRefused("output 'y': its memory overlaps that of input 'key'");
}

TEST_F(CacheTest, EmptyOnesShareNothing) {
  cacheDims[0] = 0;
  in[1].data = in[2].data = nullptr;
  EXPECT_EQ(run(), 0) << text;
}

} // namespace
