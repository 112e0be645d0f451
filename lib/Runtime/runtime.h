//===- runtime.h - shared by the files of the runtime ----------- C -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structures behind qopt_model and qopt_ctx, and what the files of this
// folder offer to each other. All of it is linked into every model.so with
// hidden visibility. The rules of the folder: no global constructors, no
// printing, no exit, no arithmetic on tensors (kernels come from the compiler);
// nothing is needed but libc and POSIX threads.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_RUNTIME_RUNTIME_H
#define QOPT_LIB_RUNTIME_RUNTIME_H

#include "qopt/Runtime/ModelABI.h"
#include "qopt/model.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { RT_TEXT = 512, RT_MAX_THREADS = 1024, RT_ALIGNMENT = 64 };

//===-- error.c -----------------------------------------------------------===//

// A fixed buffer that text is appended to; what does not fit is cut off.
typedef struct {
  char *text;
  size_t capacity, length;
} rt_text;

rt_text rt_text_in(char *buffer, size_t capacity);
__attribute__((format(printf, 2, 3))) void rt_append(rt_text *to,
                                                     const char *format, ...);
void rt_append_type(rt_text *to, int code, int bits, int lanes);
void rt_append_dims(rt_text *to, int rank, const int64_t *dims);
void rt_append_dim(rt_text *to, const qopt_model_desc *desc,
                   const qopt_dim *dim);
// "int64[batch_size, 4]": what the model declares for an input or output.
void rt_append_port(rt_text *to, const qopt_model_desc *desc,
                    const qopt_port *port);

// Writes the text to `err` and returns `status`.
__attribute__((format(printf, 4, 5))) int
rt_error(char *err, size_t n, int status, const char *format, ...);

//===-- memory.c ----------------------------------------------------------===//

struct rt_block;

// Blocks that one handle has obtained. Between runs all of them are free.
typedef struct {
  pthread_mutex_t lock;
  struct rt_block *all;
  struct rt_block **unused; // ascending by size
  size_t n_unused, n_blocks, capacity;
  void *(*alloc)(void *user, size_t bytes, size_t alignment);
  void (*free)(void *user, void *memory);
  void *user;
  size_t live, peak_live, held, peak_held; // bytes asked for; bytes obtained
} rt_memory;

int rt_memory_open(rt_memory *memory, const qopt_options *options);
void *rt_memory_get(rt_memory *memory, size_t bytes);
void rt_memory_put(rt_memory *memory, void *data);
// Ends a run: everything is free again, and what several runs did not touch
// goes back to the system.
void rt_memory_reset(rt_memory *memory);
void rt_memory_close(rt_memory *memory);

//===-- pages.c -----------------------------------------------------------===//

// Memory aligned to RT_ALIGNMENT, large blocks on huge pages; ends with free.
void *rt_allocate(size_t bytes);
// Gives this library's constants memory of their own, once; false when there is
// none.
bool rt_own_weights(void);

//===-- pool.c ------------------------------------------------------------===//

struct rt_pool;

int rt_pool_open(struct rt_pool **pool, const qopt_options *options, char *err,
                 size_t n);
void rt_pool_close(struct rt_pool *pool);
int rt_pool_threads(const struct rt_pool *pool);

// Calls body(user) on this thread, as the thread that runs the model: returns 0
// when it came to its end, 1 when rt_leave ended it.
int rt_pool_enter(struct rt_pool *pool, void (*body)(void *user), void *user);
// The slot of this thread: 0 for the one that runs the model, -1 for a
// stranger.
int rt_pool_slot(const struct rt_pool *pool);
// Ends the body (of the run, or of this thread's chunk of a parallel loop).
_Noreturn void rt_leave(struct rt_pool *pool);

//===-- profile.c ---------------------------------------------------------===//

struct rt_profile;

// Nanoseconds of the monotonic clock.
int64_t rt_now(void);
// NULL when there is no memory for it.
struct rt_profile *rt_profile_open(int n_threads);
void rt_profile_close(struct rt_profile *profile);
// Something that thread 0 did and that is no loop.
void rt_profile_add(struct rt_profile *profile, int kind, int64_t begin,
                    int64_t end);
// A loop, with an event for it and for each of its chunks.
void rt_profile_loop(qopt_ctx *ctx, void (*fn)(void *, int64_t, int64_t),
                     void *args, int64_t n, int64_t grain,
                     const qopt_site *site);
// QOPT_E_ARGUMENT behind the last event.
int rt_profile_event(const struct rt_profile *profile, int64_t index,
                     qopt_event *out);

//===-- cores.c -----------------------------------------------------------===//

// CPUs that this process may use, and how many physical cores they are.
int rt_available_cpus(void);
int rt_physical_cores(void);

//===-- dispatch.c --------------------------------------------------------===//

// The first variant that this CPU can run, or the one named `isa`.
int rt_choose_variant(const qopt_model_desc *desc, const char *isa,
                      const qopt_variant **variant, char *err, size_t n);

//===-- tensors.c ---------------------------------------------------------===//

// Bytes of one element in generated code's memory: types of less than 8 bits
// take one, with their value (floats: with their bits).
static inline int rt_element_bytes(int bits) { return bits < 8 ? 1 : bits / 8; }
// Bytes of a caller's compact tensor, where such types are packed.
static inline size_t rt_packed_bytes(int64_t elements, int bits) {
  return bits < 8 ? ((size_t)elements * (size_t)bits + 7) / 8
                  : (size_t)elements * (size_t)(bits / 8);
}
// Between the two, for types of less than 8 bits. Bits behind the last element
// are written as 0.
void rt_unpack(int8_t *elements, const uint8_t *packed, int64_t n, int bits,
               bool is_signed);
void rt_pack(uint8_t *packed, const int8_t *elements, int64_t n, int bits);

// Number of elements, -1 when the bytes do not fit in an address.
int64_t rt_elements(int rank, const int64_t *dims, int64_t element_bytes);
bool rt_is_compact(int rank, const int64_t *dims, const int64_t *strides);
// Copies elements between a compact and a strided tensor, either way.
void rt_gather(void *compact, const void *strided, int rank,
               const int64_t *dims, const int64_t *strides, int element_bytes);
void rt_scatter(void *strided, const void *compact, int rank,
                const int64_t *dims, const int64_t *strides, int element_bytes);
// The bytes that a tensor of at least one element may touch.
void rt_extent(const DLTensor *tensor, uintptr_t *begin, uintptr_t *end);
// Whether two tensors share memory.
bool rt_overlap(const DLTensor *a, const DLTensor *b);

//===-- args.c, outputs.c -------------------------------------------------===//

// Where one output goes during a run.
typedef struct {
  DLTensor *caller; // NULL for run_owned
  void *target;     // what generated code writes to
  bool staged;      // target is scratch; copied to the caller at the end
  bool written;
  DLManagedTensorVersioned *owned;
} rt_output;

// Which dim of which input gave a symbol its value.
typedef struct {
  int64_t value; // -1: not bound
  int input, dim;
} rt_binding;

// The device, the dims and the data of an "input" or "output"; `expected` goes
// before the number of elements that no data was given for.
int rt_check_memory(const char *role, const char *expected,
                    const qopt_port *port, const DLTensor *t, char *err,
                    size_t n);
// Checks everything and fills model->args.
int rt_bind_inputs(qopt_model *model, const DLTensor *in, int n_in, char *err,
                   size_t n);
// The checks of one symbol against all inputs; part of rt_bind_inputs.
int rt_bind_symbols(qopt_model *model, const DLTensor *in, char *err, size_t n);
int rt_bind_outputs(qopt_model *model, const DLTensor *in, DLTensor *out,
                    int n_out, char *err, size_t n);
// After a run: copies staged outputs, and checks that all were written.
int rt_finish_outputs(qopt_model *model, char *err, size_t n);
void rt_drop_owned(qopt_model *model);

//===-- api.c -------------------------------------------------------------===//

struct qopt_ctx {
  qopt_model *model;
  atomic_int failed; // 0, 1 while the text is written, 2
  int status;
  char text[RT_TEXT];
};

// The counters of one guarded layer.
typedef struct {
  int64_t rows, beyond;
} rt_guard;

struct qopt_model {
  qopt_ctx ctx;
  const qopt_model_desc *desc;
  const qopt_variant *variant;
  struct rt_pool *pool;
  rt_memory memory;
  qopt_options options;
  atomic_flag busy;
  int pid; // after fork, the child has the memory but not the threads
  qopt_arg *args;
  rt_output *outputs;
  int64_t (*out_dims)[QOPT_MAX_RANK];
  rt_binding *symbols;
  rt_guard *guards;
  struct rt_profile *recording; // what runs add to, NULL for nothing
  struct rt_profile *recorded;  // the same, or the one that has ended
  char last_error[RT_TEXT];
};

// Records a failure and leaves the run.
__attribute__((format(printf, 3, 4))) _Noreturn void
rt_fail(qopt_ctx *ctx, int status, const char *format, ...);

#endif // QOPT_LIB_RUNTIME_RUNTIME_H
