//===- ProfileTest.cpp - what recorded runs tell --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeRun.h"

namespace {

class ProfileTest : public FakeRun {
protected:
  std::vector<qopt_event> events() {
    std::vector<qopt_event> result;
    qopt_event event;
    while (qopt_event_at(&handle, result.size(), &event) == 0)
      result.push_back(event);
    return result;
  }
  std::vector<qopt_event> ofKind(int kind) {
    std::vector<qopt_event> result;
    for (const qopt_event &event : events())
      if (event.kind == kind)
        result.push_back(event);
    return result;
  }
};

TEST_F(ProfileTest, NothingWithoutAStart) {
  expectRuns();
  EXPECT_TRUE(events().empty());
  qopt_event event;
  EXPECT_EQ(qopt_event_at(&handle, -1, &event), QOPT_E_ARGUMENT);
  EXPECT_EQ(handle.api->event(handle.model, 0, nullptr), QOPT_E_ARGUMENT);
}

TEST_F(ProfileTest, ALoopWithItsChunks) {
  shape(2, 500, 0);
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  expectRuns();
  ASSERT_EQ(qopt_profile(&handle, 0), 0);
  // Not recorded any more, but still to be read.
  expectRuns();
  ASSERT_EQ(ofKind(QOPT_EVENT_RUN).size(), 1u);
  ASSERT_EQ(ofKind(QOPT_EVENT_MODEL).size(), 1u);
  ASSERT_EQ(ofKind(QOPT_EVENT_KERNEL).size(), 1u);
  qopt_event run = ofKind(QOPT_EVENT_RUN)[0],
             model = ofKind(QOPT_EVENT_MODEL)[0];
  qopt_event kernel = ofKind(QOPT_EVENT_KERNEL)[0];
  EXPECT_EQ(run.kernel, nullptr);
  EXPECT_STREQ(kernel.kernel, "add_one");
  EXPECT_STREQ(kernel.nodes, "first node\nsecond node");
  EXPECT_STREQ(kernel.operand, "f32");
  EXPECT_EQ(kernel.operations, 2000);
  EXPECT_EQ(kernel.bytes, 8000);
  EXPECT_EQ(kernel.weights, 16);
  EXPECT_LE(run.begin, model.begin);
  EXPECT_LE(model.begin, kernel.begin);
  EXPECT_LE(kernel.begin, kernel.end);
  EXPECT_LE(kernel.end, model.end);
  EXPECT_LE(model.end, run.end);
  std::vector<qopt_event> chunks = ofKind(QOPT_EVENT_CHUNK);
  // Both are the caller's when the other thread sleeps on.
  ASSERT_EQ(chunks.size(), 2u);
  for (const qopt_event &chunk : chunks) {
    EXPECT_STREQ(chunk.kernel, "add_one");
    EXPECT_GE(chunk.begin, kernel.begin);
    EXPECT_LE(chunk.end, kernel.end);
    EXPECT_GE(chunk.thread, 0);
    EXPECT_LT(chunk.thread, 2);
  }
}

TEST_F(ProfileTest, AStartForgets) {
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  for (int i = 0; i < 3000; ++i)
    ASSERT_EQ(run(), 0);
  EXPECT_EQ(ofKind(QOPT_EVENT_RUN).size(), 3000u);
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  ASSERT_EQ(runOwned(), 0);
  EXPECT_EQ(ofKind(QOPT_EVENT_RUN).size(), 1u);
}

TEST_F(ProfileTest, FailuresLeaveNoHalves) {
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  for (int64_t failing : {Fail, FailInLoop, ExhaustInLoop}) {
    mode = failing;
    EXPECT_NE(run(), 0);
  }
  EXPECT_TRUE(ofKind(QOPT_EVENT_KERNEL).empty());
  EXPECT_TRUE(ofKind(QOPT_EVENT_CHUNK).empty());
  mode = 0;
  expectRuns();
  EXPECT_EQ(ofKind(QOPT_EVENT_KERNEL).size(), 1u);
}

TEST_F(ProfileTest, LoopsInLoopsArePartOfTheirs) {
  // The outer loop of this mode has no record.
  mode = Nested;
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  ASSERT_EQ(run(), 0) << text;
  mode = 0;
  ASSERT_EQ(qopt_profile(&handle, 1), 0);
  expectRuns();
  EXPECT_EQ(ofKind(QOPT_EVENT_KERNEL).size(), 1u);
}

TEST_F(ProfileTest, OlderLibrariesHaveNone) {
  qopt_api older = *handle.api;
  older.size = offsetof(qopt_api, profile);
  const qopt_api *newer = handle.api;
  handle.api = &older;
  qopt_event event;
  qopt_memory memory;
  EXPECT_EQ(qopt_profile(&handle, 1), QOPT_E_UNSUPPORTED);
  EXPECT_EQ(qopt_event_at(&handle, 0, &event), QOPT_E_UNSUPPORTED);
  EXPECT_EQ(qopt_memory_of(&handle, &memory), QOPT_E_UNSUPPORTED);
  qopt_guard guard;
  EXPECT_EQ(qopt_guard_at(&handle, 0, &guard), 0);
  handle.api = newer;
}

TEST_F(ProfileTest, MemoryInUseAndHeld) {
  qopt_memory memory;
  ASSERT_EQ(qopt_memory_of(&handle, &memory), 0);
  EXPECT_EQ(memory.held, 0);
  shape(1, 1000, 0);
  expectRuns();
  ASSERT_EQ(qopt_memory_of(&handle, &memory), 0);
  EXPECT_EQ(memory.peak_live, 4000);
  EXPECT_GE(memory.held, 4000);
  EXPECT_LE(memory.held, 4700);
  shape(1, 10, 0);
  for (int i = 0; i < 20; ++i)
    expectRuns();
  ASSERT_EQ(qopt_memory_of(&handle, &memory), 0);
  EXPECT_LT(memory.held, 1000);
  EXPECT_GE(memory.peak_held, 4000);
}

} // namespace
