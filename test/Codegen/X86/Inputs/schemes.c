// Compares products with groups, zero points and tails out of the codes with a
// scalar reference: bit by bit, in the order of the epilogue. With the argument
// `time` it measures instead.
// Macros: ISA, K, N, GROUP (rows of K that share a scale, 0: all); OFFSET and
// ZERO (whether codes have zero points), or BYTES (float rows times 8-bit
// weights).
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "product.h"

#define SIZE (GROUP ? GROUP : K)
#define GROUPS ((K + SIZE - 1) / SIZE)
// A product so long takes the largest codes: its sum fits i32 just so.
#define LONG (K > 10000)
// Columns of the tail, up to K.
#define J (K < 5 ? K : 5)

static int8_t weights[(size_t)K * N];
static _Alignas(64) int8_t packed[(size_t)KP * NP];
static int32_t sums[GROUPS * NP], columns[J];
static float scales[GROUPS * N], bias[N];

static void makeWeights(void) {
  for (size_t k = 0; k < K; ++k)
    for (size_t n = 0; n < N; ++n) {
      int8_t code = weights[k * N + n] = (int8_t)(LONG ? 127 : randomCode());
#ifdef BYTES
      packed[inPanels(k, n)] = code;
#else
      packed[inTiles(k, n)] = code;
#endif
      sums[k / SIZE * NP + n] += code;
    }
  for (size_t i = 0; i < GROUPS * N; ++i)
    scales[i] = 1e-3f * (1 + random32() % 7);
  for (size_t n = 0; n < N; ++n)
    bias[n] = randomFloat();
  for (int j = 0; j < J; ++j)
    columns[j] = (int32_t)((size_t)j * K / J + random32() % (K / J));
}

#ifdef BYTES
static float *x;
static float reference(int64_t m, int64_t n, double *tolerance) {
  double sum = 0;
  *tolerance = 1e-6;
  for (int64_t k = 0; k < K; ++k) {
    double product = (double)x[m * K + k] * weights[k * N + n] *
                     (double)scales[k / SIZE * N + n];
    sum += product;
    *tolerance += 4e-7 * fabs(product);
  }
  return (float)sum + bias[n];
}
#else
static int8_t *codes;
static float *rowScales, *tail;
static int32_t *zeros;
static float reference(int64_t m, int64_t n, double *tolerance) {
  float y = 0;
  *tolerance = 0;
  for (int64_t g = 0; g < GROUPS; ++g) {
    int32_t sum = 0;
    for (int64_t k = g * SIZE; k < K && k < (g + 1) * SIZE; ++k)
      sum += (codes[m * KP + k] - zeros[m]) * weights[k * N + n];
    if (GROUP)
      y = fmaf((float)sum, scales[g * N + n], y);
    else
      y = (float)sum * (rowScales[m] * scales[n]);
  }
  if (GROUP)
    y *= rowScales[m];
  for (int64_t j = 0; j < J; ++j) {
    float weight =
        (float)weights[columns[j] * N + n] * scales[columns[j] / SIZE * N + n];
    y = fmaf(tail[m * J + j], weight, y);
  }
  return y + bias[n];
}
#endif

static void check(int64_t M, int timing) {
  outputs[0] = get((M + 1) * N * 4);
#ifdef BYTES
  x = get(M * K * 4);
  for (int64_t i = 0; i < M * K; ++i)
    x[i] = randomFloat();
  qopt_arg in[] = {
      {x, {M, K}}, {packed, {}}, {scales, {GROUPS, N}}, {bias, {N}}};
#else
  codes = get(M * KP);
  int8_t *stored = get(M * KP);
  rowScales = get(M * 4), tail = get(M * J * 4), zeros = get(M * 4);
  for (int64_t i = 0; i < M * KP; ++i) {
    int code =
        LONG ? (ZERO ? -128 : 127) : randomCode() - (ZERO && random32() % 2);
    codes[i] = i % KP < K ? (int8_t)code : 0;
    stored[i] = (int8_t)(codes[i] + OFFSET);
  }
  for (int64_t i = 0; i < M; ++i) {
    rowScales[i] = 1e-2f * (1 + random32() % 5);
    zeros[i] = !ZERO ? 0 : LONG ? 127 : (int32_t)(random32() % 256) - 128;
  }
  for (int64_t i = 0; i < M * J; ++i)
    tail[i] = 8 * randomFloat();
  qopt_arg in[] = {
      {stored, {M, KP}},     {packed, {}},         {rowScales, {M}},
      {scales, {GROUPS, N}}, {zeros, {M}},         {tail, {M, J}},
      {columns, {J}},        {sums, {GROUPS, NP}}, {bias, {N}}};
#endif
  judge(in, M, timing);
}

int main(int argc, char **argv) {
  static const int larger[] = {100};
  return judgeAll(argc, argv, LONG ? 3 : 35, larger, LONG ? 0 : 1);
}
