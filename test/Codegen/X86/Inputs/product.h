// What the programs that compare products share: how weights are packed, the
// comparison of all results with the scalar `reference` of the program, the
// timing, and the numbers of rows to look at.
// Macros: ISA, K, N.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"

#define KP ((K + 63) / 64 * 64)
#define NP ((N + 31) / 32 * 32)

// Of the program: its weights, the inputs for M rows handed to `judge`, and
// result [m, n] with how far it may be off.
static void makeWeights(void);
static void check(int64_t M, int timing);
static float reference(int64_t m, int64_t n, double *tolerance);

/// Where weight [k, n] lies among tiles of 64 rows and 16 columns, four rows
/// beside each other.
static inline size_t inTiles(size_t k, size_t n) {
  size_t tile = (n / 32 * (KP / 64) + k / 64) * 2 + n % 32 / 16;
  return tile * 1024 + k % 64 / 4 * 64 + n % 16 * 4 + k % 4;
}

/// The same in panels of 32 columns.
static inline size_t inPanels(size_t k, size_t n) {
  return (n / 32 * K + k) * 32 + n % 32;
}

/// The same of 16-bit elements among tiles of 32 rows, two rows beside each
/// other.
static inline size_t inPairs(size_t k, size_t n) {
  size_t tile = (n / 32 * (K / 32) + k / 32) * 2 + n % 32 / 16;
  return tile * 512 + k % 32 / 2 * 32 + n % 16 * 2 + k % 2;
}

static int bad;
static void mismatch(long m, long i, long n, double got, double want) {
  if (bad++ < 5)
    printf("M=%ld [%ld,%ld]: %.9g, not %.9g\n", m, i, n, got, want);
}

/// Runs M rows into outputs[0], which has room for one row more.
static void judge(const qopt_arg *in, int64_t M, int timing) {
  const float *out = outputs[0];
  run(in);
  if (timing) {
    double seconds = secondsOf(in, 2e-11 * M * K * N);
    printf("%5ldx%dx%d %10.2f us %9.1f Gop/s\n", (long)M, K, N, seconds * 1e6,
           2e-9 * M * K * N / seconds);
    return;
  }
  for (int64_t m = 0; m < M; ++m)
    for (int64_t n = 0; n < N; ++n) {
      double tolerance = 0;
      float y = reference(m, n, &tolerance);
      if (!(fabs((double)out[m * N + n] - y) <= tolerance))
        mismatch(M, m, n, out[m * N + n], y);
    }
  for (int64_t i = M * N * 4; i < (M + 1) * N * 4; ++i)
    if (((const char *)out)[i] != 0x55)
      mismatch(M, M, i, 0, 0);
}

/// What main does: 0 to `most` rows, then `larger` numbers of them.
static int judgeAll(int argc, char **argv, int most, const int *larger,
                    int count) {
  makeWeights();
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    static const int sizes[] = {1, 4, 16, 64, 128, 512, 1024};
    for (int i = 0; i < 7; ++i)
      check(sizes[i], 1);
    return 0;
  }
  for (int m = 0; m <= most; ++m)
    check(m, 0);
  for (int i = 0; i < count; ++i)
    check(larger[i], 0);
  puts(bad ? "WRONG" : "equal");
  return bad != 0;
}
