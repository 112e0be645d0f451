//===- runner.c - runs a library for the tests, on an emulated machine ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// runner LIBRARY THREADS [ISA]: opens the library and obeys requests on stdin,
// answers on stdout, both binary: an array is type code, bits, rank, dims (i64
// each) and the elements. At first it tells 0, the instruction set, and the
// names of inputs and outputs. Request 'r' is followed by the inputs, and
// answered by 0, their number and the outputs; 'g' by the number of guards, and
// a name, rows and beyond of each. An answer that starts with a negative number
// is a status and a text. Texts are a length and the characters.
//===----------------------------------------------------------------------===//

#include "qopt/model.h"

enum { MAX_PORTS = 256 };

static void get(void *to, size_t size) {
  if (size && fread(to, size, 1, stdin) != 1)
    exit(0); // the test is done
}
static void put(const void *from, size_t size) {
  if (size && fwrite(from, size, 1, stdout) != 1)
    exit(3);
}
static int64_t get_number(void) {
  int64_t value;
  get(&value, sizeof value);
  return value;
}
static void put_number(int64_t value) { put(&value, sizeof value); }
static void put_text(const char *text) {
  put_number((int64_t)strlen(text));
  put(text, strlen(text));
}
static void put_failure(int status, const char *text) {
  put_number(status);
  put_text(text);
  fflush(stdout);
}

static size_t bytes_of(const DLTensor *t) {
  size_t bytes = (size_t)t->dtype.bits / 8;
  for (int i = 0; i < t->ndim; ++i)
    bytes *= (size_t)t->shape[i];
  return bytes;
}

static void get_tensor(DLTensor *t, int64_t *dims) {
  memset(t, 0, sizeof *t);
  t->dtype.code = (uint8_t)get_number();
  t->dtype.bits = (uint8_t)get_number();
  t->dtype.lanes = 1;
  t->device.device_type = kDLCPU;
  t->ndim = (int32_t)get_number();
  t->shape = dims;
  for (int i = 0; i < t->ndim; ++i)
    dims[i] = get_number();
  t->data = malloc(bytes_of(t) + 64);
  get(t->data, bytes_of(t));
}

static void put_tensor(const DLTensor *t) {
  put_number(t->dtype.code);
  put_number(t->dtype.bits);
  put_number(t->ndim);
  for (int i = 0; i < t->ndim; ++i)
    put_number(t->shape[i]);
  put((const char *)t->data + t->byte_offset, bytes_of(t));
}

static void run(const qopt_handle *handle) {
  static DLTensor in[MAX_PORTS];
  static int64_t dims[MAX_PORTS][8];
  static DLManagedTensorVersioned *out[MAX_PORTS];
  char text[512];
  int n_in = 0, n_out = 0;
  while (handle->api->input_name(n_in))
    ++n_in;
  while (handle->api->output_name(n_out))
    ++n_out;
  for (int i = 0; i < n_in; ++i)
    get_tensor(&in[i], dims[i]);
  int status = handle->api->run_owned(handle->model, in, n_in, out, n_out, text,
                                      sizeof text);
  for (int i = 0; i < n_in; ++i)
    free(in[i].data);
  if (status) {
    put_failure(status, text);
    return;
  }
  put_number(0);
  put_number(n_out);
  for (int i = 0; i < n_out; ++i) {
    put_tensor(&out[i]->dl_tensor);
    out[i]->deleter(out[i]);
  }
  fflush(stdout);
}

static void put_guards(const qopt_handle *handle) {
  qopt_guard guard;
  int n = 0;
  while (qopt_guard_at(handle, n, &guard) == QOPT_OK)
    ++n;
  put_number(n);
  for (int i = 0; i < n; ++i) {
    qopt_guard_at(handle, i, &guard);
    put_text(guard.layer);
    put_number(guard.rows);
    put_number(guard.beyond);
  }
  fflush(stdout);
}

static void put_names(const char *(*name)(int)) {
  int n = 0;
  while (name(n))
    ++n;
  put_number(n);
  for (int i = 0; i < n; ++i)
    put_text(name(i));
}

int main(int argc, char **argv) {
  char text[512];
  qopt_handle handle;
  qopt_options options = {0};
  if (argc < 3)
    return 2;
  options.num_threads = atoi(argv[2]);
  options.isa = argc > 3 ? argv[3] : NULL;
  int status = qopt_load(argv[1], &options, &handle, text, sizeof text);
  if (status) {
    put_failure(status, text);
    return 0;
  }
  put_number(0);
  put_text(handle.api->isa(handle.model));
  put_names(handle.api->input_name);
  put_names(handle.api->output_name);
  fflush(stdout);
  for (;;) {
    char request;
    get(&request, 1);
    if (request == 'r')
      run(&handle);
    else if (request == 'g')
      put_guards(&handle);
    else
      return 2;
  }
}
