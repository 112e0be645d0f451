//===- Limits.cpp - what this machine can do at most ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Limits.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include "peak.h"
#endif

using namespace llvm;

namespace runner {

using Loop = int64_t (*)(int64_t);

static Loop findLoop(StringRef isa, StringRef operand) {
#if defined(__x86_64__)
  static const struct {
    StringLiteral isa, operand;
    Loop loop;
  } table[] = {{"amx", "i8", peakAmxInt8},
               {"amx", "bf16", peakAmxBF16},
               {"amx", "f32", peakAvx512Float},
               {"avx512vnni", "i8", peakAvx512VnniInt8},
               {"avx512vnni", "bf16", peakAvx512Float},
               {"avx512vnni", "f32", peakAvx512Float},
               {"avxvnni", "i8", peakAvxVnniInt8},
               {"avxvnni", "bf16", peakAvx2Float},
               {"avxvnni", "f32", peakAvx2Float},
               {"avx2", "i8", peakAvx2Int8},
               {"avx2", "bf16", peakAvx2Float},
               {"avx2", "f32", peakAvx2Float}};
  for (const auto &entry : table)
    if (entry.isa == isa && entry.operand == operand)
      return entry.loop;
#endif
  return nullptr;
}

/// The best of several rounds: amounts of `work` per nanosecond, of all threads
/// together.
static double rateOf(int threads, function_ref<double(int)> work) {
  constexpr int rounds = 8;
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> waiting{threads};
    std::vector<double> rates(threads);
    auto run = [&](int thread) {
      --waiting;
      while (waiting > 0)
        std::this_thread::yield();
      auto begin = std::chrono::steady_clock::now();
      double done = work(thread);
      std::chrono::duration<double, std::nano> taken =
          std::chrono::steady_clock::now() - begin;
      rates[thread] = done / taken.count();
    };
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(run, thread);
    run(0);
    for (std::thread &other : others)
      other.join();
    double sum = 0;
    for (double rate : rates)
      sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

double multiplyLimit(StringRef isa, StringRef operand, int threads) {
  constexpr int64_t steps = 50000;
  Loop loop = findLoop(isa, operand);
  if (!loop)
    return 0;
  return rateOf(threads, [&](int) { return double(loop(steps)) * steps; });
}

/// Adds up whole cache lines, in as many chains as hide the latency.
static uint64_t readAll(const uint64_t *data, size_t words) {
  typedef uint64_t Line __attribute__((vector_size(64), aligned(8)));
  Line sums[4] = {};
  for (size_t i = 0; i + 32 <= words; i += 32)
    for (int chain = 0; chain < 4; ++chain) {
      Line line;
      std::memcpy(&line, data + i + 8 * chain, sizeof line);
      sums[chain] += line;
    }
  Line all = sums[0] + sums[1] + sums[2] + sums[3];
  uint64_t sum = 0;
  for (int i = 0; i < 8; ++i)
    sum += all[i];
  return sum;
}

double readLimit(int64_t bytes, int threads) {
  size_t words =
      std::max<size_t>(64, bytes / (sizeof(uint64_t) * size_t(threads)));
  // Written once: pages that nobody wrote are all the same one.
  std::vector<std::vector<uint64_t>> parts(threads,
                                           std::vector<uint64_t>(words, 1));
  // About a millisecond at least.
  int64_t passes = std::max<int64_t>(1, (8 << 20) / int64_t(8 * words));
  return rateOf(threads, [&](int thread) {
    for (int64_t pass = 0; pass < passes; ++pass) {
      uint64_t sum = readAll(parts[thread].data(), words);
      __asm__ volatile("" : : "r"(sum) : "memory");
    }
    return double(passes) * 8 * words;
  });
}

} // namespace runner
