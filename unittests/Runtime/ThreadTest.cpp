//===- ThreadTest.cpp - the pool, many handles, many loads ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeRun.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {
using ThreadTest = FakeRun;

/// A number from /proc/self/status.
long processStatus(const std::string &key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key + ":", 0) == 0)
      return std::stol(line.substr(key.size() + 1));
  return -1;
}

TEST_F(ThreadTest, SameResultOnAnyNumberOfThreads) {
  // No more are used than there are CPUs, however many are asked for.
  qopt_options options = {};
  options.num_threads = 1024;
  open(options);
  int most = handle.api->num_threads(handle.model);
  EXPECT_LE(most, int(std::thread::hardware_concurrency()));
  for (int threads : {1, 2, 3, 7, 16}) {
    options.num_threads = threads;
    open(options);
    EXPECT_EQ(handle.api->num_threads(handle.model), std::min(threads, most));
    for (int64_t n : {1, 63, 64, 127, 128, 1000, 65536}) {
      shape(1, n, 0);
      for (int repeat = 0; repeat < 20; ++repeat)
        expectRuns();
    }
    mode = Nested;
    for (int repeat = 0; repeat < 20; ++repeat)
      ASSERT_EQ(run(), 0) << text;
  }
}

TEST_F(ThreadTest, DefaultIsNotMoreThanTheCpus) {
  open();
  int threads = handle.api->num_threads(handle.model);
  EXPECT_GE(threads, 1);
  EXPECT_LE(threads, int(std::thread::hardware_concurrency()));
}

TEST_F(ThreadTest, ManyThreadsOnOneHandle) {
  std::atomic<int> done{0}, busy{0}, other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        DLManagedTensorVersioned *owned[4];
        char message[256] = "";
        int status = qopt_run_owned(&handle, in.data(), 3, owned, 4, message,
                                    sizeof message);
        if (status == 0) {
          ++done;
          for (DLManagedTensorVersioned *tensor : owned)
            tensor->deleter(tensor);
        } else if (status == QOPT_E_BUSY) {
          ++busy;
          EXPECT_STREQ(message, "this model is in use by another call; open "
                                "one model per thread");
        } else {
          ++other;
        }
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_GT(done, 0);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(done + busy, 1600);
  expectRuns();
}

TEST_F(ThreadTest, ManyHandles) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([] {
      qopt_options options = {};
      options.num_threads = 2;
      qopt_handle own;
      char message[256];
      ASSERT_EQ(qopt_load(FAKE_MODEL, &options, &own, message, sizeof message),
                0);
      int64_t dims[] = {1, 1000}, mode = 0;
      std::vector<float> x(1000, 2);
      std::vector<uint8_t> mask(1000, 1);
      DLTensor in[] = {qopt_f32(x.data(), 2, dims),
                       qopt_bool(mask.data(), 2, dims),
                       qopt_i64(&mode, 0, nullptr)};
      for (int i = 0; i < 50; ++i) {
        DLManagedTensorVersioned *owned[4];
        ASSERT_EQ(
            qopt_run_owned(&own, in, 3, owned, 4, message, sizeof message), 0);
        EXPECT_EQ(static_cast<float *>(owned[0]->dl_tensor.data)[999], 3.0f);
        for (DLManagedTensorVersioned *tensor : owned)
          tensor->deleter(tensor);
      }
      qopt_unload(&own);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(ThreadTest, CloseWaitsForTheRun) {
  qopt_options options = {};
  options.num_threads = 2;
  static std::atomic<bool> inside, leave;
  inside = leave = false;
  options.observe = [](void *, int32_t, const char *, const float *, int64_t,
                       int64_t) {
    inside = true;
    while (!leave)
      usleep(100);
  };
  open(options);
  int status = -100;
  std::thread runner([&] { status = run(); });
  while (!inside)
    usleep(100);
  std::thread closer([&] { qopt_unload(&handle); });
  usleep(5000);
  leave = true;
  closer.join();
  runner.join();
  EXPECT_EQ(status, 0);
}

TEST_F(ThreadTest, RunsAfterFork) {
  expectRuns();
  pid_t child = fork();
  if (child == 0) {
    shape(1, 4096, 0);
    bool ok = run() == 0 && y[4095] == 4096.0f;
    qopt_unload(&handle);
    _exit(ok ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  expectRuns();
}

TEST_F(ThreadTest, LoadAndUnloadAThousandTimes) {
  qopt_unload(&handle);
  long threads = processStatus("Threads"), memory = 0;
  qopt_options options = {};
  options.num_threads = 4;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(qopt_load(FAKE_MODEL, &options, &handle, text, sizeof text), 0);
    ASSERT_EQ(run(), 0) << text;
    qopt_unload(&handle);
    if (i == 100)
      memory = processStatus("VmRSS");
  }
  EXPECT_EQ(processStatus("Threads"), threads);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Sanitizers keep what is freed.
  EXPECT_LT(processStatus("VmRSS"), memory + 1024);
#endif
}

} // namespace
