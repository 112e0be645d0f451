//===- FakeRun.h - the fake model with arguments that fit -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A fixture whose tensors fit FakeModel.c; a test changes one thing and runs.
//===----------------------------------------------------------------------===//

#ifndef QOPT_UNITTESTS_RUNTIME_FAKERUN_H
#define QOPT_UNITTESTS_RUNTIME_FAKERUN_H

#include "qopt/model.h"

#include "gtest/gtest.h"

#include <string>
#include <vector>

/// What `mode` asks for; see FakeModel.c.
enum Mode : int64_t {
  Fail = -1,
  FailInLoop = -2,
  Exhaust = -3,
  ExhaustInLoop = -4,
  SkipOutput = -5,
  NegativeDim = -6,
  Churn = -7,
  Nested = -8
};

class FakeRun : public ::testing::Test {
protected:
  void open(qopt_options options = {}) {
    qopt_unload(&handle);
    ASSERT_EQ(qopt_load(FAKE_MODEL, &options, &handle, text, sizeof text), 0)
        << text;
  }
  void SetUp() override {
    qopt_options options = {};
    options.num_threads = 2;
    open(options);
    shape(2, 3, 2);
  }
  void TearDown() override { qopt_unload(&handle); }

  /// Inputs and outputs for these sizes, with `tailRows` rows of `tail`.
  void shape(int64_t batch, int64_t length, int64_t past,
             int64_t tailRows = 0) {
    xDims = {batch, length};
    maskDims = {batch, past + length};
    tailDims = {tailRows, 2};
    x.resize(batch * length);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(i);
    y.assign(x.size(), -1);
    mask.assign(batch * (past + length), 1);
    tail.assign(tailRows * 2, -1);
    in = {qopt_f32(x.data(), 2, xDims.data()),
          qopt_bool(mask.data(), 2, maskDims.data()),
          qopt_i64(&mode, 0, nullptr)};
    out = {qopt_f32(y.data(), 2, xDims.data()), qopt_i64(count, 1, countDims),
           qopt_f32(tail.data(), 2, tailDims.data()),
           qopt_f16(&total, 0, nullptr)};
  }

  int run() {
    text[0] = 0;
    return qopt_run(&handle, in.data(), in.size(), out.data(), out.size(), text,
                    sizeof text);
  }
  /// The status of a run with run_owned, whose tensors are freed.
  int runOwned() {
    DLManagedTensorVersioned *owned[4];
    int status = qopt_run_owned(&handle, in.data(), in.size(), owned, 4, text,
                                sizeof text);
    for (DLManagedTensorVersioned *tensor : owned)
      if (!status)
        tensor->deleter(tensor);
      else
        EXPECT_EQ(tensor, nullptr);
    return status;
  }
  void expectRuns() {
    mode = 0;
    y.assign(y.size(), -1);
    ASSERT_EQ(run(), 0) << text;
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(y[i], x[i] + 1) << i;
  }
  /// The run is refused with this text, and the next one succeeds.
  void expectRefused(const char *expected, int status = QOPT_E_ARGUMENT) {
    EXPECT_EQ(run(), status);
    EXPECT_STREQ(text, expected);
  }

  qopt_handle handle = {};
  char text[512] = "";
  std::vector<int64_t> xDims, maskDims, tailDims;
  int64_t countDims[1] = {2}, mode = 0, count[2] = {};
  std::vector<float> x, y, tail;
  std::vector<uint8_t> mask;
  uint16_t total = 0;
  std::vector<DLTensor> in, out;
};

#endif // QOPT_UNITTESTS_RUNTIME_FAKERUN_H
