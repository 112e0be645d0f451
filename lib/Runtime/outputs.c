//===- outputs.c - the caller's tensors, and owned ones -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `run` writes to tensors of the caller, checked before the run as far as the
// sizes are known by then; `run_owned` makes its tensors when generated code
// asks for them. Elements of less than 8 bits are packed at the end. An owned
// tensor is one block of malloc with its header at the
// front, and its deleter is libc's free: so it may outlive this library.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include <inttypes.h>

static int wrong_count(const qopt_model_desc *desc, int n_out, char *err,
                       size_t n) {
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "%d outputs given, expected %d:", n_out, desc->n_out);
  for (int i = 0; i < desc->n_out; ++i)
    rt_append(&to, "%s '%s'", i ? "," : "", desc->out[i].name);
  return QOPT_E_ARGUMENT;
}

static bool same_dims(const DLTensor *t, int rank, const int64_t *dims) {
  if (t->ndim != rank)
    return false;
  for (int i = 0; i < rank; ++i)
    if (dims[i] >= 0 && t->shape[i] != dims[i])
      return false;
  return true;
}

static int check_form(const qopt_port *port, const DLTensor *t,
                      const int64_t *dims, char *err, size_t n) {
  bool typed = t->dtype.code == port->code && t->dtype.bits == port->bits &&
               t->dtype.lanes == 1;
  bool shaped =
      t->ndim >= 0 && t->ndim <= QOPT_MAX_RANK && (t->ndim == 0 || t->shape);
  if (!typed || !shaped || !same_dims(t, port->rank, dims)) {
    rt_text to = rt_text_in(err, n);
    rt_append(&to, "output '%s': expected ", port->name);
    rt_append_type(&to, port->code, port->bits, 1);
    rt_append_dims(&to, port->rank, dims);
    rt_append(&to, ", got ");
    rt_append_type(&to, t->dtype.code, t->dtype.bits, t->dtype.lanes);
    if (shaped)
      rt_append_dims(&to, t->ndim, t->shape);
    else
      rt_append(&to, " of rank %d without dims", t->ndim);
    return QOPT_E_ARGUMENT;
  }
  // Dims below 0 are reachable only for sizes that the model does not know
  // before the run.
  int status = rt_check_memory("output", "room for ", port, t, err, n);
  if (status)
    return status;
  int64_t elements =
      rt_elements(t->ndim, t->shape, rt_element_bytes(port->bits));
  for (int i = 0; i < t->ndim && t->strides; ++i)
    if (elements > 0 && t->strides[i] == 0 && t->shape[i] > 1)
      return rt_error(err, n, QOPT_E_ARGUMENT,
                      "output '%s': the stride of dim %d is 0, so that its "
                      "elements overlap",
                      port->name, i);
  if (port->bits < 8 && !rt_is_compact(t->ndim, t->shape, t->strides))
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "output '%s': packed elements of %d bits have no strides",
                    port->name, port->bits);
  return QOPT_OK;
}

bool rt_overlap(const DLTensor *a, const DLTensor *b) {
  uintptr_t a_begin, a_end, b_begin, b_end;
  if (rt_elements(a->ndim, a->shape, a->dtype.bits / 8) == 0 ||
      rt_elements(b->ndim, b->shape, b->dtype.bits / 8) == 0)
    return false;
  rt_extent(a, &a_begin, &a_end);
  rt_extent(b, &b_begin, &b_end);
  return a_begin < b_end && b_begin < a_end;
}

// Kernels read inputs while they write outputs.
static int check_overlap(const qopt_model_desc *desc, const DLTensor *in,
                         const DLTensor *out, int index, char *err, size_t n) {
  const DLTensor *t = &out[index];
  for (int i = 0; i < desc->n_in + index; ++i) {
    bool input = i < desc->n_in;
    const DLTensor *other = input ? &in[i] : &out[i - desc->n_in];
    if (rt_overlap(t, other))
      return rt_error(err, n, QOPT_E_ARGUMENT,
                      "output '%s': its memory overlaps that of %s '%s'",
                      desc->out[index].name, input ? "input" : "output",
                      input ? desc->in[i].name
                            : desc->out[i - desc->n_in].name);
  }
  return QOPT_OK;
}

static int place(qopt_model *model, int index, DLTensor *t, char *err,
                 size_t n) {
  rt_output *output = &model->outputs[index];
  int bits = model->desc->out[index].bits, bytes = rt_element_bytes(bits);
  int64_t elements = rt_elements(t->ndim, t->shape, bytes);
  *output = (rt_output){.caller = t};
  output->target = (char *)t->data + t->byte_offset;
  if (elements == 0 ||
      (bits >= 8 && rt_is_compact(t->ndim, t->shape, t->strides) &&
       ((uintptr_t)output->target & (uintptr_t)(bytes - 1)) == 0))
    return QOPT_OK;
  output->staged = true;
  output->target = rt_memory_get(&model->memory, (size_t)(elements * bytes));
  if (output->target)
    return QOPT_OK;
  return rt_error(err, n, QOPT_E_MEMORY,
                  "output '%s': no memory for a compact copy",
                  model->desc->out[index].name);
}

int rt_bind_outputs(qopt_model *model, const DLTensor *in, DLTensor *out,
                    int n_out, char *err, size_t n) {
  const qopt_model_desc *desc = model->desc;
  if (n_out != desc->n_out)
    return wrong_count(desc, n_out, err, n);
  if (!out && n_out)
    return rt_error(err, n, QOPT_E_ARGUMENT, "the array of outputs is NULL");
  int status = QOPT_OK;
  for (int i = 0; i < n_out && !status; ++i)
    status = check_form(&desc->out[i], &out[i], model->out_dims[i], err, n);
  for (int i = 0; i < n_out && !status; ++i)
    status = check_overlap(desc, in, out, i, err, n);
  for (int i = 0; i < n_out && !status; ++i)
    status = place(model, i, &out[i], err, n);
  return status;
}

static DLManagedTensorVersioned *make_owned(const qopt_port *port, int rank,
                                            const int64_t *dims) {
  typedef struct {
    DLManagedTensorVersioned managed;
    int64_t dims[QOPT_MAX_RANK];
  } header;
  const size_t front =
      (sizeof(header) + RT_ALIGNMENT - 1) / RT_ALIGNMENT * RT_ALIGNMENT;
  int64_t elements = rt_elements(rank, dims, rt_element_bytes(port->bits));
  if (elements < 0)
    return NULL;
  size_t bytes = rt_packed_bytes(elements, port->bits);
  if (bytes > PTRDIFF_MAX - 2 * front)
    return NULL;
  header *made = rt_allocate(front + bytes);
  if (!made)
    return NULL;
  memset(made, 0, sizeof *made);
  made->managed.version.major = 1;
  DLTensor *t = &made->managed.dl_tensor;
  t->data = (char *)made + front;
  t->device.device_type = kDLCPU;
  t->ndim = rank;
  t->dtype = (DLDataType){port->code, port->bits, 1};
  t->shape = made->dims;
  for (int i = 0; i < rank; ++i)
    made->dims[i] = dims[i];
  // One pointer is passed either way; libc stays when this library goes.
  void (*release)(void *) = free;
  memcpy(&made->managed.deleter, &release, sizeof release);
  return &made->managed;
}

void *qopt_rt_output(qopt_ctx *ctx, int32_t index, int32_t rank,
                     const int64_t *dims) {
  qopt_model *model = ctx->model;
  if (index < 0 || index >= model->desc->n_out || rank < 0 ||
      rank > QOPT_MAX_RANK || model->outputs[index].written)
    rt_fail(ctx, QOPT_E_MODEL, "the library is inconsistent: output %d", index);
  const qopt_port *port = &model->desc->out[index];
  rt_output *output = &model->outputs[index];
  for (int i = 0; i < rank; ++i)
    if (dims[i] < 0)
      rt_fail(ctx, QOPT_E_MODEL, "output '%s': dim %d comes to %" PRId64,
              port->name, i, dims[i]);
  if (!output->caller) {
    output->owned = make_owned(port, rank, dims);
    if (!output->owned)
      rt_fail(ctx, QOPT_E_MEMORY, "output '%s': out of memory", port->name);
    output->target = output->owned->dl_tensor.data;
    int64_t elements = rt_elements(rank, dims, 1);
    if (port->bits < 8 && elements > 0) {
      output->staged = true;
      output->target = rt_memory_get(&model->memory, (size_t)elements);
      if (!output->target)
        rt_fail(ctx, QOPT_E_MEMORY, "output '%s': out of memory", port->name);
    }
  } else if (!same_dims(output->caller, rank, dims)) {
    char wanted[128], given[128];
    rt_text a = rt_text_in(wanted, sizeof wanted);
    rt_text b = rt_text_in(given, sizeof given);
    rt_append_dims(&a, rank, dims);
    rt_append_dims(&b, output->caller->ndim, output->caller->shape);
    rt_fail(ctx, QOPT_E_ARGUMENT,
            "output '%s': expected %s, got %s; run_owned makes outputs whose "
            "size depends on data",
            port->name, wanted, given);
  }
  output->written = true;
  return output->target;
}

int rt_finish_outputs(qopt_model *model, char *err, size_t n) {
  for (int i = 0; i < model->desc->n_out; ++i) {
    rt_output *output = &model->outputs[i];
    const qopt_port *port = &model->desc->out[i];
    if (!output->written)
      return rt_error(
          err, n, QOPT_E_MODEL,
          "the library is inconsistent: output '%s' was not written",
          port->name);
    if (!output->staged)
      continue;
    DLTensor *t = output->caller ? output->caller : &output->owned->dl_tensor;
    char *data = (char *)t->data + t->byte_offset;
    int bytes = rt_element_bytes(port->bits);
    if (port->bits < 8)
      rt_pack((uint8_t *)data, output->target,
              rt_elements(t->ndim, t->shape, 1), port->bits);
    else if (t->strides)
      rt_scatter(data, output->target, t->ndim, t->shape, t->strides, bytes);
    else
      memcpy(data, output->target,
             (size_t)(rt_elements(t->ndim, t->shape, bytes) * bytes));
  }
  return QOPT_OK;
}

void rt_drop_owned(qopt_model *model) {
  for (int i = 0; i < model->desc->n_out; ++i) {
    free(model->outputs[i].owned);
    model->outputs[i].owned = NULL;
  }
}
