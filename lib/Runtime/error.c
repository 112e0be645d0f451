//===- error.c - texts of errors ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounded text building for messages. Names of a model are data here and never
// a format string.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include <inttypes.h>
#include <stdarg.h>

rt_text rt_text_in(char *buffer, size_t capacity) {
  rt_text to = {buffer, buffer ? capacity : 0, 0};
  if (to.capacity)
    buffer[0] = 0;
  return to;
}

static void append_list(rt_text *to, const char *format, va_list list) {
  if (to->length + 1 >= to->capacity)
    return;
  size_t room = to->capacity - to->length;
  int n = vsnprintf(to->text + to->length, room, format, list);
  if (n > 0)
    to->length += (size_t)n < room ? (size_t)n : room - 1;
}

void rt_append(rt_text *to, const char *format, ...) {
  va_list list;
  va_start(list, format);
  append_list(to, format, list);
  va_end(list);
}

int rt_error(char *err, size_t n, int status, const char *format, ...) {
  rt_text to = rt_text_in(err, n);
  va_list list;
  va_start(list, format);
  append_list(&to, format, list);
  va_end(list);
  return status;
}

void rt_append_type(rt_text *to, int code, int bits, int lanes) {
  switch (code) {
  case kDLInt:
    rt_append(to, "int%d", bits);
    break;
  case kDLUInt:
    rt_append(to, "uint%d", bits);
    break;
  case kDLFloat:
    rt_append(to, "float%d", bits);
    break;
  case kDLBfloat:
    rt_append(to, "bfloat%d", bits);
    break;
  case kDLBool:
    rt_append(to, bits == 8 ? "bool" : "bool%d", bits);
    break;
  case kDLFloat8_e4m3fn:
    rt_append(to, "float8_e4m3fn");
    break;
  case kDLFloat8_e4m3fnuz:
    rt_append(to, "float8_e4m3fnuz");
    break;
  case kDLFloat8_e5m2:
    rt_append(to, "float8_e5m2");
    break;
  case kDLFloat8_e5m2fnuz:
    rt_append(to, "float8_e5m2fnuz");
    break;
  case kDLFloat8_e8m0fnu:
    rt_append(to, "float8_e8m0fnu");
    break;
  case kDLFloat4_e2m1fn:
    rt_append(to, "float4_e2m1fn");
    break;
  default:
    rt_append(to, "type code %d of %d bits", code, bits);
  }
  if (lanes != 1)
    rt_append(to, "x%d", lanes);
}

void rt_append_dims(rt_text *to, int rank, const int64_t *dims) {
  rt_append(to, "[");
  for (int i = 0; i < rank; ++i) {
    rt_append(to, i ? ", " : "");
    if (dims[i] < 0)
      rt_append(to, "?");
    else
      rt_append(to, "%" PRId64, dims[i]);
  }
  rt_append(to, "]");
}

void rt_append_dim(rt_text *to, const qopt_model_desc *desc,
                   const qopt_dim *dim) {
  if (dim->n_symbols == 0) {
    if (dim->constant < 0)
      rt_append(to, "?");
    else
      rt_append(to, "%" PRId64, dim->constant);
    return;
  }
  for (int i = 0; i < dim->n_symbols; ++i)
    rt_append(to, "%s%s", i ? " + " : "", desc->symbols[dim->symbols[i]]);
  if (dim->constant)
    rt_append(to, " + %" PRId64, dim->constant);
}

void rt_append_port(rt_text *to, const qopt_model_desc *desc,
                    const qopt_port *port) {
  rt_append_type(to, port->code, port->bits, 1);
  rt_append(to, "[");
  for (int i = 0; i < port->rank; ++i) {
    if (i)
      rt_append(to, ", ");
    rt_append_dim(to, desc, &port->dims[i]);
  }
  rt_append(to, "]");
}
