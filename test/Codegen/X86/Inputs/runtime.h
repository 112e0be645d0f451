// The smallest runtime that a variant can be linked to: one output buffer,
// ranges run in two parts, memory is never given back.
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  void *data;
  int64_t dims[8];
} qopt_arg;

static void *outputs[24];

void *qopt_rt_alloc(void *ctx, int64_t bytes) {
  return aligned_alloc(64, (bytes + 64) / 64 * 64);
}
void qopt_rt_free(void *ctx, void *memory) { free(memory); }
void *qopt_rt_output(void *ctx, int32_t index, int32_t rank, int64_t *dims) {
  return outputs[index];
}
void qopt_rt_fail(void *ctx, const char *text, int64_t a, int64_t b) {
  printf("%s (%ld, %ld)\n", text, (long)a, (long)b);
  exit(1);
}
void qopt_rt_parallel_for(void *ctx, void (*fn)(void *, int64_t, int64_t),
                          void *args, int64_t n, int64_t grain) {
  if (grain < 1) {
    printf("a grain of %ld\n", (long)grain);
    exit(1);
  }
  int64_t half = n > 1 ? n / 2 : n;
  if (half > 0)
    fn(args, 0, half);
  if (half < n)
    fn(args, half, n);
}
void qopt_rt_kernel(void *ctx, void (*fn)(void *, int64_t, int64_t), void *args,
                    int64_t n, int64_t grain, const void *site) {
  qopt_rt_parallel_for(ctx, fn, args, n, grain);
}

// Memory that ends where a page that may not be touched begins is not to be had
// portably; results are followed by a guard value instead.
static void *get(size_t bytes) {
  void *memory = aligned_alloc(4096, (bytes + 8191) / 4096 * 4096);
  memset(memory, 0x55, (bytes + 8191) / 4096 * 4096);
  return memory;
}

static uint32_t seed = 1;
static uint32_t random32(void) {
  seed = seed * 1664525u + 1013904223u;
  return seed >> 8;
}
static float randomFloat(void) {
  return (float)((int)(random32() % 2001) - 1000) / 1000.0f;
}
static int randomCode(void) {
  if (random32() % 13 == 0)
    return random32() & 1 ? 127 : -127;
  return (int)(random32() % 255) - 127;
}

// Tile registers are off until the process asks for them.
__attribute__((constructor)) static void permitTiles(void) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
}

// Time of this process alone: the machine may be shared.
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}
static int compareDoubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
int32_t PASTE(run_, ISA)(void *ctx, const qopt_arg *in);
static void run(const qopt_arg *in) { PASTE(run_, ISA)(NULL, in); }

// Median of 9 measurements of at least 20 ms.
static double secondsOf(const qopt_arg *in, double expected) {
  double times[9];
  long repeats = 1 + (long)(0.02 / expected);
  for (int i = 0; i < 9; ++i) {
    double begin = now();
    for (long j = 0; j < repeats; ++j)
      run(in);
    times[i] = (now() - begin) / repeats;
  }
  qsort(times, 9, sizeof(double), compareDoubles);
  return times[4];
}
