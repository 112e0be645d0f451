//===- api.c - the table behind qopt_model_query --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening, running and closing a model. A run checks its arguments, lets
// generated code compute the output sizes, checks the outputs, and runs; a
// failure anywhere ends it with a status and a text, and leaves the handle as
// it was before.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include "fpenv.h"

#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <unistd.h>

//===-- Failing inside generated code -------------------------------------===//

// True for the first failure of a run, whose text is the one that is kept.
static bool begin_failure(qopt_ctx *ctx, int status) {
  int none = 0;
  if (!atomic_compare_exchange_strong(&ctx->failed, &none, 1))
    return false;
  ctx->status = status;
  return true;
}

void rt_fail(qopt_ctx *ctx, int status, const char *format, ...) {
  if (begin_failure(ctx, status)) {
    va_list list;
    va_start(list, format);
    vsnprintf(ctx->text, sizeof ctx->text, format, list);
    va_end(list);
  }
  rt_leave(ctx->model->pool);
}

void qopt_rt_fail(qopt_ctx *ctx, const char *message, int64_t a, int64_t b) {
  if (begin_failure(ctx, QOPT_E_MODEL)) {
    rt_text to = rt_text_in(ctx->text, sizeof ctx->text);
    for (const char *c = message; *c; ++c)
      if (c[0] == '{' && (c[1] == '0' || c[1] == '1') && c[2] == '}') {
        rt_append(&to, "%" PRId64, c[1] == '0' ? a : b);
        c += 2;
      } else {
        rt_append(&to, "%c", *c);
      }
  }
  rt_leave(ctx->model->pool);
}

int32_t qopt_rt_failed(const qopt_ctx *ctx) {
  return atomic_load_explicit(&ctx->failed, memory_order_relaxed) != 0;
}

//===-- Services for generated code ---------------------------------------===//

void *qopt_rt_alloc(qopt_ctx *ctx, int64_t bytes) {
  void *data =
      bytes < 0 ? NULL : rt_memory_get(&ctx->model->memory, (size_t)bytes);
  if (!data)
    rt_fail(ctx, QOPT_E_MEMORY, "out of memory: %" PRId64 " bytes of scratch",
            bytes);
  return data;
}

void qopt_rt_free(qopt_ctx *ctx, void *memory) {
  rt_memory_put(&ctx->model->memory, memory);
}

int32_t qopt_rt_observing(const qopt_ctx *ctx) {
  return ctx->model->options.observe != NULL;
}

void qopt_rt_observe(qopt_ctx *ctx, int32_t tap, const void *data, int64_t rows,
                     int64_t cols) {
  const qopt_model *model = ctx->model;
  if (model->options.observe && tap >= 0 && tap < model->desc->n_taps)
    model->options.observe(model->options.observe_user, tap,
                           model->desc->taps[tap], data, rows, cols);
}

void qopt_rt_guard(qopt_ctx *ctx, int32_t guard, const float *magnitudes,
                   int64_t rows, float threshold) {
  const qopt_model *model = ctx->model;
  if (guard < 0 || guard >= model->desc->n_guards)
    return;
  model->guards[guard].rows += rows;
  for (int64_t i = 0; i < rows; ++i)
    model->guards[guard].beyond += !(magnitudes[i] < threshold);
}

//===-- Opening and closing
//------------------------------------------------===//

static void destroy(qopt_model *model) {
  rt_pool_close(model->pool);
  rt_memory_close(&model->memory);
  free(model->args);
  free(model->outputs);
  free(model->out_dims);
  free(model->symbols);
  free(model->guards);
  rt_profile_close(model->recorded);
  free(model);
}

// A caller built with a later header may set fields that are unknown here.
static int read_options(qopt_options *to, const qopt_options *from, char *err,
                        size_t n) {
  memset(to, 0, sizeof *to);
  if (!from)
    return QOPT_OK;
  size_t size = from->size ? from->size : sizeof *to;
  for (size_t i = sizeof *to; i < size; ++i)
    if (((const char *)from)[i])
      return rt_error(err, n, QOPT_E_UNSUPPORTED,
                      "an option is set that this library does not know yet");
  memcpy(to, from, size < sizeof *to ? size : sizeof *to);
  if (to->flags & ~(uint64_t)QOPT_OWN_WEIGHTS)
    return rt_error(err, n, QOPT_E_UNSUPPORTED,
                    "flags are 0x%" PRIx64 "; this library knows 0x1",
                    to->flags);
  if (!to->alloc != !to->free)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "the options alloc and free must be set together");
  return QOPT_OK;
}

// At least one element: calloc of nothing may return NULL.
static void *array(int count, size_t size) {
  return calloc((size_t)(count > 0 ? count : 1), size);
}

static int api_open(const qopt_options *options, qopt_model **result, char *err,
                    size_t n) {
  const qopt_model_desc *desc = &qopt_model_descriptor;
  if (!result)
    return rt_error(err, n, QOPT_E_ARGUMENT, "model is NULL");
  *result = NULL;
  qopt_model *model = aligned_alloc(RT_ALIGNMENT, (sizeof *model + 63) & ~63ul);
  if (!model)
    return rt_error(err, n, QOPT_E_MEMORY, "out of memory");
  memset(model, 0, sizeof *model);
  model->ctx.model = model;
  model->desc = desc;
  model->pid = (int)getpid();
  atomic_flag_clear(&model->busy);
  int status = read_options(&model->options, options, err, n);
  const char *isa =
      model->options.isa ? model->options.isa : getenv("QOPT_ISA");
  if (rt_memory_open(&model->memory, &model->options))
    status = rt_error(err, n, QOPT_E_MEMORY, "out of memory");
  if (!status && desc->abi != QOPT_MODEL_ABI)
    status = rt_error(err, n, QOPT_E_LOAD,
                      "the library is inconsistent: descriptor %u, runtime %u",
                      desc->abi, QOPT_MODEL_ABI);
  if (!status)
    status = rt_choose_variant(desc, isa && *isa ? isa : NULL, &model->variant,
                               err, n);
  const char *own = getenv("QOPT_OWN_WEIGHTS");
  bool owns = model->options.flags & QOPT_OWN_WEIGHTS || (own && *own == '1');
  if (!status && owns && !rt_own_weights())
    status = rt_error(err, n, QOPT_E_MEMORY,
                      "out of memory for a copy of the weights");
  if (!status)
    status = rt_pool_open(&model->pool, &model->options, err, n);
  if (!status) {
    model->args = array(desc->n_in, sizeof *model->args);
    model->outputs = array(desc->n_out, sizeof *model->outputs);
    model->out_dims = array(desc->n_out, sizeof *model->out_dims);
    model->symbols = array(desc->n_symbols, sizeof *model->symbols);
    model->guards = array(desc->n_guards, sizeof *model->guards);
    if (!model->args || !model->outputs || !model->out_dims ||
        !model->symbols || !model->guards)
      status = rt_error(err, n, QOPT_E_MEMORY, "out of memory");
  }
  if (status)
    destroy(model);
  else
    *result = model;
  return status;
}

static void api_close(qopt_model *model) {
  if (!model)
    return;
  // In a forked child, the run in progress will never end.
  while (model->pid == (int)getpid() && atomic_flag_test_and_set(&model->busy))
    sched_yield();
  destroy(model);
}

//===-- Running
//------------------------------------------------------------===//

typedef struct {
  qopt_model *model;
  bool shapes;
  int32_t status;
} job;

static void call_model(void *user) {
  job *j = user;
  qopt_model *model = j->model;
  const qopt_variant *variant = model->variant;
  j->status = j->shapes
                  ? variant->shapes(&model->ctx, model->args, model->out_dims)
                  : variant->run(&model->ctx, model->args);
}

static int call(qopt_model *model, bool shapes, char *err, size_t n) {
  qopt_ctx *ctx = &model->ctx;
  job j = {model, shapes, 0};
  atomic_store(&ctx->failed, 0);
  int64_t begin = model->recording ? rt_now() : 0;
  int left = rt_pool_enter(model->pool, call_model, &j);
  if (model->recording && !shapes)
    rt_profile_add(model->recording, QOPT_EVENT_MODEL, begin, rt_now());
  if (atomic_load(&ctx->failed))
    return rt_error(err, n, ctx->status, "%s", ctx->text);
  if (left || j.status)
    return rt_error(err, n, QOPT_E_MODEL, "the model failed without a reason");
  return QOPT_OK;
}

static int enter(qopt_model *model, char *err, size_t n) {
  if (!model)
    return rt_error(err, n, QOPT_E_ARGUMENT, "model is NULL");
  if (atomic_flag_test_and_set(&model->busy))
    return rt_error(err, n, QOPT_E_BUSY,
                    "this model is in use by another call; open one model per "
                    "thread");
  return QOPT_OK;
}

// When a recorded run begins; 0 for others.
static int64_t begin_run(const qopt_model *model) {
  return model->recording ? rt_now() : 0;
}

static void end_run(const qopt_model *model, int64_t begin) {
  if (model->recording)
    rt_profile_add(model->recording, QOPT_EVENT_RUN, begin, rt_now());
}

static void leave(qopt_model *model, uint64_t fp_state) {
  rt_memory_reset(&model->memory);
  rt_fp_set(fp_state);
  atomic_flag_clear(&model->busy);
}

static int prepare(qopt_model *model, const DLTensor *in, int n_in, char *err,
                   size_t n) {
  int status = rt_bind_inputs(model, in, n_in, err, n);
  return status ? status : call(model, true, err, n);
}

static int api_infer_shapes(qopt_model *model, const DLTensor *in, int n_in,
                            int64_t (*out)[QOPT_MAX_RANK], int *rank) {
  int status = enter(model, NULL, 0);
  if (status)
    return status;
  uint64_t fp_state = rt_fp_get();
  rt_fp_set(RT_FP_DEFAULT);
  char *err = model->last_error;
  err[0] = 0;
  status = out && rank ? prepare(model, in, n_in, err, sizeof model->last_error)
                       : rt_error(err, sizeof model->last_error,
                                  QOPT_E_ARGUMENT, "out or rank is NULL");
  for (int i = 0; i < model->desc->n_out && !status; ++i) {
    rank[i] = model->desc->out[i].rank;
    for (int d = 0; d < rank[i]; ++d)
      out[i][d] = model->out_dims[i][d];
  }
  leave(model, fp_state);
  return status;
}

static int api_run(qopt_model *model, const DLTensor *in, int n_in,
                   DLTensor *out, int n_out, char *err, size_t n) {
  int status = enter(model, err, n);
  if (status)
    return status;
  int64_t begin = begin_run(model);
  uint64_t fp_state = rt_fp_get();
  rt_fp_set(RT_FP_DEFAULT);
  status = prepare(model, in, n_in, err, n);
  if (!status)
    status = rt_bind_outputs(model, in, out, n_out, err, n);
  if (!status)
    status = call(model, false, err, n);
  if (!status)
    status = rt_finish_outputs(model, err, n);
  end_run(model, begin);
  leave(model, fp_state);
  return status;
}

static int api_run_owned(qopt_model *model, const DLTensor *in, int n_in,
                         DLManagedTensorVersioned **out, int n_out, char *err,
                         size_t n) {
  int status = enter(model, err, n);
  if (status)
    return status;
  int64_t begin = begin_run(model);
  uint64_t fp_state = rt_fp_get();
  rt_fp_set(RT_FP_DEFAULT);
  if (n_out != model->desc->n_out || (!out && n_out))
    status = rt_error(err, n, QOPT_E_ARGUMENT,
                      "room for %d outputs given, expected %d", out ? n_out : 0,
                      model->desc->n_out);
  for (int i = 0; i < model->desc->n_out && !status; ++i) {
    out[i] = NULL;
    model->outputs[i] = (rt_output){0};
  }
  // shapes() is not needed here: generated code asks for each output itself.
  if (!status)
    status = rt_bind_inputs(model, in, n_in, err, n);
  if (!status) {
    status = call(model, false, err, n);
    if (!status)
      status = rt_finish_outputs(model, err, n);
    for (int i = 0; i < n_out && !status; ++i) {
      out[i] = model->outputs[i].owned;
      model->outputs[i].owned = NULL;
    }
    rt_drop_owned(model);
  }
  end_run(model, begin);
  leave(model, fp_state);
  return status;
}

//===-- The table
//----------------------------------------------------------===//

static const char *api_signature_json(void) {
  return qopt_model_descriptor.signature_json;
}

static const char *api_isa(const qopt_model *model) {
  return model->variant->name;
}

static int api_num_threads(const qopt_model *model) {
  return rt_pool_threads(model->pool);
}

static const char *api_last_error(const qopt_model *model) {
  return model->last_error;
}

static const char *api_input_name(int index) {
  const qopt_model_desc *desc = &qopt_model_descriptor;
  return index >= 0 && index < desc->n_in ? desc->in[index].name : NULL;
}

static const char *api_output_name(int index) {
  const qopt_model_desc *desc = &qopt_model_descriptor;
  return index >= 0 && index < desc->n_out ? desc->out[index].name : NULL;
}

static int api_guard(const qopt_model *model, int index, qopt_guard *out) {
  if (!model || !out || index < 0 || index >= model->desc->n_guards)
    return QOPT_E_ARGUMENT;
  out->layer = model->desc->guards[index];
  out->rows = model->guards[index].rows;
  out->beyond = model->guards[index].beyond;
  return QOPT_OK;
}

static int api_profile(qopt_model *model, int on) {
  int status = enter(model, NULL, 0);
  if (status)
    return status;
  model->recording = NULL;
  if (on) {
    rt_profile_close(model->recorded);
    model->recorded = rt_profile_open(rt_pool_threads(model->pool));
    model->recording = model->recorded;
    status = model->recorded ? QOPT_OK : QOPT_E_MEMORY;
  }
  atomic_flag_clear(&model->busy);
  return status;
}

static int api_event(const qopt_model *model, int64_t index, qopt_event *out) {
  if (!model || !out || index < 0 || !model->recorded)
    return QOPT_E_ARGUMENT;
  return rt_profile_event(model->recorded, index, out);
}

static int api_memory(qopt_model *model, qopt_memory *out) {
  if (!model || !out)
    return QOPT_E_ARGUMENT;
  pthread_mutex_lock(&model->memory.lock);
  *out = (qopt_memory){.held = (int64_t)model->memory.held,
                       .peak_held = (int64_t)model->memory.peak_held,
                       .peak_live = (int64_t)model->memory.peak_live};
  pthread_mutex_unlock(&model->memory.lock);
  return QOPT_OK;
}

static const qopt_api api = {
    .abi = QOPT_ABI,
    .size = sizeof(qopt_api),
    .signature_json = api_signature_json,
    .open = api_open,
    .infer_shapes = api_infer_shapes,
    .run = api_run,
    .close = api_close,
    .run_owned = api_run_owned,
    .isa = api_isa,
    .num_threads = api_num_threads,
    .last_error = api_last_error,
    .input_name = api_input_name,
    .output_name = api_output_name,
    .guard = api_guard,
    .profile = api_profile,
    .event = api_event,
    .memory = api_memory,
};

__attribute__((visibility("default"))) const qopt_api *
qopt_model_query(uint32_t max_abi) {
  return max_abi >= QOPT_ABI ? &api : NULL;
}
