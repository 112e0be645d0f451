//===- RunTest.cpp - runs, failing runs, opening and closing --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeRun.h"

#include <cfenv>
#include <fstream>
#include <limits>
#include <xmmintrin.h>

namespace {
using RunTest = FakeRun;

TEST_F(RunTest, Computes) {
  expectRuns();
  EXPECT_EQ(count[0], 2);
  EXPECT_EQ(count[1], 2);
  EXPECT_EQ(total, 0x4600); // 6 in half precision
  shape(8, 4096, 0);
  expectRuns();
}

TEST_F(RunTest, OwnedOutputsOutliveTheLibrary) {
  mode = 3;
  DLManagedTensorVersioned *owned[4];
  ASSERT_EQ(qopt_run_owned(&handle, in.data(), 3, owned, 4, text, sizeof text),
            0)
      << text;
  qopt_unload(&handle);
  const DLTensor &rows = owned[2]->dl_tensor;
  ASSERT_EQ(rows.ndim, 2);
  EXPECT_EQ(rows.shape[0], 3);
  EXPECT_EQ(rows.shape[1], 2);
  EXPECT_EQ(uintptr_t(rows.data) % 64, 0u);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(static_cast<float *>(rows.data)[i], float(i));
  EXPECT_EQ(owned[0]->version.major, 1u);
  EXPECT_EQ(owned[3]->dl_tensor.ndim, 0);
  for (DLManagedTensorVersioned *tensor : owned)
    tensor->deleter(tensor);
}

TEST_F(RunTest, DataDependentSize) {
  mode = 3;
  expectRefused("output 'tail': expected [3, 2], got [0, 2]; run_owned makes "
                "outputs whose size depends on data");
  shape(2, 3, 2, 3);
  ASSERT_EQ(run(), 0) << text;
  EXPECT_EQ(tail[5], 5);
}

TEST_F(RunTest, FailuresLeaveTheModelUsable) {
  struct {
    Mode mode;
    int status;
    const char *text;
  } cases[] = {
      {Fail, QOPT_E_MODEL, "mode -1 is refused (42); {2} %s"},
      {Exhaust, QOPT_E_MEMORY,
       "out of memory: 2305843009213693951 bytes of scratch"},
      {ExhaustInLoop, QOPT_E_MEMORY,
       "out of memory: 2305843009213693951 bytes of scratch"},
      {SkipOutput, QOPT_E_MODEL,
       "the library is inconsistent: output 'total' was not written"},
      {NegativeDim, QOPT_E_MODEL, "output 'tail': dim 0 comes to -3"},
  };
  for (int repeat = 0; repeat < 20; ++repeat)
    for (auto &entry : cases) {
      mode = entry.mode;
      expectRefused(entry.text, entry.status);
      mode = entry.mode;
      EXPECT_EQ(runOwned(), entry.status);
      expectRuns();
    }
}

TEST_F(RunTest, FailureInsideALoop) {
  for (int repeat = 0; repeat < 200; ++repeat) {
    mode = FailInLoop;
    ASSERT_EQ(run(), QOPT_E_MODEL);
    // Which of the chunks is first is left open.
    ASSERT_TRUE(std::string(text) == "chunk 0 to 50 failed" ||
                std::string(text) == "chunk 50 to 100 failed")
        << text;
    expectRuns();
  }
}

TEST_F(RunTest, FloatingPointStateIsRestored) {
  // Traps unmasked, flush to zero, denormals are zero, round down.
  unsigned host = 0x0000 | 1u << 15 | 1u << 6 | 1u << 13;
  unsigned before = _mm_getcsr();
  x[0] = 1e-40f;
  x[1] = std::numeric_limits<float>::quiet_NaN();
  x[2] = std::numeric_limits<float>::infinity();
  _mm_setcsr(host);
  int status = run();
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(after, host);
  EXPECT_EQ(y[0],
            1.0f); // rounding down would give the same; no trap is the point
  EXPECT_NE(y[1], y[1]);
}

TEST_F(RunTest, Observe) {
  struct Seen {
    int calls = 0;
    std::string name;
    float last = 0;
  } seen;
  qopt_options options = {};
  options.observe_user = &seen;
  options.observe = [](void *user, int32_t tap, const char *name,
                       const float *data, int64_t rows, int64_t cols) {
    Seen *s = static_cast<Seen *>(user);
    ++s->calls;
    s->name = name + std::to_string(tap);
    s->last = data[rows * cols - 1];
  };
  open(options);
  expectRuns();
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.name, "x0");
  EXPECT_EQ(seen.last, 5.0f);
}

TEST_F(RunTest, Options) {
  auto refused = [&](qopt_options options) {
    qopt_handle other;
    EXPECT_NE(qopt_load(FAKE_MODEL, &options, &other, text, sizeof text), 0);
    EXPECT_EQ(other.library, nullptr);
    return std::string(text);
  };
  qopt_options options = {};
  options.isa = "sse";
  EXPECT_EQ(refused(options),
            "unknown isa 'sse'; this library has future, avx2, any");
  options.isa = "future";
  EXPECT_EQ(refused(options),
            "the variant 'future' needs unknown feature bits "
            "0x8000000000000000, which this CPU or operating system does not "
            "offer");
  options.isa = nullptr;
  options.flags = 4;
  EXPECT_EQ(refused(options), "flags are 0x4; this library knows 0x1");
  options.flags = 0;
  options.num_threads = -1;
  EXPECT_EQ(refused(options),
            "num_threads is -1; expected 0 (physical cores) to 1024");
  options.num_threads = 0;
  options.free = [](void *, void *) {};
  EXPECT_EQ(refused(options),
            "the options alloc and free must be set together");
  // A later header has more fields; those that are zero do no harm.
  struct {
    qopt_options known;
    int64_t later;
  } later = {};
  later.known.size = sizeof later;
  auto load = [&] {
    qopt_unload(&handle);
    return qopt_load(FAKE_MODEL, &later.known, &handle, text, sizeof text);
  };
  EXPECT_EQ(load(), 0) << text;
  later.later = 1;
  EXPECT_EQ(load(), QOPT_E_UNSUPPORTED);
}

TEST_F(RunTest, IsaFromTheEnvironment) {
  setenv("QOPT_ISA", "any", 1);
  open();
  EXPECT_STREQ(handle.api->isa(handle.model), "any");
  qopt_options options = {};
  options.isa = "avx2";
  open(options);
  EXPECT_STREQ(handle.api->isa(handle.model), "avx2");
  unsetenv("QOPT_ISA");
}

TEST_F(RunTest, Versions) {
  EXPECT_EQ(handle.api->abi, QOPT_ABI);
  EXPECT_EQ(handle.api->size, sizeof(qopt_api));
  auto query = reinterpret_cast<const qopt_api *(*)(uint32_t)>(
      dlsym(handle.library, "qopt_model_query"));
  EXPECT_EQ(query(0), nullptr);
  EXPECT_EQ(query(7), handle.api);
  EXPECT_STREQ(handle.api->input_name(2), "mode");
  EXPECT_EQ(handle.api->input_name(3), nullptr);
  EXPECT_STREQ(handle.api->output_name(0), "y");
  EXPECT_EQ(handle.api->output_name(-1), nullptr);
}

TEST_F(RunTest, GuardsCountSinceOpen) {
  qopt_guard guard;
  ASSERT_EQ(qopt_guard_at(&handle, 1, &guard), QOPT_OK);
  EXPECT_STREQ(guard.layer, "x layer");
  EXPECT_EQ(guard.rows, 0);
  x[1] = 1000;
  x[2] = -1;
  x[4] = std::numeric_limits<float>::quiet_NaN();
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(run(), 0) << text;
  ASSERT_EQ(qopt_guard_at(&handle, 1, &guard), QOPT_OK);
  EXPECT_EQ(guard.rows, 12);
  EXPECT_EQ(guard.beyond, 4);
  ASSERT_EQ(qopt_guard_at(&handle, 0, &guard), QOPT_OK);
  EXPECT_EQ(guard.rows, 0);
  EXPECT_EQ(qopt_guard_at(&handle, 2, &guard), QOPT_E_ARGUMENT);
  EXPECT_EQ(qopt_guard_at(&handle, -1, &guard), QOPT_E_ARGUMENT);
}

TEST_F(RunTest, DamagedLibraries) {
  std::ifstream file(FAKE_MODEL, std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(file)), {});
  std::string path = testing::TempDir() + "qopt-damaged.so";
  for (size_t size = 0; size < whole.size(); size += 997) {
    std::ofstream(path, std::ios::binary).write(whole.data(), size);
    qopt_handle other;
    EXPECT_EQ(qopt_load(path.c_str(), nullptr, &other, text, sizeof text),
              QOPT_E_LOAD)
        << size;
  }
  remove(path.c_str());
}

} // namespace
