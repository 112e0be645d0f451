// Compares a generated product with a scalar reference: integers bit by bit, in
// the order of the epilogue. With the argument `time` it measures instead.
// Macros: ISA, K, N; CODES with OFFSET, J (columns of the tail) and TILES
// (whether those of many rows are multiplied by half-precision tiles), with
// PARTS their weights in bfloat16, as the compiler packs those of known
// columns; or WEIGHT (the element type of a float product), with PAIRS that of
// both operands.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "product.h"

#ifdef CODES
static int8_t weights[(size_t)K * N];
static _Alignas(64) int8_t packed[(size_t)KP * NP];
static int32_t sums[NP];
static _Float16 tailWeights[(J + 1) * NP];
#ifdef PARTS
static _Alignas(64) uint16_t tailRows[NP / 32][3 * (J / 32 + 1)][2][16][16][2];
static int tailTiles = J / 32 * 2 + (J % 32 == 0 ? 0 : J % 32 <= 10 ? 1 : 2);

static void put(int slot, int n, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  // Tiles of a panel lie side by side, however many there could be.
  uint16_t *panel =
      &tailRows[0][0][0][0][0][0] + (size_t)(n / 32) * tailTiles * 1024;
  panel[slot / 32 * 1024 + n % 32 / 16 * 512 + slot % 32 / 2 * 32 + n % 16 * 2 +
        slot % 2] = bits >> 16;
}

/// 32 outliers are a tile of high parts and one of low parts; at most 21 behind
/// them lie side by side: high, high, low.
static void makeTail(void) {
  for (int j = 0; j < J; ++j)
    for (int n = 0; n < NP; ++n) {
      float value = (float)tailWeights[j * NP + n], high;
      uint32_t bits;
      memcpy(&bits, &value, 4);
      bits &= 0xffff0000;
      memcpy(&high, &bits, 4);
      int rest = J % 32, first = J / 32 * 64;
      if (j / 32 < J / 32 || rest > 21) {
        put(j / 32 * 64 + j % 32, n, high);
        put(j / 32 * 64 + j % 32 + 32, n, value - high);
      } else {
        put(first + j % 32, n, high);
        put(first + rest + j % 32, n, high);
        put(first + 2 * rest + j % 32, n, value - high);
      }
    }
}
#else
#define tailRows tailWeights
static void makeTail(void) {}
#endif

static void makeWeights(void) {
  for (size_t k = 0; k < K; ++k)
    for (size_t n = 0; n < N; ++n) {
      int8_t code = weights[k * N + n] = randomCode();
      packed[inTiles(k, n)] = code;
      sums[n] += code;
    }
  for (size_t i = 0; i < J * NP; ++i)
    tailWeights[i] = (_Float16)randomFloat();
  makeTail();
}
#else
#ifdef PAIRS
#define PACKED inPairs
typedef WEIGHT lhs_t;
/// The upper half of a float: libgcc 12 has no conversion to __bf16.
static WEIGHT element(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint16_t upper = bits >> 16;
  WEIGHT result;
  memcpy(&result, &upper, 2);
  return result;
}
#else
#define PACKED inPanels
typedef float lhs_t;
static float element(float value) { return value; }
#endif
static WEIGHT weights[(size_t)K * N];
static _Alignas(64) WEIGHT packed[(size_t)K * NP];

static void makeWeights(void) {
  for (size_t k = 0; k < K; ++k)
    for (size_t n = 0; n < N; ++n)
      packed[PACKED(k, n)] = weights[k * N + n] =
          (WEIGHT)element(randomFloat());
}
#endif

static float *bias, *scales, *residual;

#ifdef CODES
static int8_t *codes;
static float *rowScales, *tail;
static int64_t rows;

/// What a single row holds: the first of those below, any codes, or such that
/// four of them are as much as 16 bits take.
static int alone;

/// Ten rows of codes near 0, with some about 64, where pairs begin to be too
/// much for 16 bits, and few beyond; then ten rows of any codes.
static int rowCode(int64_t m) {
  int code = randomCode(), kind = random32() % 32;
  if (alone == 2)
    return code < 0 ? -64 : 64;
  if (m / 10 % 2 || kind == 0 || alone)
    return code;
  return kind < 5 ? (code < 0 ? -64 : 64) + kind % 2 : code / 4;
}

static float reference(int64_t m, int64_t n, double *tolerance) {
  int32_t sum = 0;
  for (int64_t k = 0; k < K; ++k)
    sum += codes[m * KP + k] * weights[k * N + n];
  float y = (float)sum * (rowScales[m] * scales[n]);
  for (int64_t j = 0; j < J; ++j)
    y = fmaf(tail[m * J + j], (float)tailWeights[j * NP + n], y);
  // Two parts of 8 bits for each factor, in an order of the tile's own.
  if (TILES && rows > 16 && J > 0) {
    *tolerance = 4e-7 * fabs(y) + 1e-6;
    for (int64_t j = 0; j < J; ++j)
      *tolerance +=
          3e-5 * fabs(tail[m * J + j] * (double)tailWeights[j * NP + n]);
  }
  return y + bias[n] + residual[m * N + n];
}
#else
static lhs_t *x;
static float reference(int64_t m, int64_t n, double *tolerance) {
  double sum = 0;
  *tolerance = 1e-6;
  for (int64_t k = 0; k < K; ++k) {
    double product =
        (double)(float)x[m * K + k] * (double)(float)weights[k * N + n];
    sum += product;
    *tolerance += 3e-7 * fabs(product);
  }
  return (float)sum + bias[n] + residual[m * N + n];
}
#endif

static void check(int64_t M, int timing) {
  bias = get(N * 4), scales = get(N * 4), residual = get(M * N * 4);
  outputs[0] = get((M + 1) * N * 4);
  for (int n = 0; n < N; ++n) {
    bias[n] = randomFloat();
    scales[n] = 1e-3f * (1 + random32() % 7);
  }
  for (int64_t i = 0; i < M * N; ++i)
    residual[i] = randomFloat();
#ifdef CODES
  rows = M;
  int8_t *stored = get(M * KP);
  codes = get(M * KP), rowScales = get(M * 4), tail = get(M * (J + 1) * 4);
  for (int64_t i = 0; i < M * KP; ++i) {
    codes[i] = i % KP < K ? rowCode(i / KP) : 0;
    stored[i] = (int8_t)(codes[i] + OFFSET);
  }
  for (int64_t i = 0; i < M; ++i)
    rowScales[i] = 1e-2f * (1 + random32() % 5);
  for (int64_t i = 0; i < M * J; ++i)
    tail[i] = 8 * randomFloat();
  qopt_arg in[] = {{stored, {M, KP}}, {packed, {}},   {rowScales, {M}},
                   {scales, {N}},     {tail, {M, J}}, {tailRows, {J, NP}},
                   {sums, {NP}},      {bias, {N}},    {residual, {M, N}}};
#else
  x = get(M * K * sizeof *x);
  for (int64_t i = 0; i < M * K; ++i)
    x[i] = element(randomFloat());
  qopt_arg in[] = {{x, {M, K}}, {packed, {}}, {bias, {N}}, {residual, {M, N}}};
#endif
  judge(in, M, timing);
#ifdef CODES
  if (M == 1 && !timing && alone < 2) {
    ++alone;
    check(M, timing);
    alone = 0;
  }
#endif
}

int main(int argc, char **argv) {
  static const int larger[] = {128, 200, 403};
  return judgeAll(argc, argv, 49, larger, 3);
}
