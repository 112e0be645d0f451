//===- MemoryTest.cpp - scratch memory through the hooks ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeRun.h"

#include <atomic>
#include <cstdlib>

namespace {

struct Counter {
  std::atomic<int> allocs{0}, frees{0}, calls{0};
  int failAt = -1; // the call of alloc that returns NULL
};

class MemoryTest : public FakeRun {
protected:
  void SetUp() override {
    options.num_threads = 2;
    options.alloc_user = &counter;
    options.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
      Counter *c = static_cast<Counter *>(user);
      if (c->calls++ == c->failAt)
        return nullptr;
      ++c->allocs;
      return aligned_alloc(alignment,
                           (bytes + alignment - 1) / alignment * alignment);
    };
    options.free = [](void *user, void *memory) {
      ++static_cast<Counter *>(user)->frees;
      free(memory);
    };
    open(options);
    shape(2, 3, 2);
  }
  void TearDown() override {
    qopt_unload(&handle);
    EXPECT_EQ(counter.allocs, counter.frees);
  }

  Counter counter;
  qopt_options options = {};
};

TEST_F(MemoryTest, LaterRunsAllocateNothing) {
  mode = Churn;
  ASSERT_EQ(run(), 0) << text;
  int first = counter.allocs;
  EXPECT_GT(first, 0);
  EXPECT_LT(first, 1000);
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(run(), 0) << text;
  EXPECT_EQ(counter.allocs, first);
  EXPECT_EQ(counter.frees, 0);
}

TEST_F(MemoryTest, GrowingSizesShareBlocks) {
  // As a decoder does: one more row at each step.
  for (int length = 1; length <= 4000; ++length) {
    shape(1, length, 0);
    ASSERT_EQ(run(), length == 13 ? QOPT_E_MODEL : 0) << text;
  }
  EXPECT_LT(counter.allocs, 64);
}

TEST_F(MemoryTest, IdleBlocksAreReturned) {
  shape(100, 1000, 0);
  expectRuns();
  shape(1, 3, 0);
  for (int i = 0; i < 20; ++i)
    expectRuns();
  EXPECT_GT(counter.frees, 0);
}

TEST_F(MemoryTest, EveryFailingAllocation) {
  for (int n = 0;; ++n) {
    open(options);
    counter.calls = 0;
    counter.failAt = n;
    mode = Churn;
    int status = run();
    bool reached = counter.calls > n;
    counter.failAt = -1;
    if (!reached) {
      EXPECT_EQ(status, 0) << text;
      break;
    }
    // What the cache held may have been given back and made room.
    EXPECT_TRUE(status == QOPT_E_MEMORY || status == 0) << status;
    expectRuns();
  }
}

} // namespace
