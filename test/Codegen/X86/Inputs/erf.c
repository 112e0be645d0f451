// erf in an epilogue against the one of libm in double, over every 257th float:
// absolute and relative error, the limits, NaN. Macros: ISA.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime.h"

#define WIDE 32
#define M 522240 // times 32: a little more than 2^32 / 257

static float lhs[M], rhs[32], x[M * WIDE], y[M * WIDE];

int main(void) {
  for (int64_t i = 0; i < M * WIDE; ++i) {
    uint32_t bits = (uint32_t)(i * 257);
    memcpy(&x[i], &bits, sizeof(bits));
  }
  qopt_arg in[] = {{lhs, {M}}, {rhs, {0}}, {x, {M}}};
  outputs[0] = y;
  run(in);
  double absolute = 0, relative = 0;
  for (int64_t i = 0; i < M * WIDE; ++i) {
    if (isnan(x[i]) ? !isnan(y[i]) : !(fabsf(y[i]) <= 1.0000002f)) {
      printf("erf(%g) = %g\n", x[i], y[i]);
      return 1;
    }
    if (isnan(x[i]))
      continue;
    double error = fabs(y[i] - erf(x[i]));
    absolute = fmax(absolute, error);
    // Below, the value itself is not exact any more.
    if (fabsf(x[i]) > 1e-37f)
      relative = fmax(relative, error / fabs(erf(x[i])));
  }
  if (absolute > 1.8e-7 || relative > 2.7e-7)
    printf("errors %g, %g\n", absolute, relative);
  else
    printf("equal to %.1e, %.1e\n", absolute, relative);
  return 0;
}
