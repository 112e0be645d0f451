// Compares contractions as in attention with scalar code: scores = q x k,
// values = p x v with the result in the order of the heads' projection, and a
// product whose right operand is contiguous in neither n nor k. All accumulate
// into a result. Macros: ISA, D.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"

static int bad;
static float *filled(size_t n) {
  float *memory = get(n * 4);
  for (size_t i = 0; i < n; ++i)
    memory[i] = randomFloat();
  return memory;
}
static void compare(const char *what, double sum, double tolerance, float got) {
  if (!(fabs(got - sum) <= tolerance + 1e-6) && bad++ < 5)
    printf("%s: %.9g, not %.9g\n", what, got, sum);
}

static void check(int64_t B, int64_t H, int64_t S, int64_t T, int timing) {
  float *q = filled(B * H * S * D), *k = filled(B * H * T * D);
  float *p = filled(B * H * S * T), *v = filled(B * H * T * D);
  float *u = filled(B * D * T * H);
  float *scores = outputs[0] = get(B * H * S * T * 4);
  float *values = outputs[1] = get(B * S * H * D * 4);
  float *mixed = outputs[2] = get(B * H * S * T * 4);
  qopt_arg in[] = {{q, {B, H, S, D}},
                   {k, {B, H, T, D}},
                   {p, {B, H, S, T}},
                   {v, {B, H, T, D}},
                   {u, {B, D, T, H}}};
  run(in);
  if (timing) {
    double seconds = secondsOf(in, 1e-10 * B * H * S * T * D);
    printf("%ldx%ldx%ldx%ld %10.2f us %9.1f Gop/s\n", (long)B, (long)H, (long)S,
           (long)T, seconds * 1e6, 6e-9 * B * H * S * T * D / seconds);
    return;
  }
  for (int64_t b = 0; b < B; ++b)
    for (int64_t h = 0; h < H; ++h)
      for (int64_t s = 0; s < S; ++s) {
        const float *row = q + ((b * H + h) * S + s) * D;
        for (int64_t t = 0; t < T; ++t) {
          double sum = 1, bound = 0, other = 1, otherBound = 0;
          for (int64_t d = 0; d < D; ++d) {
            double x = (double)row[d] * k[((b * H + h) * T + t) * D + d];
            double y = (double)row[d] * u[((b * D + d) * T + t) * H + h];
            sum += x, bound += 3e-7 * fabs(x);
            other += y, otherBound += 3e-7 * fabs(y);
          }
          int64_t at = ((b * H + h) * S + s) * T + t;
          compare("scores", sum, bound, scores[at]);
          compare("mixed", other, otherBound, mixed[at]);
        }
        for (int64_t d = 0; d < D; ++d) {
          double sum = 1, bound = 0;
          for (int64_t t = 0; t < T; ++t) {
            double x = (double)p[((b * H + h) * S + s) * T + t] *
                       v[((b * H + h) * T + t) * D + d];
            sum += x, bound += 3e-7 * fabs(x);
          }
          compare("values", sum, bound, values[((b * S + s) * H + h) * D + d]);
        }
      }
}

int main(int argc, char **argv) {
  static const int sizes[][4] = {
      {1, 2, 1, 1},    {2, 3, 5, 7},    {1, 3, 13, 17}, {2, 1, 33, 31},
      {1, 2, 16, 300}, {1, 1, 200, 64}, {1, 2, 3, 0},   {1, 12, 0, 5}};
  static const int large[][4] = {
      {1, 12, 1, 128}, {1, 12, 16, 16}, {1, 12, 128, 128}, {8, 12, 128, 128}};
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    for (int i = 0; i < 4; ++i)
      check(large[i][0], large[i][1], large[i][2], large[i][3], 1);
    return 0;
  }
  for (int i = 0; i < 8; ++i)
    check(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], 0);
  puts(bad ? "WRONG" : "equal");
  return bad != 0;
}
