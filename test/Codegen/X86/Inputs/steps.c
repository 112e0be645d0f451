// Compares all forms of quantize_rows (zero points, one scale for all rows,
// given scales, elements that are left out) with scalar code. Macros: ISA, K,
// OFFSET.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"
#include <float.h>

#define KP ((K + 63) / 64 * 64)
#define M 37
#define FORMS 7
#define THRESHOLD 6.0f

// x has rows of all kinds, y only finite ones.
static float x[M * K], y[M * K], mask[K], given = 0.0317f, found[K];
static int32_t givenZero = 131, columns[K], count[1], zeros[FORMS][M];
static int8_t codes[FORMS][M * KP];
static float scale[FORMS][M], magnitude[M];
static int bad;

typedef struct {
  const float *rows;
  int masked, asymmetric, perTensor, isGiven, threshold, keepSmall;
} form;
static const form forms[FORMS] = {{x, 0, 1, 0, 0, 0, 0}, {y, 0, 0, 1, 0, 0, 0},
                                  {y, 1, 1, 1, 0, 0, 0}, {x, 1, 0, 0, 1, 0, 0},
                                  {x, 0, 1, 0, 1, 0, 0}, {x, 1, 0, 0, 0, 1, 0},
                                  {x, 1, 0, 0, 0, 1, 1}};

static void makeRows(void) {
  for (int i = 0; i < M * K; ++i) {
    x[i] = ((int)(random32() % 2001) - 900) / 127.0f * (1 + i / K % 5) / 3;
    y[i] = ((int)(random32() % 2001) - 700) / 333.0f;
  }
  for (int k = 0; k < K; ++k) {
    mask[k] = random32() % 8 ? 0.5f + random32() % 100 / 50.0f : 0;
    if (k % 9 == 4)
      mask[k] = -mask[k];
    x[1 * K + k] = 0;
    x[2 * K + k] *= 1e-38f;
    x[3 * K + k] = (k % 5 - 2) * 1.4e-36f;
    x[4 * K + k] *= 1e37f;
    x[8 * K + k] = 255.0f * FLT_MIN * (k == K / 2);
    x[9 * K + k] = -nextafterf(255.0f * FLT_MIN, 0) * (k == K / 2);
    x[10 * K + k] = k % 3 ? k % 254 - 126.5f : 127; // ties
    x[11 * K + k] = 3.5f;                           // constant
    x[12 * K + k] = -2;
    x[13 * K + k] = fabsf(x[13 * K + k]);
    x[14 * K + k] = k % 2 ? 3e38f : -3e38f; // too wide
    if (mask[k] == 0)
      x[15 * K + k] = k % 2 ? INFINITY : NAN;
  }
  x[5 * K + K - 1] = NAN;
  x[6 * K] = INFINITY;
  x[7 * K + K / 2] = -INFINITY;
  x[16 * K] = -NAN;
  y[M * K / 2] = 1e30f * (K % 2);
}

/// Row m as it counts for the range, or for the codes.
static void readRow(const form *f, int m, int forRange, float *values) {
  for (int k = 0; k < K; ++k) {
    float factor = f->masked ? mask[k] : 1, value = f->rows[m * K + k];
    int keep = f->keepSmall && forRange, out = !keep && factor <= 0;
    if (keep)
      factor = fabsf(factor);
    value = f->masked ? value * factor : value;
    if (f->threshold && (keep || !f->keepSmall))
      out |= fabsf(value) >= THRESHOLD;
    values[k] = out ? 0 : value;
  }
}

typedef struct {
  float low, high;
  int finite;
} range;

static range rangeOf(const form *f, int m, range r) {
  float values[K];
  readRow(f, m, 1, values);
  for (int k = 0; k < K; ++k) {
    r.low = fminf(r.low, values[k]), r.high = fmaxf(r.high, values[k]);
    r.finite &= isfinite(values[k]);
  }
  return r;
}

static void report(const char *what, int i, int m, double got, double want) {
  if (bad++ < 8)
    printf("form %d row %d: %s %g, not %g\n", i, m, what, got, want);
}

static void checkRow(int i, int m) {
  const form *f = &forms[i];
  range r = {0, 0, 1};
  for (int row = f->perTensor ? 0 : m; row < (f->perTensor ? M : m + 1); ++row)
    r = rangeOf(f, row, r);
  float largest = fmaxf(-r.low, r.high), width = r.high - r.low;
  float step, factor = 0, zero = 0, values[K];
  if (f->isGiven) {
    step = given, factor = 1 / given, zero = givenZero;
  } else if (f->asymmetric) {
    r.finite &= isfinite(width);
    step = width < 255 * FLT_MIN ? 1 : width / 255;
    zero = rintf(fminf(fmaxf(-r.low / step, 0), 255));
  } else {
    int none = largest < 127 * FLT_MIN;
    step = none ? 1 : largest / 127, factor = none ? 0 : 127 / largest;
  }
  if (i == 3 && !(magnitude[m] == largest) && r.finite)
    report("magnitude", i, m, magnitude[m], largest);
  if (!r.finite) {
    if (!isnan(scale[i][m]))
      report("scale", i, m, scale[i][m], NAN);
    if (i == 3 && isfinite(magnitude[m]))
      report("magnitude", i, m, magnitude[m], INFINITY);
    return;
  }
  if (scale[i][m] != step)
    report("scale", i, m, scale[i][m], step);
  if (f->asymmetric && zeros[i][m] != zero - 128)
    report("zero point", i, m, zeros[i][m], zero - 128);
  readRow(f, m, 0, values);
  for (int k = 0; k < K; ++k) {
    // Left out of the range, though its column has codes: no real mask does
    // that.
    if (isinf(values[k]))
      continue;
    float want =
        f->asymmetric
            ? fminf(fmaxf(rintf(values[k] / step) + zero, 0), 255) - 128
            : rintf(fminf(fmaxf(values[k] * factor, -127), 127));
    int code = (int8_t)(codes[i][m * KP + k] - OFFSET);
    if (code != (int)want)
      report("code", i, m, code, want);
  }
}

static void checkOutliers(void) {
  int n = 0;
  for (int k = 0; k < K; ++k) {
    int outlier = 0;
    for (int m = 0; m < M; ++m)
      outlier |= fabsf(x[m * K + k] * mask[k]) >= 13;
    if (found[k] != !outlier)
      report("factor", FORMS, k, found[k], !outlier);
    if (outlier && columns[n++] != k)
      report("outlier", FORMS, k, columns[n - 1], k);
  }
  if (count[0] != n)
    report("count", FORMS, 0, count[0], n);
}

int main(void) {
  makeRows();
  int n = 0;
  for (int i = 0; i < FORMS; ++i) {
    outputs[n++] = codes[i], outputs[n++] = scale[i];
    if (forms[i].asymmetric)
      outputs[n++] = zeros[i];
    if (i == 3)
      outputs[n++] = magnitude;
  }
  outputs[n++] = found, outputs[n++] = columns, outputs[n++] = count;
  qopt_arg in[] = {
      {x, {M}}, {y, {M}}, {mask, {K}}, {&given, {0}}, {&givenZero, {0}}};
  PASTE(run_, ISA)(NULL, in);
  for (int i = 0; i < FORMS; ++i)
    for (int m = 0; m < M; ++m)
      checkRow(i, m);
  checkOutliers();
  puts(bad ? "WRONG" : "equal");
  return bad != 0;
}
