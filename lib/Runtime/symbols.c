//===- symbols.c - named dims across inputs -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same name must mean the same size in every input. Dims that are one
// symbol give it its value; then a sum with one unbound symbol gives that one
// its value (an export may name past_length only in "past_length + length"); at
// last every dim is compared with what its expression comes to.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include <inttypes.h>

static bool is_plain_symbol(const qopt_dim *dim) {
  return dim->n_symbols == 1 && dim->constant == 0;
}

static bool is_unchecked(const qopt_dim *dim) {
  return dim->n_symbols == 0 && dim->constant < 0;
}

static int out_of_range(const qopt_model *model, int input, int d,
                        int64_t value, int symbol, char *err, size_t n) {
  const qopt_model_desc *desc = model->desc;
  const int64_t *range = desc->symbol_range[symbol];
  return rt_error(err, n, QOPT_E_ARGUMENT,
                  "input '%s': dim %d (%s) is %" PRId64 ", but the library is "
                  "compiled for %" PRId64 " to %" PRId64,
                  desc->in[input].name, d, desc->symbols[symbol], value,
                  range[0], range[1]);
}

static int bind(qopt_model *model, int symbol, int64_t value, int input, int d,
                char *err, size_t n) {
  const qopt_model_desc *desc = model->desc;
  if (desc->symbol_range && (value < desc->symbol_range[symbol][0] ||
                             value > desc->symbol_range[symbol][1]))
    return out_of_range(model, input, d, value, symbol, err, n);
  model->symbols[symbol] = (rt_binding){value, input, d};
  return QOPT_OK;
}

static int conflict(const qopt_model *model, int input, int d, int64_t got,
                    int64_t expected, char *err, size_t n) {
  const qopt_model_desc *desc = model->desc;
  const qopt_port *port = &desc->in[input];
  rt_text to = rt_text_in(err, n);
  rt_append(&to, "input '%s': dim %d is %" PRId64 ", expected %" PRId64,
            port->name, d, got, expected);
  const qopt_dim *dim = &port->dims[d];
  if (dim->n_symbols == 0)
    return QOPT_E_ARGUMENT;
  rt_append(&to, " (");
  rt_append_dim(&to, desc, dim);
  for (int k = 0; k < dim->n_symbols; ++k) {
    const rt_binding *from = &model->symbols[dim->symbols[k]];
    rt_append(&to, "%s '%s' is %" PRId64 " by dim %d of input '%s'",
              k ? "," : ";", desc->symbols[dim->symbols[k]], from->value,
              from->dim, desc->in[from->input].name);
  }
  rt_append(&to, ")");
  return QOPT_E_ARGUMENT;
}

// The value of the bound part; which symbol is unbound (-1: none), and how
// often it occurs (0 when several different ones are unbound).
static int64_t evaluate(const qopt_model *model, const qopt_dim *dim,
                        int *unbound, int *times) {
  int64_t value = dim->constant;
  *unbound = -1;
  *times = 0;
  for (int k = 0; k < dim->n_symbols; ++k) {
    int symbol = dim->symbols[k];
    if (model->symbols[symbol].value >= 0) {
      value += model->symbols[symbol].value;
    } else if (*unbound < 0 || *unbound == symbol) {
      *unbound = symbol;
      ++*times;
    } else {
      *times = 0;
      return value;
    }
  }
  return value;
}

static int check_dim(const qopt_model *model, const DLTensor *in, int input,
                     int d, char *err, size_t n) {
  const qopt_dim *dim = &model->desc->in[input].dims[d];
  int unbound, times;
  if (is_unchecked(dim))
    return QOPT_OK;
  int64_t expected = evaluate(model, dim, &unbound, &times);
  if (unbound < 0 && expected != in[input].shape[d])
    return conflict(model, input, d, in[input].shape[d], expected, err, n);
  return QOPT_OK;
}

// Binds what sums determine; sets *more when one was bound.
static int solve_dim(qopt_model *model, const DLTensor *in, int input, int d,
                     bool *more, char *err, size_t n) {
  int unbound, times;
  int64_t rest =
      in[input].shape[d] -
      evaluate(model, &model->desc->in[input].dims[d], &unbound, &times);
  if (times == 0)
    return QOPT_OK;
  if (rest < 0 || rest % times)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "input '%s': dim %d is %" PRId64
                    ", which leaves no size for '%s'",
                    model->desc->in[input].name, d, in[input].shape[d],
                    model->desc->symbols[unbound]);
  *more = true;
  return bind(model, unbound, rest / times, input, d, err, n);
}

int rt_bind_symbols(qopt_model *model, const DLTensor *in, char *err,
                    size_t n) {
  const qopt_model_desc *desc = model->desc;
  bool sums = false;
  int status = QOPT_OK;
  for (int i = 0; i < desc->n_symbols; ++i)
    model->symbols[i].value = -1;
  for (int i = 0; i < desc->n_in; ++i)
    for (int d = 0; d < desc->in[i].rank; ++d) {
      const qopt_dim *dim = &desc->in[i].dims[d];
      sums |= dim->n_symbols && !is_plain_symbol(dim);
      if (is_plain_symbol(dim) && model->symbols[dim->symbols[0]].value < 0)
        if ((status =
                 bind(model, dim->symbols[0], in[i].shape[d], i, d, err, n)))
          return status;
    }
  while (sums) {
    sums = false;
    for (int i = 0; i < desc->n_in; ++i)
      for (int d = 0; d < desc->in[i].rank; ++d)
        if ((status = solve_dim(model, in, i, d, &sums, err, n)))
          return status;
  }
  for (int i = 0; i < desc->n_in; ++i)
    for (int d = 0; d < desc->in[i].rank; ++d)
      if ((status = check_dim(model, in, i, d, err, n)))
        return status;
  return QOPT_OK;
}
