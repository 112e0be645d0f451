// A library for the examples of the documentation, by hand: input_ids
// int64[batch, length] to logits float32[batch, length, 50257], where the logit
// of id i at a position that holds id j is i - j.

#include "qopt/Runtime/ModelABI.h"

static int32_t shapes(qopt_ctx *ctx, const qopt_arg *in,
                      int64_t (*out_dims)[QOPT_MAX_RANK]) {
  (void)ctx;
  out_dims[0][0] = in[0].dims[0];
  out_dims[0][1] = in[0].dims[1];
  out_dims[0][2] = 50257;
  return 0;
}

static int32_t run(qopt_ctx *ctx, const qopt_arg *in) {
  int64_t dims[3] = {in[0].dims[0], in[0].dims[1], 50257};
  float *logits = qopt_rt_output(ctx, 0, 3, dims);
  const int64_t *ids = in[0].data;
  for (int64_t position = 0; position < dims[0] * dims[1]; ++position)
    for (int64_t id = 0; id < 50257; ++id)
      logits[position * 50257 + id] = (float)(id - ids[position]);
  return 0;
}

static const qopt_dim dims[] = {{0, 1, {0}}, {0, 1, {1}}, {50257, 0, {0}}};
static const qopt_port input = {"input_ids", 0, 64, 0, 2, dims};
static const qopt_port output = {"logits", 2, 32, 0, 3, dims};
static const char *const symbols[] = {"batch_size", "sequence_length"};
static const qopt_variant variant = {"any", 0, shapes, run};

const qopt_model_desc qopt_model_descriptor = {
    .abi = QOPT_MODEL_ABI,
    .signature_json =
        "{\"abi\": 1, \"inputs\": [{\"name\": \"input_ids\", \"dtype\": "
        "\"int64\", \"shape\": [\"batch_size\", \"sequence_length\"]}], "
        "\"outputs\": [{\"name\": \"logits\", \"dtype\": \"float32\", "
        "\"shape\": [\"batch_size\", \"sequence_length\", 50257]}], "
        "\"isa\": [\"any\"]}",
    .n_in = 1,
    .n_out = 1,
    .in = &input,
    .out = &output,
    .n_symbols = 2,
    .symbols = symbols,
    .n_variants = 1,
    .variants = &variant,
};
