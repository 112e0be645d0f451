//===- args.c - checks of the inputs --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every field of every input is checked before generated code sees it, in every
// run. A message names the input and what was expected of it. Tensors that are
// strided or not aligned to their element are copied, packed ones unpacked;
// generated code gets compact ones only.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include <inttypes.h>

static int wrong_count(const qopt_model_desc *desc, int n_in, char *err,
                       size_t n) {
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "%d inputs given, expected %d:", n_in, desc->n_in);
  for (int i = 0; i < desc->n_in; ++i)
    rt_append(&to, "%s '%s'", i ? "," : "", desc->in[i].name);
  return QOPT_E_ARGUMENT;
}

// "input 'x': expected float32[batch, 4], got ..."
static int mismatch(const qopt_model_desc *desc, const qopt_port *port,
                    const DLTensor *t, char *err, size_t n) {
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "input '%s': expected ", port->name);
  rt_append_port(&to, desc, port);
  rt_append(&to, ", got ");
  rt_append_type(&to, t->dtype.code, t->dtype.bits, t->dtype.lanes);
  if (t->ndim > QOPT_MAX_RANK || t->ndim < 0 || (t->ndim && !t->shape))
    rt_append(&to, " of rank %d", t->ndim);
  else
    rt_append_dims(&to, t->ndim, t->shape);
  return QOPT_E_ARGUMENT;
}

int rt_check_memory(const char *role, const char *expected,
                    const qopt_port *port, const DLTensor *t, char *err,
                    size_t n) {
  if (t->device.device_type != kDLCPU)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "%s '%s': expected memory of the CPU (device 1), got "
                    "device %d",
                    role, port->name, (int)t->device.device_type);
  if (t->ndim && !t->shape)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "%s '%s': shape is NULL, expected %d dims", role,
                    port->name, port->rank);
  for (int i = 0; i < t->ndim; ++i)
    if (t->shape[i] < 0)
      return rt_error(err, n, QOPT_E_ARGUMENT,
                      "%s '%s': dim %d is %" PRId64 ", expected at least 0",
                      role, port->name, i, t->shape[i]);
  int64_t elements =
      rt_elements(t->ndim, t->shape, rt_element_bytes(port->bits));
  if (elements < 0)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "%s '%s': the dims are too large for this machine", role,
                    port->name);
  if (elements > 0 && !t->data)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "%s '%s': data is NULL, expected %s%" PRId64 " elements",
                    role, port->name, expected, elements);
  return QOPT_OK;
}

static int check_form(const qopt_model_desc *desc, const qopt_port *port,
                      const DLTensor *t, char *err, size_t n) {
  if (t->dtype.code != port->code || t->dtype.bits != port->bits ||
      t->dtype.lanes != 1 || t->ndim != port->rank)
    return mismatch(desc, port, t, err, n);
  int status = rt_check_memory("input", "", port, t, err, n);
  if (status)
    return status;
  if (port->bits < 8 && !rt_is_compact(t->ndim, t->shape, t->strides))
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "input '%s': packed elements of %d bits have no strides",
                    port->name, port->bits);
  return QOPT_OK;
}

// Generated code loads a bool as one bit; other bytes are no bool.
static int check_bools(const qopt_port *port, const uint8_t *data,
                       int64_t elements, char *err, size_t n) {
  uint8_t any = 0;
  for (int64_t i = 0; i < elements; ++i)
    any |= data[i];
  if (any <= 1)
    return QOPT_OK;
  int64_t at = 0;
  while (data[at] <= 1)
    ++at;
  return rt_error(err, n, QOPT_E_ARGUMENT,
                  "input '%s': byte %" PRId64 " is %d, expected 0 or 1",
                  port->name, at, data[at]);
}

static int bind_data(qopt_model *model, int i, const DLTensor *t, char *err,
                     size_t n) {
  const qopt_port *port = &model->desc->in[i];
  qopt_arg *arg = &model->args[i];
  int bytes = rt_element_bytes(port->bits);
  int64_t elements = rt_elements(t->ndim, t->shape, bytes);
  for (int d = 0; d < t->ndim; ++d)
    arg->dims[d] = t->shape[d];
  arg->data = NULL;
  if (elements == 0)
    return QOPT_OK;
  char *data = (char *)t->data + t->byte_offset;
  if (port->bits >= 8 && rt_is_compact(t->ndim, t->shape, t->strides) &&
      ((uintptr_t)data & (uintptr_t)(bytes - 1)) == 0) {
    arg->data = data;
  } else if (port->flags & QOPT_PORT_CACHE) {
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "input '%s': a cache is written in place, so its memory "
                    "must be compact and aligned to its elements",
                    port->name);
  } else {
    arg->data = rt_memory_get(&model->memory, (size_t)(elements * bytes));
    if (!arg->data)
      return rt_error(err, n, QOPT_E_MEMORY,
                      "input '%s': no memory for a compact copy", port->name);
    if (port->bits < 8)
      rt_unpack(arg->data, (const uint8_t *)data, elements, port->bits,
                port->code == kDLInt);
    else if (t->strides)
      rt_gather(arg->data, data, t->ndim, t->shape, t->strides, bytes);
    else
      memcpy(arg->data, data, (size_t)(elements * bytes));
  }
  if (port->code == kDLBool)
    return check_bools(port, arg->data, elements, err, n);
  return QOPT_OK;
}

// What is written must not be read under another name.
static int check_cache(const qopt_model_desc *desc, const DLTensor *in,
                       int index, char *err, size_t n) {
  for (int i = 0; i < desc->n_in; ++i)
    if (i != index && rt_overlap(&in[index], &in[i]))
      return rt_error(err, n, QOPT_E_ARGUMENT,
                      "input '%s': its memory is written and overlaps that of "
                      "input '%s'",
                      desc->in[index].name, desc->in[i].name);
  return QOPT_OK;
}

int rt_bind_inputs(qopt_model *model, const DLTensor *in, int n_in, char *err,
                   size_t n) {
  const qopt_model_desc *desc = model->desc;
  if (n_in != desc->n_in)
    return wrong_count(desc, n_in, err, n);
  if (!in && n_in)
    return rt_error(err, n, QOPT_E_ARGUMENT, "the array of inputs is NULL");
  int status = QOPT_OK;
  for (int i = 0; i < n_in && !status; ++i)
    status = check_form(desc, &desc->in[i], &in[i], err, n);
  if (!status)
    status = rt_bind_symbols(model, in, err, n);
  for (int i = 0; i < n_in && !status; ++i)
    if (desc->in[i].flags & QOPT_PORT_CACHE)
      status = check_cache(desc, in, i, err, n);
  for (int i = 0; i < n_in && !status; ++i)
    status = bind_data(model, i, &in[i], err, n);
  return status;
}
