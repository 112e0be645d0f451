//===- FakeModel.c - what the compiler would emit, by hand ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A descriptor and two functions, linked with the runtime archive into a
// library that the tests of the runtime, of the tools and of the Python module
// load.
//
//   inputs   x     float32[batch, length]
//            mask  bool[batch, past + length]
//            mode  int64[]          what the run is to do, see below
//   outputs  y     float32[batch, length]    x + 1
//            count int64[2]                  past, threads
//            tail  float32[?, 2]             mode rows of the values 0, 1, ...
//            total float16[]                 batch * length
//===----------------------------------------------------------------------===//

#include "qopt/Runtime/ModelABI.h"

#include <stdlib.h>
#include <string.h>

// Values of `mode` that ask for something special; others are a row count.
enum {
  FAIL = -1,            // fails with a message
  FAIL_IN_LOOP = -2,    // the same, from every chunk of a parallel loop
  EXHAUST = -3,         // asks for more memory than there is
  EXHAUST_IN_LOOP = -4, // the same, from a parallel loop
  SKIP_OUTPUT = -5,     // does not write the output `total`
  NEGATIVE_DIM = -6,    // asks for an output with a negative dim
  CHURN = -7,           // 1,000 allocations of many sizes, some never freed
  NESTED = -8           // a loop in a loop
};

typedef struct {
  qopt_ctx *ctx;
  const float *x;
  float *y;
  int64_t mode;
  int64_t *hits;
  int64_t n;
} loop_args;

static void add_one(void *args, int64_t begin, int64_t end) {
  const loop_args *a = args;
  for (int64_t i = begin; i < end; ++i)
    a->y[i] = a->x[i] + 1.0f;
}

// One float in and one out per element; as if adding were a product of f32.
static const qopt_amount add_buffers[] = {{4, 1, {offsetof(loop_args, n)}},
                                          {4, 1, {offsetof(loop_args, n)}}};
static const qopt_kernel add_kernel = {
    "add_one", "f32", {2, 1, {offsetof(loop_args, n)}}, 2, add_buffers, 16};
static const qopt_site add_site = {&add_kernel, "first node\nsecond node"};

static void fail_chunk(void *args, int64_t begin, int64_t end) {
  const loop_args *a = args;
  if (a->mode == FAIL_IN_LOOP)
    qopt_rt_fail(a->ctx, "chunk {0} to {1} failed", begin, end);
  else
    qopt_rt_alloc(a->ctx, INT64_MAX / 4);
  abort(); // the call above must not return
}

static void inner(void *args, int64_t begin, int64_t end) {
  loop_args *a = args;
  for (int64_t i = begin; i < end; ++i)
    __atomic_fetch_add(a->hits, 1, __ATOMIC_RELAXED);
}

static void outer(void *args, int64_t begin, int64_t end) {
  loop_args *a = args;
  for (int64_t i = begin; i < end; ++i)
    qopt_rt_kernel(a->ctx, inner, args, 10, 1, &add_site);
}

static void churn(qopt_ctx *ctx) {
  void *kept[50] = {0};
  for (int i = 0; i < 1000; ++i) {
    int64_t bytes = (int64_t)i * 7919 % 100000;
    char *p = qopt_rt_alloc(ctx, bytes);
    if ((uintptr_t)p % 64)
      qopt_rt_fail(ctx, "misaligned block of {0} bytes", bytes, 0);
    memset(p, i, (size_t)bytes);
    qopt_rt_free(ctx, kept[i % 50]);
    kept[i % 50] = p;
  }
}

static int32_t shapes(qopt_ctx *ctx, const qopt_arg *in,
                      int64_t (*out_dims)[QOPT_MAX_RANK]) {
  if (in[0].dims[1] == 13)
    qopt_rt_fail(ctx, "a length of {0} is unlucky", 13, 0);
  out_dims[0][0] = in[0].dims[0];
  out_dims[0][1] = in[0].dims[1];
  out_dims[1][0] = 2;
  out_dims[2][0] = -1;
  out_dims[2][1] = 2;
  return 0;
}

static int32_t run(qopt_ctx *ctx, const qopt_arg *in) {
  const int64_t batch = in[0].dims[0], length = in[0].dims[1];
  const int64_t n = batch * length;
  int64_t mode, hits = 0;
  memcpy(&mode, in[2].data, sizeof mode);
  qopt_rt_observe(ctx, 0, in[0].data, batch, length);
  qopt_rt_guard(ctx, 1, in[0].data, n, 1000.0f);

  loop_args args = {ctx, in[0].data, NULL, mode, &hits, n};
  if (mode == FAIL)
    qopt_rt_fail(ctx, "mode {0} is refused ({1}); {2} %s", mode, 42);
  if (mode == FAIL_IN_LOOP || mode == EXHAUST_IN_LOOP)
    qopt_rt_kernel(ctx, fail_chunk, &args, 100, 1, &add_site);
  if (mode == EXHAUST)
    qopt_rt_alloc(ctx, INT64_MAX / 4);
  if (mode == CHURN)
    churn(ctx);
  if (mode == NESTED) {
    qopt_rt_parallel_for(ctx, outer, &args, 100, 1);
    if (hits != 1000)
      qopt_rt_fail(ctx, "{0} iterations ran", hits, 0);
  }

  // By way of scratch memory, so that runs exercise the allocator.
  args.y = qopt_rt_alloc(ctx, n * (int64_t)sizeof(float));
  qopt_rt_kernel(ctx, add_one, &args, n, 64, &add_site);
  float *y = qopt_rt_output(ctx, 0, 2, (int64_t[]){batch, length});
  if (n)
    memcpy(y, args.y, (size_t)n * sizeof *y);
  qopt_rt_free(ctx, args.y);

  int64_t count[2] = {in[1].dims[1] - length, qopt_rt_num_threads(ctx)};
  memcpy(qopt_rt_output(ctx, 1, 1, (int64_t[]){2}), count, sizeof count);

  int64_t rows = mode > 0 ? mode : mode == NEGATIVE_DIM ? -3 : 0;
  float *tail = qopt_rt_output(ctx, 2, 2, (int64_t[]){rows, 2});
  for (int64_t i = 0; i < 2 * rows; ++i)
    tail[i] = (float)i;

  if (mode != SKIP_OUTPUT) {
    _Float16 total = (_Float16)(float)n;
    memcpy(qopt_rt_output(ctx, 3, 0, NULL), &total, sizeof total);
  }
  return 0;
}

static const qopt_dim x_dims[] = {{0, 1, {0}}, {0, 1, {1}}};
static const qopt_dim mask_dims[] = {{0, 1, {0}}, {0, 2, {2, 1}}};
static const qopt_dim count_dims[] = {{2, 0, {0}}};
static const qopt_dim tail_dims[] = {{-1, 0, {0}}, {2, 0, {0}}};

static const qopt_port inputs[] = {{"x", 2, 32, 0, 2, x_dims},
                                   {"mask", 6, 8, 0, 2, mask_dims},
                                   {"mode", 0, 64, 0, 0, NULL}};
static const qopt_port outputs[] = {{"y", 2, 32, 0, 2, x_dims},
                                    {"count", 0, 64, 0, 1, count_dims},
                                    {"tail", 2, 32, 0, 2, tail_dims},
                                    {"total", 2, 16, 0, 0, NULL}};
static const char *const symbols[] = {"batch", "length", "past"};
static const int64_t ranges[][2] = {
    {0, INT64_MAX}, {0, 1 << 20}, {0, INT64_MAX}};
static const qopt_variant variants[] = {
    {"future", (uint64_t)1 << 63, shapes, run},
    {"avx2", QOPT_CPU_X86_V3, shapes, run},
    {"any", 0, shapes, run}};
static const char *const taps[] = {"x"};
static const char *const guards[] = {"spare", "x layer"};

static const char signature[] =
    "{\"abi\": 1, \"inputs\": ["
    "{\"name\": \"x\", \"dtype\": \"float32\", \"shape\": [\"batch\", "
    "\"length\"], "
    "\"range\": {\"length\": [0, 1048576]}}, "
    "{\"name\": \"mask\", \"dtype\": \"bool\", \"shape\": [\"batch\", \"past + "
    "length\"]}, "
    "{\"name\": \"mode\", \"dtype\": \"int64\", \"shape\": []}], "
    "\"outputs\": ["
    "{\"name\": \"y\", \"dtype\": \"float32\", \"shape\": [\"batch\", "
    "\"length\"]}, "
    "{\"name\": \"count\", \"dtype\": \"int64\", \"shape\": [2]}, "
    "{\"name\": \"tail\", \"dtype\": \"float32\", \"shape\": [null, 2]}, "
    "{\"name\": \"total\", \"dtype\": \"float16\", \"shape\": []}], "
    "\"kv\": [], \"isa\": [\"future\", \"avx2\", \"any\"], \"quant\": "
    "\"fp32\", "
    "\"source_sha256\": \"00\", \"weights\": \"embedded\"}";

const qopt_model_desc qopt_model_descriptor = {
    QOPT_MODEL_ABI, signature, 3,        4, inputs, outputs, 3,     symbols,
    ranges,         3,         variants, 1, taps,   2,       guards};
