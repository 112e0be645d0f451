//===- peak.cpp - what the instructions of the kernels can do at most -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops over registers: as many independent accumulators as hide the latency,
// no loads but those of tiles, no stores. The rate of such a loop is the limit
// that a kernel of the same instructions is measured against, in the same
// process, as the clock of a shared machine drifts. And plain reads, the limit
// of products with one row.
//===----------------------------------------------------------------------===//

#include "peak.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/// The compiler must take `value` for changed: otherwise it would compute the
/// same product once, or sums that nobody reads not at all.
#define TOUCH(value) __asm__ volatile("" : "+v"(value))

static constexpr int chains = 12;

/// A loop over `chains` sums, which `update` changes one after another.
#define REGISTER_LOOP(Vector, steps, update)                                   \
  Vector sums[chains] = {};                                                    \
  for (int64_t step = 0; step < steps; ++step)                                 \
    _Pragma("clang loop unroll(full)") for (Vector &sum : sums) { update }     \
  for (Vector &sum : sums)                                                     \
    TOUCH(sum);

extern "C" __attribute__((target("avx2"))) int64_t peakAvx2Int8(int64_t steps) {
  __m256i a = _mm256_set1_epi8(1), b = a, ones = _mm256_set1_epi16(1);
  REGISTER_LOOP(__m256i, steps, TOUCH(a);
                __m256i pairs = _mm256_maddubs_epi16(a, b);
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));)
  return chains * 32 * 2;
}

extern "C" __attribute__((target("avx512f,avx512vnni"))) int64_t
peakAvx512VnniInt8(int64_t steps) {
  __m512i a = _mm512_set1_epi32(0x01010101), b = a;
  TOUCH(a);
  TOUCH(b);
  REGISTER_LOOP(__m512i, steps, sum = _mm512_dpbusd_epi32(sum, a, b);)
  return chains * 64 * 2;
}

extern "C" __attribute__((target("avx2,avxvnni"))) int64_t
peakAvxVnniInt8(int64_t steps) {
  __m256i a = _mm256_set1_epi32(0x01010101), b = a;
  TOUCH(a);
  TOUCH(b);
  REGISTER_LOOP(__m256i, steps, sum = _mm256_dpbusd_avx_epi32(sum, a, b);)
  return chains * 32 * 2;
}

extern "C" __attribute__((target("avx2,fma"))) int64_t
peakAvx2Float(int64_t steps) {
  __m256 a = _mm256_set1_ps(1.0f), b = _mm256_set1_ps(1.0e-9f);
  REGISTER_LOOP(__m256, steps, sum = _mm256_fmadd_ps(a, b, sum);)
  return chains * 8 * 2;
}

extern "C" __attribute__((target("avx512f"))) int64_t
peakAvx512Float(int64_t steps) {
  __m512 a = _mm512_set1_ps(1.0f), b = _mm512_set1_ps(1.0e-9f);
  REGISTER_LOOP(__m512, steps, sum = _mm512_fmadd_ps(a, b, sum);)
  return chains * 16 * 2;
}

namespace {

/// Palette 1, all tiles 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

} // namespace

/// The limits with loads: tiles cannot be multiplied faster than 2 x 2 blocks
/// of them come out of L1. `products` multiplies tiles 4 and 5 by 6 and 7 into
/// 0 to 3. 0 where the system grants no tiles.
/// The operands are 1.0 in bfloat16, -128 and 63 as codes: tiles of zeros are
/// multiplied a quarter faster than all others.
#define TILE_LOOP(steps, products)                                             \
  constexpr int requestPermission = 0x1023, tileData = 18;                     \
  if (syscall(SYS_arch_prctl, requestPermission, tileData) != 0)               \
    return 0;                                                                  \
  static const TileConfig config;                                              \
  alignas(64) static int16_t operands[4][512];                                 \
  for (auto &operand : operands)                                               \
    std::fill_n(operand, 512, 0x3f80);                                         \
  _tile_loadconfig(&config);                                                   \
  _tile_zero(0);                                                               \
  _tile_zero(1);                                                               \
  _tile_zero(2);                                                               \
  _tile_zero(3);                                                               \
  for (int64_t step = 0; step < steps; ++step) {                               \
    _tile_loadd(4, operands[0], 64);                                           \
    _tile_loadd(5, operands[1], 64);                                           \
    _tile_loadd(6, operands[2], 64);                                           \
    _tile_loadd(7, operands[3], 64);                                           \
    products                                                                   \
  }                                                                            \
  _tile_release();

extern "C" __attribute__((target("amx-tile,amx-int8")))
int64_t peakAmxInt8(int64_t steps) {
  TILE_LOOP(steps, _tile_dpbssd(0, 4, 6); _tile_dpbssd(1, 4, 7);
            _tile_dpbssd(2, 5, 6); _tile_dpbssd(3, 5, 7);)
  return 4 * 16 * 16 * 64 * 2;
}

extern "C" __attribute__((target("amx-tile,amx-bf16"))) int64_t
peakAmxBF16(int64_t steps) {
  TILE_LOOP(steps, _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7);)
  return 4 * 16 * 16 * 32 * 2;
}

using Line = int64_t __attribute__((vector_size(64)));

/// The limit of products of few rows: every byte of the weights once, nothing
/// else. `streams` parts are read side by side, `ahead` is the distance of
/// prefetches; what is fastest depends on where the bytes are.
template <int streams, int ahead>
__attribute__((always_inline)) static inline void readOnce(const char *data,
                                                           int64_t bytes) {
  constexpr int step = 256;
  Line sums[4] = {};
  int64_t part = bytes / streams & -step;
  for (int64_t i = 0; i < part; i += step)
#pragma clang loop unroll(full)
    for (int s = 0; s < streams; ++s)
#pragma clang loop unroll(full)
      for (int line = 0; line < 4; ++line) {
        const char *at = data + s * part + i + 64 * line;
        if (ahead)
          _mm_prefetch(at + ahead, _MM_HINT_T0);
        sums[line] ^= *reinterpret_cast<const Line *>(at);
      }
  Line all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  __asm__ volatile("" : : "m"(all));
}

#define BEST_VECTORS                                                           \
  __attribute__((target_clones("avx512f", "avx2", "default")))

extern "C" BEST_VECTORS void readPlain(const char *data, int64_t bytes) {
  readOnce<1, 0>(data, bytes);
}

extern "C" BEST_VECTORS void readPrefetched(const char *data, int64_t bytes) {
  readOnce<1, 1024>(data, bytes);
}

extern "C" BEST_VECTORS void readFourStreams(const char *data, int64_t bytes) {
  readOnce<4, 0>(data, bytes);
}

extern "C" char *readBuffer(int64_t bytes) {
  constexpr int64_t hugePage = 2 << 20;
  int64_t whole = (bytes + hugePage - 1) & -hugePage;
  char *data = static_cast<char *>(aligned_alloc(hugePage, whole));
  madvise(data, whole, MADV_HUGEPAGE);
  memset(data, 0, whole);
  return data;
}

extern "C" void readFree(char *data) { free(data); }
