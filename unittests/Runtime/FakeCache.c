//===- FakeCache.c - a model that writes to inputs, by hand ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   inputs   x      float32[n]
//            key    float32[rows, 2], a cache: all elements get x[0] added
//            value  float32[rows, 2], a cache
//   outputs  y      float32[n]        x
//===----------------------------------------------------------------------===//

#include "qopt/Runtime/ModelABI.h"

#include <string.h>

static int32_t shapes(qopt_ctx *ctx, const qopt_arg *in,
                      int64_t (*out_dims)[QOPT_MAX_RANK]) {
  (void)ctx;
  out_dims[0][0] = in[0].dims[0];
  return 0;
}

static int32_t run(qopt_ctx *ctx, const qopt_arg *in) {
  const float *x = in[0].data;
  float *y = qopt_rt_output(ctx, 0, 1, in[0].dims);
  memcpy(y, x, (size_t)in[0].dims[0] * sizeof *y);
  for (int cache = 1; cache < 3; ++cache)
    for (int64_t i = 0; i < 2 * in[cache].dims[0]; ++i)
      ((float *)in[cache].data)[i] += x[0];
  return 0;
}

static const qopt_dim x_dims[] = {{0, 1, {0}}};
static const qopt_dim cache_dims[] = {{0, 1, {1}}, {2, 0, {0}}};
static const qopt_port inputs[] = {
    {.name = "x", .code = 2, .bits = 32, .rank = 1, .dims = x_dims},
    {.name = "key",
     .code = 2,
     .bits = 32,
     .flags = QOPT_PORT_CACHE,
     .rank = 2,
     .dims = cache_dims},
    {.name = "value",
     .code = 2,
     .bits = 32,
     .flags = QOPT_PORT_CACHE,
     .rank = 2,
     .dims = cache_dims}};
static const qopt_port outputs[] = {
    {.name = "y", .code = 2, .bits = 32, .rank = 1, .dims = x_dims}};
static const char *const symbols[] = {"n", "rows"};
static const qopt_variant variants[] = {{"any", 0, shapes, run}};

static const char signature[] =
    "{\"abi\": 1, \"inputs\": ["
    "{\"name\": \"x\", \"dtype\": \"float32\", \"shape\": [\"n\"]}, "
    "{\"name\": \"key\", \"dtype\": \"float32\", \"shape\": [\"rows\", 2]}, "
    "{\"name\": \"value\", \"dtype\": \"float32\", \"shape\": [\"rows\", 2]}], "
    "\"outputs\": ["
    "{\"name\": \"y\", \"dtype\": \"float32\", \"shape\": [\"n\"]}], "
    "\"kv\": ["
    "{\"past\": \"key\", \"present\": \"present_key\", \"axis\": 0, "
    "\"inplace\": true}, "
    "{\"past\": \"value\", \"present\": \"present_value\", \"axis\": 0, "
    "\"inplace\": true}], "
    "\"isa\": [\"any\"], \"quant\": \"fp32\", \"source_sha256\": \"00\", "
    "\"weights\": \"embedded\"}";

const qopt_model_desc qopt_model_descriptor = {.abi = QOPT_MODEL_ABI,
                                               .signature_json = signature,
                                               .n_in = 3,
                                               .n_out = 1,
                                               .in = inputs,
                                               .out = outputs,
                                               .n_symbols = 2,
                                               .symbols = symbols,
                                               .n_variants = 1,
                                               .variants = variants};
