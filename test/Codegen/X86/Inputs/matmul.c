// Compares a generated product with a scalar reference: integers bit by bit, in
// the order of the epilogue. With the argument `time` it measures instead.
// Macros: ISA, K, N; CODES with OFFSET and J (columns of the tail), or WEIGHT
// (the element type of a float product).
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"

#define KP ((K + 63) / 64 * 64)
#define NP ((N + 31) / 32 * 32)

static int bad;
static void mismatch(long m, long i, long n, double got, double want) {
  if (bad++ < 5)
    printf("M=%ld [%ld,%ld]: %.9g, not %.9g\n", m, i, n, got, want);
}

#ifdef CODES
static int8_t weights[(size_t)K * N];
static _Alignas(64) int8_t packed[(size_t)KP * NP];
static int32_t sums[NP];
static _Float16 tailWeights[(J + 1) * NP];

static void makeWeights(void) {
  for (size_t k = 0; k < K; ++k)
    for (size_t n = 0; n < N; ++n) {
      int8_t code = weights[k * N + n] = randomCode();
      size_t tile = (n / 32 * (KP / 64) + k / 64) * 2 + n % 32 / 16;
      packed[tile * 1024 + k % 64 / 4 * 64 + n % 16 * 4 + k % 4] = code;
      sums[n] += code;
    }
  for (size_t i = 0; i < J * NP; ++i)
    tailWeights[i] = (_Float16)randomFloat();
}
#else
static WEIGHT weights[(size_t)K * N];
static _Alignas(64) WEIGHT packed[(size_t)K * NP];

static void makeWeights(void) {
  for (size_t k = 0; k < K; ++k)
    for (size_t n = 0; n < N; ++n)
      packed[(n / 32 * K + k) * 32 + n % 32] = weights[k * N + n] =
          (WEIGHT)randomFloat();
}
#endif

static void check(int64_t M, int timing) {
  float *bias = get(N * 4), *scales = get(N * 4), *residual = get(M * N * 4);
  float *out = outputs[0] = get((M + 1) * N * 4);
  for (int n = 0; n < N; ++n) {
    bias[n] = randomFloat();
    scales[n] = 1e-3f * (1 + random32() % 7);
  }
  for (int64_t i = 0; i < M * N; ++i)
    residual[i] = randomFloat();
#ifdef CODES
  int8_t *codes = get(M * KP), *stored = get(M * KP);
  float *rowScales = get(M * 4), *tail = get(M * (J + 1) * 4);
  for (int64_t i = 0; i < M * KP; ++i) {
    codes[i] = i % KP < K ? randomCode() : 0;
    stored[i] = (int8_t)(codes[i] + OFFSET);
  }
  for (int64_t i = 0; i < M; ++i)
    rowScales[i] = 1e-2f * (1 + random32() % 5);
  for (int64_t i = 0; i < M * J; ++i)
    tail[i] = 8 * randomFloat();
  qopt_arg in[] = {{stored, {M, KP}}, {packed, {}},   {rowScales, {M}},
                   {scales, {N}},     {tail, {M, J}}, {tailWeights, {J, NP}},
                   {sums, {NP}},      {bias, {N}},    {residual, {M, N}}};
#else
  float *x = get(M * K * 4);
  for (int64_t i = 0; i < M * K; ++i)
    x[i] = randomFloat();
  qopt_arg in[] = {{x, {M, K}}, {packed, {}}, {bias, {N}}, {residual, {M, N}}};
#endif
  run(in);
  if (timing) {
    double seconds = secondsOf(in, 2e-11 * M * K * N);
    printf("%5ldx%dx%d %10.2f us %9.1f Gop/s\n", (long)M, K, N, seconds * 1e6,
           2e-9 * M * K * N / seconds);
    return;
  }
  for (int64_t m = 0; m < M; ++m)
    for (int64_t n = 0; n < N; ++n) {
      float y;
      double tolerance = 0;
#ifdef CODES
      int32_t sum = 0;
      for (int64_t k = 0; k < K; ++k)
        sum += codes[m * KP + k] * weights[k * N + n];
      y = (float)sum * (rowScales[m] * scales[n]);
      for (int64_t j = 0; j < J; ++j)
        y = fmaf(tail[m * J + j], (float)tailWeights[j * NP + n], y);
#else
      double sum = 0;
      tolerance = 1e-6;
      for (int64_t k = 0; k < K; ++k) {
        double product = (double)x[m * K + k] * (double)weights[k * N + n];
        sum += product;
        tolerance += 3e-7 * fabs(product);
      }
      y = (float)sum;
#endif
      y = y + bias[n];
      y = y + residual[m * N + n];
      if (!(fabs((double)out[m * N + n] - y) <= tolerance))
        mismatch(M, m, n, out[m * N + n], y);
    }
  for (int64_t i = M * N * 4; i < (M + 1) * N * 4; ++i)
    if (((char *)out)[i] != 0x55)
      mismatch(M, M, i, 0, 0);
}

int main(int argc, char **argv) {
  makeWeights();
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    static const int sizes[] = {1, 4, 16, 64, 128, 512, 1024};
    for (int i = 0; i < 7; ++i)
      check(sizes[i], 1);
    return 0;
  }
  for (int m = 0; m <= 49; ++m)
    check(m, 0);
  check(128, 0);
  check(200, 0);
  check(403, 0);
  puts(bad ? "WRONG" : "equal");
  return bad != 0;
}
