//===- model.h - load and run a library made by qopt ------------ C -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public interface of every model.so, for C99 and C++: the table of
// functions that `qopt_model_query` returns, and a small loader over it. The
// header needs dlpack.h (for DLTensor) and dlopen, and nothing else of qopt.
// Structures only grow at their end; `size` tells how much of one is there.
//===----------------------------------------------------------------------===//

#ifndef QOPT_MODEL_H
#define QOPT_MODEL_H

#include <dlfcn.h>
#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

// What DLPack gained after the 0.6 of Debian 12, with the same layout.
#if !defined(DLPACK_MAJOR_VERSION)
#if DLPACK_VERSION < 80
enum { kDLBool = 6 };
#endif
#endif
#if !defined(DLPACK_MAJOR_VERSION) ||                                          \
    (DLPACK_MAJOR_VERSION == 1 && DLPACK_MINOR_VERSION < 1)
enum {
  kDLFloat8_e4m3fn = 10,
  kDLFloat8_e4m3fnuz = 11,
  kDLFloat8_e5m2 = 12,
  kDLFloat8_e5m2fnuz = 13,
  kDLFloat8_e8m0fnu = 14,
  kDLFloat4_e2m1fn = 17
};
#endif
#if !defined(DLPACK_MAJOR_VERSION)
typedef struct {
  uint32_t major, minor;
} DLPackVersion;
typedef struct DLManagedTensorVersioned {
  DLPackVersion version;
  void *manager_ctx;
  void (*deleter)(struct DLManagedTensorVersioned *self);
  uint64_t flags;
  DLTensor dl_tensor;
} DLManagedTensorVersioned;
#endif

#define QOPT_ABI 1u

// Every function that can fail returns one of these; 0 is success, and a
// failure leaves the model usable.
typedef enum {
  QOPT_OK = 0,
  QOPT_E_ARGUMENT = -1,    // an argument does not fit; the text says which
  QOPT_E_BUSY = -2,        // another call uses this model: one at a time
  QOPT_E_MEMORY = -3,      // out of memory
  QOPT_E_UNSUPPORTED = -4, // the CPU lacks something, or an unknown option
  QOPT_E_MODEL = -5,       // the model refused the data (an index out of range)
  QOPT_E_LOAD = -6         // the library is damaged, foreign or too new
} qopt_status;

// qopt_options.flags. OWN_WEIGHTS: the weights of the library become a copy on
// huge pages, once for all of its models in the process. Decoding is faster by
// it, but processes no longer share them, and `open` takes as long as copying
// them.
enum { QOPT_OWN_WEIGHTS = 1 };

// All zero is the default of each field, and of the whole.
typedef struct qopt_options {
  uint32_t size;       // sizeof(qopt_options); 0 means all fields of ABI 1
  int32_t num_threads; // 0: the physical cores that this process may use; more
                       // than it has CPUs are as many as those
  uint64_t flags;      // QOPT_OWN_WEIGHTS, which the environment variable of
                       // that name, set to 1, stands for, too
  const char *isa;     // one of the library's variants; NULL: the best here,
                       // or the value of the environment variable QOPT_ISA
  // Scratch memory. alloc returns `bytes` aligned to `alignment`, or NULL.
  void *(*alloc)(void *user, size_t bytes, size_t alignment);
  void (*free)(void *user, void *memory);
  void *alloc_user;
  // Called for every calibration tap of a library that has some, on the thread
  // that called run: rows x cols floats, compact, valid during the call.
  void (*observe)(void *user, int32_t tap_index, const char *tap_name,
                  const float *data, int64_t rows, int64_t cols);
  void *observe_user;
  // The CPU that each thread after the first is pinned to; the first is the
  // caller's own and stays as it is. NULL: not pinned.
  const int32_t *affinity;
  int32_t n_affinity;
} qopt_options;

typedef struct qopt_model qopt_model;

// How often the rows of one quantized layer were not what its list of outlier
// columns was made for.
typedef struct qopt_guard {
  const char *layer; // UTF-8; lives as long as the library
  int64_t rows;      // seen by this model since `open`
  int64_t beyond;    // of them with a value of at least the layer's threshold
                     // outside of its outlier columns, or with a NaN
} qopt_guard;

// qopt_event.kind. Events of one kind and thread do not overlap; those of a run
// lie within each other in this order.
enum {
  QOPT_EVENT_RUN = 0,    // a call of run or run_owned, all of it
  QOPT_EVENT_MODEL = 1,  // of it, the compiled code
  QOPT_EVENT_KERNEL = 2, // of it, one loop, from its start to its end
  QOPT_EVENT_CHUNK = 3   // of it, what one thread did
};

// Something that a recorded run did. Text is UTF-8 and lives as long as the
// library; it is NULL where there is nothing to say.
typedef struct qopt_event {
  int32_t kind;
  int32_t thread;      // 0 is the thread that called run
  int64_t begin, end;  // nanoseconds of CLOCK_MONOTONIC
  const char *kernel;  // the compiled function
  const char *nodes;   // nodes of the model's graph that it computes, one per
                       // line
  const char *operand; // "i8", "f32", ...: of a matrix product
  int64_t operations;  // of all of that product; a multiply and an add are two
  int64_t bytes;       // of the buffers that the loop was given, each once
  int64_t weights;     // of them, those of the weights of a product
} qopt_event;

// Scratch memory of a model, in bytes; it does not count inputs, outputs and
// weights.
typedef struct qopt_memory {
  int64_t held;      // of the system's memory now
  int64_t peak_held; // the most since `open`
  int64_t peak_live; // the most that was in use at a time since `open`: no plan
                     // of the same program needs less
} qopt_memory;

// The table a library returns. `in` and `out` follow the order of the
// signature. Tensors may have strides, a byte_offset and any alignment; an
// output must not overlap another tensor. Elements of 4 and 2 bits are packed
// as DLPack and ONNX say: the first element in the low bits of the first byte,
// the last byte filled up with zeros; such tensors have no strides.
typedef struct qopt_api {
  uint32_t abi, size;
  const char *(*signature_json)(void);
  // Starts the threads and chooses the instruction set. On failure *model is
  // NULL and `err` (of n bytes, may be NULL) holds the reason.
  int (*open)(const qopt_options *options, qopt_model **model, char *err,
              size_t n);
  // Dims and rank of every output for these inputs; -1 where a size depends on
  // values that only a run computes. After a failure, last_error has the text.
  int (*infer_shapes)(qopt_model *model, const DLTensor *in, int n_in,
                      int64_t (*out)[8], int *rank);
  // Writes to the tensors of the caller, whose dims must be the exact ones.
  int (*run)(qopt_model *model, const DLTensor *in, int n_in, DLTensor *out,
             int n_out, char *err, size_t n);
  // Waits for a run in progress, joins the threads, frees everything. No call
  // with this model may begin afterwards. NULL is allowed.
  void (*close)(qopt_model *model);
  // As run, with outputs allocated here, one tensor each, to be given back by
  // their own deleter; they outlive the model and its library.
  int (*run_owned)(qopt_model *model, const DLTensor *in, int n_in,
                   DLManagedTensorVersioned **out, int n_out, char *err,
                   size_t n);
  // The variant in use, and the number of threads.
  const char *(*isa)(const qopt_model *model);
  int (*num_threads)(const qopt_model *model);
  // Text of the last failure of infer_shapes, valid until the next call.
  const char *(*last_error)(const qopt_model *model);
  // Names by position, in UTF-8; NULL behind the last one.
  const char *(*input_name)(int index);
  const char *(*output_name)(int index);
  // The counters of guarded layers by position, QOPT_E_ARGUMENT behind the last
  // one. Not during a run of this model. (qopt_guard_at asks libraries that are
  // older than this entry, too.)
  int (*guard)(const qopt_model *model, int index, qopt_guard *out);
  // Starts (1) or ends (0) the recording of runs. What was recorded before is
  // forgotten at a start.
  int (*profile)(qopt_model *model, int on);
  // What was recorded, by position, QOPT_E_ARGUMENT behind the last one: the
  // events of thread 0 in the order of their ends, then those of the others.
  // Not during a run of this model.
  int (*event)(const qopt_model *model, int64_t index, qopt_event *out);
  int (*memory)(qopt_model *model, qopt_memory *out);
} qopt_api;

// The one symbol that a library exports. NULL when the library's interface is
// newer than `max_abi`.
extern const qopt_api *qopt_model_query(uint32_t max_abi);

//===----------------------------------------------------------------------===//
// Loader
//===----------------------------------------------------------------------===//

typedef struct qopt_handle {
  void *library;
  const qopt_api *api;
  qopt_model *model;
} qopt_handle;

static inline int qopt_detail_fail(char *err, size_t n, int status,
                                   const char *path, const char *why) {
  if (err && n)
    snprintf(err, n, "%s: %s", path, why);
  return status;
}

// Reads the headers of the file before dlopen maps it: touching the missing
// pages of a truncated library raises SIGBUS. (The macros of elf.h would be in
// the way of many a program.)
static inline const char *qopt_detail_check_file(const char *path) {
#if defined(__x86_64__)
  const uint16_t own = 62;
#elif defined(__aarch64__)
  const uint16_t own = 183;
#else
#error "qopt makes libraries for x86-64 and AArch64"
#endif
  struct {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t size, segment_size, n_segments, section_size, n_sections, names;
  } header;
  struct {
    uint32_t type, flags;
    uint64_t offset, address[2], file_size, memory_size, alignment;
  } segment;
  const char *why = NULL;
  uint64_t size = 0;
  int i;
  long end;
  FILE *file = fopen(path, "rb");
  if (!file)
    return "cannot be opened";
  if (fread(&header, sizeof header, 1, file) != 1 ||
      memcmp(header.ident, "\177ELF\2", 5) != 0 || header.type != 3 ||
      header.segment_size != sizeof segment)
    why = "is not a 64-bit shared library";
  else if (header.machine != own)
    why = own == 62 && header.machine == 183
              ? "is for AArch64, this program is for x86-64"
          : own == 183 && header.machine == 62
              ? "is for x86-64, this program is for AArch64"
              : "is for another machine";
  else if (fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < 0)
    why = "cannot be read";
  else if ((size = (uint64_t)end) < header.sections ||
           size - header.sections <
               (uint64_t)header.n_sections * header.section_size ||
           size < header.segments ||
           fseek(file, (long)header.segments, SEEK_SET) != 0)
    why = "is truncated";
  for (i = 0; !why && i < header.n_segments; ++i)
    if (fread(&segment, sizeof segment, 1, file) != 1 ||
        segment.offset > size || segment.file_size > size - segment.offset)
      why = "is truncated";
  fclose(file);
  return why;
}

// The path in a spelling of this file's own ("/./" and "//" say nothing).
// dlopen knows libraries by name: for a path that was written again while the
// old library is open it would answer with the old one. The caller frees it.
static inline char *qopt_detail_spell(const char *path) {
  struct stat file;
  const char *slash = strrchr(path, '/');
  size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
  // At most two characters for each bit of the number.
  char *spelling = (char *)malloc(strlen(path) + 16 * sizeof file.st_ino + 3);
  char *end = spelling;
  if (!spelling)
    return NULL;
  // Without a slash, dlopen would search the system's folders.
  memcpy(end, folder ? path : "./", folder ? folder : 2);
  end += folder ? folder : 2;
  if (stat(path, &file) == 0)
    for (; file.st_ino; file.st_ino >>= 1) {
      if (file.st_ino & 1)
        *end++ = '.';
      *end++ = '/';
    }
  strcpy(end, path + folder);
  return spelling;
}

// Loads the library without opening a model: signature_json can be read. Ends
// with qopt_unload like the other form.
static inline int qopt_load_library(const char *path, qopt_handle *handle,
                                    char *err, size_t n) {
  typedef const qopt_api *(*query_fn)(uint32_t);
  query_fn query;
  void *symbol;
  char *spelling;
  const char *why;
  memset(handle, 0, sizeof *handle);
  if ((why = qopt_detail_check_file(path)))
    return qopt_detail_fail(err, n, QOPT_E_LOAD, path, why);
  if (!(spelling = qopt_detail_spell(path)))
    return qopt_detail_fail(err, n, QOPT_E_MEMORY, path, "out of memory");
  handle->library = dlopen(spelling, RTLD_NOW | RTLD_LOCAL);
  free(spelling);
  if (!handle->library)
    return qopt_detail_fail(err, n, QOPT_E_LOAD, path, dlerror());
  symbol = dlsym(handle->library, "qopt_model_query");
  memcpy(&query, &symbol, sizeof query);
  if (query)
    handle->api = query(QOPT_ABI);
  if (handle->api)
    return QOPT_OK;
  dlclose(handle->library);
  handle->library = NULL;
  return qopt_detail_fail(err, n, QOPT_E_LOAD, path,
                          query ? "was built for a newer interface than this "
                                  "program knows"
                                : "is no library made by qopt");
}

static inline void qopt_unload(qopt_handle *handle) {
  if (handle->model)
    handle->api->close(handle->model);
  if (handle->library)
    dlclose(handle->library);
  memset(handle, 0, sizeof *handle);
}

// Loads the library at `path` and opens one model in it. `options` may be NULL.
static inline int qopt_load(const char *path, const qopt_options *options,
                            qopt_handle *handle, char *err, size_t n) {
  int status = qopt_load_library(path, handle, err, n);
  if (status)
    return status;
  status = handle->api->open(options, &handle->model, err, n);
  if (status)
    qopt_unload(handle);
  return status;
}

static inline int qopt_run(qopt_handle *handle, const DLTensor *in, int n_in,
                           DLTensor *out, int n_out, char *err, size_t n) {
  return handle->api->run(handle->model, in, n_in, out, n_out, err, n);
}

static inline int qopt_run_owned(qopt_handle *handle, const DLTensor *in,
                                 int n_in, DLManagedTensorVersioned **out,
                                 int n_out, char *err, size_t n) {
  return handle->api->run_owned(handle->model, in, n_in, out, n_out, err, n);
}

// Whether the table of a library, which may be older than this header, goes as
// far as `entry`.
#define QOPT_HAS(api, entry)                                                   \
  ((api)->size >= offsetof(qopt_api, entry) + sizeof((api)->entry))

// The counters of guarded layer `index`; QOPT_E_ARGUMENT behind the last one.
static inline int qopt_guard_at(const qopt_handle *handle, int index,
                                qopt_guard *out) {
  if (!QOPT_HAS(handle->api, guard))
    return QOPT_E_ARGUMENT;
  return handle->api->guard(handle->model, index, out);
}

// The entries of the same names; QOPT_E_UNSUPPORTED when the library is older.
static inline int qopt_profile(qopt_handle *handle, int on) {
  if (!QOPT_HAS(handle->api, profile))
    return QOPT_E_UNSUPPORTED;
  return handle->api->profile(handle->model, on);
}

static inline int qopt_event_at(const qopt_handle *handle, int64_t index,
                                qopt_event *out) {
  if (!QOPT_HAS(handle->api, event))
    return QOPT_E_UNSUPPORTED;
  return handle->api->event(handle->model, index, out);
}

static inline int qopt_memory_of(qopt_handle *handle, qopt_memory *out) {
  if (!QOPT_HAS(handle->api, memory))
    return QOPT_E_UNSUPPORTED;
  return handle->api->memory(handle->model, out);
}

//===----------------------------------------------------------------------===//
// Tensors over memory of the caller: compact, row-major, on the CPU. `dims`
// must live as long as the tensor.
//===----------------------------------------------------------------------===//

static inline DLTensor qopt_tensor(const void *data, int code, int bits,
                                   int ndim, const int64_t *dims) {
  DLTensor t;
  memset(&t, 0, sizeof t);
  t.data = (void *)(uintptr_t)data; // DLTensor knows no const
  t.device.device_type = kDLCPU;
  t.ndim = ndim;
  t.dtype.code = (uint8_t)code;
  t.dtype.bits = (uint8_t)bits;
  t.dtype.lanes = 1;
  t.shape = (int64_t *)(uintptr_t)dims;
  return t;
}

#define QOPT_DETAIL_TENSOR(name, code, bits)                                   \
  static inline DLTensor qopt_##name(const void *data, int ndim,               \
                                     const int64_t *dims) {                    \
    return qopt_tensor(data, code, bits, ndim, dims);                          \
  }
QOPT_DETAIL_TENSOR(f16, kDLFloat, 16)
QOPT_DETAIL_TENSOR(bf16, kDLBfloat, 16)
QOPT_DETAIL_TENSOR(f32, kDLFloat, 32)
QOPT_DETAIL_TENSOR(f64, kDLFloat, 64)
QOPT_DETAIL_TENSOR(i8, kDLInt, 8)
QOPT_DETAIL_TENSOR(i16, kDLInt, 16)
QOPT_DETAIL_TENSOR(i32, kDLInt, 32)
QOPT_DETAIL_TENSOR(i64, kDLInt, 64)
QOPT_DETAIL_TENSOR(u8, kDLUInt, 8)
QOPT_DETAIL_TENSOR(u16, kDLUInt, 16)
QOPT_DETAIL_TENSOR(u32, kDLUInt, 32)
QOPT_DETAIL_TENSOR(u64, kDLUInt, 64)
QOPT_DETAIL_TENSOR(bool, kDLBool, 8)
QOPT_DETAIL_TENSOR(i4, kDLInt, 4)
QOPT_DETAIL_TENSOR(i2, kDLInt, 2)
QOPT_DETAIL_TENSOR(u4, kDLUInt, 4)
QOPT_DETAIL_TENSOR(u2, kDLUInt, 2)
QOPT_DETAIL_TENSOR(f8e4m3fn, kDLFloat8_e4m3fn, 8)
QOPT_DETAIL_TENSOR(f8e4m3fnuz, kDLFloat8_e4m3fnuz, 8)
QOPT_DETAIL_TENSOR(f8e5m2, kDLFloat8_e5m2, 8)
QOPT_DETAIL_TENSOR(f8e5m2fnuz, kDLFloat8_e5m2fnuz, 8)
QOPT_DETAIL_TENSOR(f8e8m0, kDLFloat8_e8m0fnu, 8)
QOPT_DETAIL_TENSOR(f4e2m1, kDLFloat4_e2m1fn, 4)
#undef QOPT_DETAIL_TENSOR

#ifdef __cplusplus
}
#endif

#endif // QOPT_MODEL_H
