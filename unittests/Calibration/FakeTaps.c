//===- FakeTaps.c - a model with taps, by hand ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Has the inputs of a decoder. Tap "embed" shows [1, length, 2]: the id and its
// double, negated. Tap "inputs" shows one row: the number of positions, the
// last position, the sum of the mask, of the token types and of the past.
// The id 999 is refused, 1000 becomes NaN and 1001 infinity.
//===----------------------------------------------------------------------===//

#include "qopt/Runtime/ModelABI.h"

#include <math.h>

static int32_t shapes(qopt_ctx *ctx, const qopt_arg *in,
                      int64_t (*out_dims)[QOPT_MAX_RANK]) {
  out_dims[0][0] = in[0].dims[1];
  return 0;
}

static int32_t run(qopt_ctx *ctx, const qopt_arg *in) {
  int64_t length = in[0].dims[1];
  const int64_t *ids = in[0].data, *mask = in[1].data, *positions = in[2].data,
                *types = in[3].data;
  float *x = qopt_rt_alloc(ctx, length * 2 * sizeof *x);
  for (int64_t t = 0; t < length; ++t) {
    if (ids[t] == 999)
      qopt_rt_fail(ctx, "index {0} is out of range", ids[t], 0);
    float value = ids[t] == 1000   ? NAN
                  : ids[t] == 1001 ? INFINITY
                                   : (float)ids[t];
    x[2 * t] = value;
    x[2 * t + 1] = -2 * value;
  }
  qopt_rt_observe(ctx, 0, x, length, 2);
  float row[5] = {(float)length, (float)positions[length - 1], 0, 0,
                  (float)in[4].dims[2]};
  for (int64_t t = 0; t < length; ++t) {
    row[2] += (float)mask[t];
    row[3] += (float)types[t];
  }
  qopt_rt_observe(ctx, 1, row, 1, 5);
  float *out = qopt_rt_output(ctx, 0, 1, &length);
  for (int64_t t = 0; t < length; ++t)
    out[t] = x[2 * t];
  return 0;
}

static const qopt_dim ids_dims[] = {{0, 1, {0}}, {0, 1, {1}}};
static const qopt_dim mask_dims[] = {{0, 1, {0}}, {0, 2, {2, 1}}};
static const qopt_dim past_dims[] = {
    {0, 1, {0}}, {2, 0, {0}}, {0, 1, {2}}, {3, 0, {0}}};
static const qopt_dim out_dims[] = {{0, 1, {1}}};
static const qopt_port inputs[] = {
    {"input_ids", 0, 64, 0, 2, ids_dims},
    {"attention_mask", 0, 64, 0, 2, mask_dims},
    {"position_ids", 0, 64, 0, 2, ids_dims},
    {"token_type_ids", 0, 64, 0, 2, ids_dims},
    {"past_key_values.0.key", 2, 32, 0, 4, past_dims}};
static const qopt_port outputs[] = {{"y", 2, 32, 0, 1, out_dims}};
static const char *const symbols[] = {"batch", "length", "past"};
static const qopt_variant variants[] = {{"any", 0, shapes, run}};
static const char *const taps[] = {"embed", "inputs"};

static const char signature[] =
    "{\"abi\": 1, \"inputs\": ["
    "{\"name\": \"input_ids\", \"dtype\": \"int64\", "
    "\"shape\": [\"batch\", \"length\"]}, "
    "{\"name\": \"attention_mask\", \"dtype\": \"int64\", "
    "\"shape\": [\"batch\", \"past + length\"]}, "
    "{\"name\": \"position_ids\", \"dtype\": \"int64\", "
    "\"shape\": [\"batch\", \"length\"]}, "
    "{\"name\": \"token_type_ids\", \"dtype\": \"int64\", "
    "\"shape\": [\"batch\", \"length\"]}, "
    "{\"name\": \"past_key_values.0.key\", \"dtype\": \"float32\", "
    "\"shape\": [\"batch\", 2, \"past\", 3]}], "
    "\"outputs\": [{\"name\": \"y\", \"dtype\": \"float32\", "
    "\"shape\": [\"length\"]}], "
    "\"kv\": [], \"isa\": [\"any\"], \"quant\": \"fp32\", "
    "\"source_sha256\": \"f00d\", \"weights\": \"embedded\"}";

const qopt_model_desc qopt_model_descriptor = {
    QOPT_MODEL_ABI, signature, 5, 1,        inputs, outputs, 3,
    symbols,        0,         1, variants, 2,      taps};
