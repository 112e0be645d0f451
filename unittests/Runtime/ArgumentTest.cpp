//===- ArgumentTest.cpp - rows S01 to S03: wrong arguments ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeRun.h"

#include <cstring>

namespace {
using ArgumentTest = FakeRun;

TEST_F(ArgumentTest, InputType) {
  in[0].dtype.code = kDLInt;
  expectRefused("input 'x': expected float32[batch, length], got int32[2, 3]");
  in[0].dtype = {kDLFloat, 64, 1};
  expectRefused(
      "input 'x': expected float32[batch, length], got float64[2, 3]");
  in[0].dtype = {kDLFloat, 32, 4};
  expectRefused(
      "input 'x': expected float32[batch, length], got float32x4[2, 3]");
  shape(2, 3, 2);
  expectRuns();
}

TEST_F(ArgumentTest, InputRank) {
  in[1].ndim = 1;
  expectRefused("input 'mask': expected bool[batch, past + length], got "
                "bool[2]");
  in[1].ndim = 9;
  expectRefused("input 'mask': expected bool[batch, past + length], got bool "
                "of rank 9");
  in[1].ndim = -1;
  expectRefused("input 'mask': expected bool[batch, past + length], got bool "
                "of rank -1");
  in[1].ndim = 2;
  in[1].shape = nullptr;
  expectRefused("input 'mask': shape is NULL, expected 2 dims");
}

TEST_F(ArgumentTest, InputDims) {
  xDims[1] = -3;
  expectRefused("input 'x': dim 1 is -3, expected at least 0");
  xDims = {int64_t(1) << 40, int64_t(1) << 40};
  expectRefused("input 'x': the dims are too large for this machine");
  xDims = {int64_t(1) << 31, int64_t(1) << 31};
  expectRefused("input 'x': the dims are too large for this machine");
  xDims = {1, (1 << 20) + 1};
  expectRefused("input 'x': dim 1 (length) is 1048577, but the library is "
                "compiled for 0 to 1048576");
}

TEST_F(ArgumentTest, SymbolsAgree) {
  maskDims[0] = 3;
  expectRefused("input 'mask': dim 0 is 3, expected 2 (batch; 'batch' is 2 by "
                "dim 0 of input 'x')");
  maskDims = {2, 2};
  expectRefused("input 'mask': dim 1 is 2, which leaves no size for 'past'");
  maskDims = {2, 3};
  expectRuns();
  EXPECT_EQ(count[0], 0);
}

TEST_F(ArgumentTest, InputMemory) {
  in[0].data = nullptr;
  expectRefused("input 'x': data is NULL, expected 6 elements");
  in[0].data = x.data();
  in[0].device.device_type = kDLCUDA;
  expectRefused("input 'x': expected memory of the CPU (device 1), got device "
                "2");
  in[0].device.device_type = kDLCPU;
  mask[3] = 7;
  expectRefused("input 'mask': byte 3 is 7, expected 0 or 1");
}

TEST_F(ArgumentTest, Counts) {
  EXPECT_EQ(qopt_run(&handle, in.data(), 2, out.data(), 4, text, sizeof text),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(text, "2 inputs given, expected 3: 'x', 'mask', 'mode'");
  EXPECT_EQ(qopt_run(&handle, in.data(), 3, out.data(), 5, text, sizeof text),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(text,
               "5 outputs given, expected 4: 'y', 'count', 'tail', 'total'");
  EXPECT_EQ(qopt_run(&handle, nullptr, 3, out.data(), 4, text, sizeof text),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(text, "the array of inputs is NULL");
  EXPECT_EQ(qopt_run(&handle, in.data(), 3, nullptr, 4, text, sizeof text),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(text, "the array of outputs is NULL");
  EXPECT_EQ(handle.api->run(nullptr, in.data(), 3, out.data(), 4, nullptr, 0),
            QOPT_E_ARGUMENT);
  expectRuns();
}

TEST_F(ArgumentTest, OutputForm) {
  int64_t wide[] = {2, 4};
  out[0].shape = wide;
  expectRefused("output 'y': expected float32[2, 3], got float32[2, 4]");
  out[0].ndim = 1;
  expectRefused("output 'y': expected float32[2, 3], got float32[2]");
  out[0].shape = nullptr;
  expectRefused(
      "output 'y': expected float32[2, 3], got float32 of rank 1 without dims");
  shape(2, 3, 2);
  out[1].dtype.bits = 32;
  expectRefused("output 'count': expected int64[2], got int32[2]");
  shape(2, 3, 2);
  out[0].data = nullptr;
  expectRefused("output 'y': data is NULL, expected room for 6 elements");
  shape(2, 3, 2);
  out[3].device.device_type = kDLVulkan;
  expectRefused("output 'total': expected memory of the CPU (device 1), got "
                "device 7");
  shape(2, 3, 2);
  tailDims = {0, 3};
  expectRefused("output 'tail': expected float32[?, 2], got float32[0, 3]");
  tailDims = {-1, 2};
  expectRefused("output 'tail': dim 0 is -1, expected at least 0");
  int64_t zeros[] = {0, 1};
  shape(2, 3, 2);
  out[0].strides = zeros;
  expectRefused(
      "output 'y': the stride of dim 0 is 0, so that its elements overlap");
}

TEST_F(ArgumentTest, Overlap) {
  out[0].data = x.data();
  expectRefused("output 'y': its memory overlaps that of input 'x'");
  out[0].data = x.data() - 1;
  expectRefused("output 'y': its memory overlaps that of input 'x'");
  shape(2, 3, 2);
  out[1].data = y.data() + 1;
  expectRefused("output 'count': its memory overlaps that of output 'y'");
  // A backward stride reaches below its pointer.
  shape(2, 3, 2);
  int64_t back[] = {-3, -1};
  out[0].strides = back;
  out[0].data = x.data() + 6;
  expectRefused("output 'y': its memory overlaps that of input 'x'");
}

TEST_F(ArgumentTest, Strides) {
  std::vector<float> wide(100), spread(100, -1);
  for (size_t i = 0; i < wide.size(); ++i)
    wide[i] = float(i);
  int64_t inStrides[] = {-10, 2}, outStrides[] = {1, 20};
  in[0].data = &wide[50];
  in[0].strides = inStrides;
  out[0].data = spread.data();
  out[0].strides = outStrides;
  ASSERT_EQ(run(), 0) << text;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      EXPECT_EQ(spread[i + 20 * j], wide[50 - 10 * i + 2 * j] + 1);
  EXPECT_EQ(spread[2], -1);
  // The stride of a dim of one element may be anything.
  shape(1, 3, 0);
  int64_t odd[] = {12345, 1};
  in[0].strides = out[0].strides = odd;
  expectRuns();
}

TEST_F(ArgumentTest, OffsetAndAlignment) {
  std::vector<char> from(100), to(100);
  std::memcpy(&from[5], x.data(), 24);
  in[0].data = from.data();
  in[0].byte_offset = 5;
  out[0].data = to.data();
  out[0].byte_offset = 7;
  ASSERT_EQ(run(), 0) << text;
  std::memcpy(y.data(), &to[7], 24);
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(y[i], x[i] + 1);
}

TEST_F(ArgumentTest, ZeroSize) {
  shape(0, 3, 2);
  in[0].data = out[0].data = nullptr;
  expectRuns();
  EXPECT_EQ(total, 0);
  shape(2, 0, 0);
  expectRuns();
}

TEST_F(ArgumentTest, InferShapes) {
  int64_t dims[4][8];
  int rank[4];
  ASSERT_EQ(handle.api->infer_shapes(handle.model, in.data(), 3, dims, rank),
            0);
  EXPECT_EQ(rank[0], 2);
  EXPECT_EQ(dims[0][1], 3);
  EXPECT_EQ(dims[2][0], -1);
  EXPECT_EQ(rank[3], 0);
  EXPECT_EQ(handle.api->infer_shapes(handle.model, in.data(), 2, dims, rank),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(handle.api->last_error(handle.model),
               "2 inputs given, expected 3: 'x', 'mask', 'mode'");
  shape(1, 13, 0);
  EXPECT_EQ(handle.api->infer_shapes(handle.model, in.data(), 3, dims, rank),
            QOPT_E_MODEL);
  EXPECT_STREQ(handle.api->last_error(handle.model),
               "a length of 13 is unlucky");
}

TEST_F(ArgumentTest, ShortTextBuffer) {
  char small[8];
  in[0].ndim = 1;
  EXPECT_EQ(qopt_run(&handle, in.data(), 3, out.data(), 4, small, sizeof small),
            QOPT_E_ARGUMENT);
  EXPECT_STREQ(small, "input '");
  EXPECT_EQ(qopt_run(&handle, in.data(), 3, out.data(), 4, nullptr, 0),
            QOPT_E_ARGUMENT);
}

} // namespace
