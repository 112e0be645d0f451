//===- ModelABI.h - between generated code and its runtime ------ C -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The private interface inside one model.so: what the compiler emits (a
// descriptor and, per instruction set, a `shapes` and a `run` function) and
// what the runtime archive offers to that code. Nothing here is exported; the
// public interface is qopt/model.h. Fields and functions are only added, never
// changed, since compiler and archive of one build must agree on every offset.
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_MODELABI_H
#define QOPT_RUNTIME_MODELABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QOPT_MODEL_ABI 1u /* qopt_model_desc.abi */
#define QOPT_MAX_RANK 8

//===----------------------------------------------------------------------===//
// What generated code may call.
//
// Every function takes the `qopt_ctx *` that `shapes` or `run` was given. All
// may be called from the body of a parallel loop too, except qopt_rt_output,
// qopt_rt_observe and qopt_rt_guard, which belong to the thread that runs the
// model.
//===----------------------------------------------------------------------===//

typedef struct qopt_ctx qopt_ctx;

// An input: compact, row-major, aligned to its element at least and to nothing
// more; NULL or dangling when a dim is 0. Entries of dims from the rank on are
// not set. Booleans are one byte, 0 or 1.
typedef struct {
  void *data;
  int64_t dims[QOPT_MAX_RANK];
} qopt_arg;

// Scratch memory, aligned to 64 bytes, from the cache of the handle; `bytes`
// may be 0. Never returns NULL: on exhaustion the run is left at once (see
// qopt_rt_fail). A negative size counts as exhaustion.
void *qopt_rt_alloc(qopt_ctx *ctx, int64_t bytes);

// Gives scratch memory back for reuse within the same run. Memory that is never
// freed is reclaimed when the run ends, so freeing is a matter of footprint.
void qopt_rt_free(qopt_ctx *ctx, void *memory);

// Where output `index` is to be written: compact, row-major, aligned to its
// element only. Call it once per output and run, with the final dims; `dims`
// may be NULL when rank is 0. Leaves the run when the caller's tensor has other
// dims.
void *qopt_rt_output(qopt_ctx *ctx, int32_t index, int32_t rank,
                     const int64_t *dims);

// fn(args, begin, end) over [0, n) cut into at most one chunk per thread, each
// of at least `grain` iterations (the last one may be shorter if n < grain);
// returns when all are done. A loop inside the body of another runs inline. The
// chunks depend on n, grain and the thread count only.
void qopt_rt_parallel_for(qopt_ctx *ctx,
                          void (*fn)(void *args, int64_t begin, int64_t end),
                          void *args, int64_t n, int64_t grain);

// An amount that a call decides: `factor` times some of the sizes that it hands
// over, each an int64_t at that many bytes from the start of `args`.
typedef struct {
  int64_t factor;
  int32_t n_sizes;
  int32_t sizes[5];
} qopt_amount;

// What is known of a function that loops call, for the profile. Nothing here is
// read unless a run is recorded. Text is NUL-terminated UTF-8.
typedef struct {
  const char *name;
  // Type of the codes or numbers that a matrix product multiplies ("i8",
  // "f32"); NULL when the function is none.
  const char *operand;
  qopt_amount operations; /* a multiply and an add are two */
  int32_t n_buffers;
  const qopt_amount *buffers; /* bytes of each buffer that it reads or writes */
  int64_t weights;            /* of them, bytes of the weights of a product */
} qopt_kernel;

// A place in the program that runs a loop; `nodes` are the nodes of the model's
// graph that it computes, one per line.
typedef struct {
  const qopt_kernel *kernel;
  const char *nodes;
} qopt_site;

// qopt_rt_parallel_for with a record of where the call stands.
void qopt_rt_kernel(qopt_ctx *ctx,
                    void (*fn)(void *args, int64_t begin, int64_t end),
                    void *args, int64_t n, int64_t grain,
                    const qopt_site *site);

// Ends the run with an error: records `message`, in which {0} and {1} stand for
// a and b in decimal, unless an earlier call already did. DOES NOT RETURN: it
// leaves `run` (or `shapes`, or the chunk of the parallel loop, and then `run`)
// by longjmp, so generated code needs no early exit behind a failed check. It
// may be declared `noreturn`, and must not be `willreturn`. `message` is UTF-8
// and lives as long as the library.
void qopt_rt_fail(qopt_ctx *ctx, const char *message, int64_t a, int64_t b);

// 1 when this run has already failed. Only of use to stop a long parallel body.
int32_t qopt_rt_failed(const qopt_ctx *ctx);

// 1 when a callback of qopt_options.observe is set: taps may be skipped
// otherwise.
int32_t qopt_rt_observing(const qopt_ctx *ctx);

// Hands rows x cols compact floats to the callback of qopt_options.observe, if
// any.
void qopt_rt_observe(qopt_ctx *ctx, int32_t tap, const void *data, int64_t rows,
                     int64_t cols);

// Adds `rows` to the rows that guard `guard` has seen, and to its counter those
// whose magnitude is `threshold` or more, or a NaN.
void qopt_rt_guard(qopt_ctx *ctx, int32_t guard, const float *magnitudes,
                   int64_t rows, float threshold);

// Threads that a parallel loop can use, at least 1.
int32_t qopt_rt_num_threads(const qopt_ctx *ctx);

//===----------------------------------------------------------------------===//
// What the compiler emits.
//
// One hidden symbol, `qopt_model_descriptor`, constant, with everything that
// it points to. Names are NUL-terminated UTF-8. Link the shared library from
// the object files, the archive libqopt_runtime.a and
// `--undefined=qopt_model_query` (nothing else refers to that member of the
// archive); only qopt_model_query has default visibility. Undefined references
// that remain belong to libc and libm.
//===----------------------------------------------------------------------===//

// Bits of qopt_variant.features. On x86-64 the operating system's support for
// the registers (XCR0, AMX permission) is part of each bit.
enum {
  QOPT_CPU_X86_V3 = 1 << 0,      /* AVX2 FMA F16C BMI1/2 LZCNT MOVBE POPCNT */
  QOPT_CPU_AVX512 = 1 << 1,      /* F BW CD DQ VL */
  QOPT_CPU_AVX512_VNNI = 1 << 2, /* vpdpbusd on 128 to 512 bits */
  QOPT_CPU_AVX_VNNI = 1 << 3,    /* the VEX form of the same */
  QOPT_CPU_AMX_TILE = 1 << 4,
  QOPT_CPU_AMX_INT8 = 1 << 5,
  QOPT_CPU_AMX_BF16 = 1 << 6,
  QOPT_CPU_AVX512_BF16 = 1 << 7,
  QOPT_CPU_AVX512_FP16 = 1 << 8,
  QOPT_CPU_AVX512_VBMI = 1 << 9,
  /* AArch64, with the registers of AdvSIMD */
  QOPT_CPU_NEON = 1 << 24,
  QOPT_CPU_DOTPROD = 1 << 25, /* sdot */
  QOPT_CPU_I8MM = 1 << 26     /* smmla */
};

// One compiled form of the model. `name` is what users type in --isa, QOPT_ISA
// and qopt_options.isa, e.g. "avx512vnni".
typedef struct {
  const char *name;
  uint64_t features;
  // Fills out_dims[i][0 .. rank of output i) from the dims (and, where needed,
  // the elements) of the inputs; -1 where the size depends on data that only
  // `run` computes. Returns 0.
  int32_t (*shapes)(qopt_ctx *ctx, const qopt_arg *in,
                    int64_t (*out_dims)[QOPT_MAX_RANK]);
  // Computes; calls qopt_rt_output for each output. Returns 0.
  int32_t (*run)(qopt_ctx *ctx, const qopt_arg *in);
} qopt_variant;

// A declared dim: constant + the sum of n_symbols symbols (indices into
// qopt_model_desc.symbols; one index may occur twice). constant = -1 with
// n_symbols = 0 leaves the dim unchecked: an expression that is no sum.
typedef struct {
  int64_t constant;
  int32_t n_symbols;
  int32_t symbols[4];
} qopt_dim;

// qopt_port.flags
enum {
  // An input that the run writes to. Its memory must be compact, since a copy
  // would take the writes, and overlap with no other input and no output.
  QOPT_PORT_CACHE = 1
};

// An input or output. `code` and `bits` are DLPack's (kDLInt 0, kDLUInt 1,
// kDLFloat 2, kDLBfloat 4, kDLBool 6, 8-bit floats 10 to 14, kDLFloat4_e2m1fn
// 17; bool has 8 bits). Types of less than 8 bits are packed in the caller's
// tensors; generated code has a byte per element. Input dims are checked
// before every run: symbols are bound by dims that are one symbol, then by sums
// with one unbound symbol, and every dim must agree. Output dims are the
// model's hints, shown in messages only.
typedef struct {
  const char *name;
  uint8_t code, bits;
  uint8_t flags;
  int32_t rank;         /* 0 .. QOPT_MAX_RANK */
  const qopt_dim *dims; /* `rank` of them; NULL when rank is 0 */
} qopt_port;

typedef struct {
  uint32_t abi;               /* QOPT_MODEL_ABI */
  const char *signature_json; /* returned as it is by qopt_api.signature_json */
  int32_t n_in, n_out;
  const qopt_port *in, *out;
  int32_t n_symbols;
  const char *const *symbols;
  // {least, largest} per symbol; NULL: any size.
  const int64_t (*symbol_range)[2];
  int32_t n_variants;
  // Best first: `open` takes the first that the CPU has.
  const qopt_variant *variants;
  int32_t n_taps;
  // Names of the calibration taps, in the order of their index.
  const char *const *taps;
  int32_t n_guards;
  // Names of the guarded layers, in the order of their index.
  const char *const *guards;
} qopt_model_desc;

extern const qopt_model_desc qopt_model_descriptor;

// Offsets that the emitter relies on (LP64).
#if defined(__LP64__) && defined(__STDC_VERSION__) &&                          \
    __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(qopt_arg) == 72, "layout of qopt_arg");
_Static_assert(sizeof(qopt_variant) == 32, "layout of qopt_variant");
_Static_assert(sizeof(qopt_dim) == 32 && offsetof(qopt_dim, symbols) == 12,
               "layout of qopt_dim");
_Static_assert(sizeof(qopt_port) == 24 && offsetof(qopt_port, rank) == 12,
               "layout of qopt_port");
_Static_assert(offsetof(qopt_port, flags) == 10, "layout of qopt_port");
_Static_assert(sizeof(qopt_amount) == 32 && offsetof(qopt_amount, sizes) == 12,
               "layout of qopt_amount");
_Static_assert(sizeof(qopt_kernel) == 72 &&
                   offsetof(qopt_kernel, operations) == 16 &&
                   offsetof(qopt_kernel, buffers) == 56,
               "layout of qopt_kernel");
_Static_assert(sizeof(qopt_model_desc) == 112 &&
                   offsetof(qopt_model_desc, symbols) == 48 &&
                   offsetof(qopt_model_desc, variants) == 72 &&
                   offsetof(qopt_model_desc, taps) == 88 &&
                   offsetof(qopt_model_desc, guards) == 104,
               "layout of qopt_model_desc");
#endif

#ifdef __cplusplus
}
#endif

#endif /* QOPT_RUNTIME_MODELABI_H */
