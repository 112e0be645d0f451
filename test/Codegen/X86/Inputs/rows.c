// Compares the kernels over rows (quantize, quantize with mask, outliers) with
// scalar code on ordinary, tiny, huge, tied and non-finite rows. Macros: ISA,
// K, OFFSET.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"
#include <float.h>

#define KP ((K + 63) / 64 * 64)
#define M 40
// Most columns hold 39.4 = 1000 / 127 * 5 or less.
#define THRESHOLD 39.0f

static float x[M * K], mask[K], scale[2][M], found[K];
static int8_t codes[2][M * KP];
static int32_t columns[K], count[1];
static int bad;

static void makeRows(void) {
  for (int i = 0; i < M * K; ++i)
    x[i] = ((int)(random32() % 2001) - 1000) / 127.0f * (1 + i / K % 5);
  for (int k = 0; k < K; ++k) {
    mask[k] = random32() % 8 != 0;
    x[1 * K + k] = 0;
    x[2 * K + k] *= 1e-38f;
    x[3 * K + k] = (k % 5 - 2) * 1.4e-36f;
    x[4 * K + k] *= 1e37f;
    x[8 * K + k] = 127.0f * FLT_MIN * (k == K / 2);
    x[9 * K + k] = nextafterf(127.0f * FLT_MIN, 0) * (k == K / 2);
    x[10 * K + k] = k % 3 ? k % 254 - 126.5f : 127; // ties
    if (k % 7 == 3)
      mask[k] = 0;
    if (!mask[k]) {
      x[11 * K + k] = INFINITY;
      x[12 * K + k] = NAN;
    }
  }
  x[5 * K + K - 1] = NAN;
  x[6 * K] = INFINITY;
  x[7 * K + K / 2] = -INFINITY;
}

static void checkRow(int masked, int m) {
  float values[K], largest = 0;
  int finite = 1;
  for (int k = 0; k < K; ++k) {
    values[k] = masked && mask[k] == 0 ? 0 : x[m * K + k];
    finite &= isfinite(values[k]);
    largest = fmaxf(largest, fabsf(values[k]));
  }
  if (!finite) {
    if (!isnan(scale[masked][m]) && bad++ < 5)
      printf("row %d: scale %g, not NaN\n", m, scale[masked][m]);
    return;
  }
  int zero = largest < 127 * FLT_MIN;
  float want = zero ? 1 : largest / 127, factor = zero ? 0 : 127 / largest;
  if (scale[masked][m] != want && bad++ < 5)
    printf("row %d: scale %g, not %g\n", m, scale[masked][m], want);
  for (int k = 0; k < KP; ++k) {
    int code = (int8_t)(codes[masked][m * KP + k] - OFFSET), expected = 0;
    if (k < K)
      expected = (int)rintf(fminf(fmaxf(values[k] * factor, -127), 127));
    if (code != expected && bad++ < 5)
      printf("row %d column %d: %d, not %d\n", m, k, code, expected);
  }
}

static void checkOutliers(void) {
  int n = 0;
  for (int k = 0; k < K; ++k) {
    int outlier = 0;
    for (int m = 0; m < M; ++m)
      outlier |= fabsf(x[m * K + k]) >= THRESHOLD;
    if (found[k] != !outlier && bad++ < 5)
      printf("column %d: factor %g\n", k, found[k]);
    if (outlier && columns[n++] != k && bad++ < 5)
      printf("outlier %d is %d, not %d\n", n - 1, columns[n - 1], k);
  }
  if (count[0] != n && bad++ < 5)
    printf("%d outliers, not %d\n", count[0], n);
}

int main(void) {
  makeRows();
  outputs[0] = codes[0], outputs[1] = scale[0];
  outputs[2] = codes[1], outputs[3] = scale[1];
  outputs[4] = found, outputs[5] = columns, outputs[6] = count;
  qopt_arg in[] = {{x, {M}}, {mask, {K}}};
  PASTE(run_, ISA)(NULL, in);
  for (int masked = 0; masked < 2; ++masked)
    for (int m = 0; m < M; ++m)
      checkRow(masked, m);
  checkOutliers();
  puts(bad ? "WRONG" : "equal");
  return bad != 0;
}
