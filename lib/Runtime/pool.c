//===- pool.c - the threads of a handle -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parallel loop is cut into one chunk per thread. Chunk i belongs to thread
// i, so that from loop to loop a core finds its rows in its own cache; a chunk
// whose thread has not woken up is run by whoever is done first. There are no
// more threads than CPUs. During a run, idle threads spin for the time of some
// small loops, since waking one up takes longer than such a loop; between runs
// they sleep in a futex soon. A failure leaves a chunk by longjmp to where the
// chunk was started, on whichever thread that is.
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include "runtime.h"

#include "fpenv.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

// In pauses, which take about ten nanoseconds each: 20 us between runs, 0.3 ms
// within one.
enum { RT_STACK = 4 << 20, RT_SPINS = 2000, RT_RUN_SPINS = 30000 };

struct rt_pool;

// One thread; slot 0 is whoever calls run. A cache line pair each.
typedef struct {
  _Alignas(128) atomic_uint offered; // 1: chunk `index` waits to be taken
  int index;
  struct rt_pool *pool;
  pthread_t handle;
  atomic_ulong self;     // who executes in this slot
  jmp_buf *volatile env; // where rt_leave goes; NULL outside of a body
} rt_slot;

typedef struct rt_pool {
  int n_threads; // chunks of a loop at most
  int n_started; // threads to join, and the caller
  int pid;
  atomic_bool stop, active;
  // The loop in progress; stable from the offer of its chunks until pending is
  // 0.
  void (*fn)(void *, int64_t, int64_t);
  void *args;
  int64_t n;
  int n_chunks;
  _Alignas(128) atomic_uint generation;
  atomic_bool running; // between rt_pool_enter and its end
  atomic_int sleepers;
  _Alignas(128) atomic_uint pending;
  atomic_bool caller_sleeps;
  rt_slot slots[];
} rt_pool;

static void pause_cpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}

static void futex_wait(atomic_uint *word, unsigned value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(atomic_uint *word, int threads) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

//===-- Leaving
//------------------------------------------------------------===//

// Runs chunk `chunk` on the thread of `slot`.
static void run_chunk(rt_pool *pool, rt_slot *slot, int chunk) {
  int64_t each = pool->n / pool->n_chunks, more = pool->n % pool->n_chunks;
  int64_t begin = chunk * each + (chunk < more ? chunk : more);
  int64_t end = begin + each + (chunk < more);
  jmp_buf env;
  jmp_buf *outer = slot->env;
  if (_setjmp(env) == 0) {
    slot->env = &env;
    pool->fn(pool->args, begin, end);
  }
  slot->env = outer;
}

int rt_pool_enter(rt_pool *pool, void (*body)(void *), void *user) {
  rt_slot *slot = &pool->slots[0];
  jmp_buf env;
  volatile int left = 1;
  // After a fork the child has this memory, but none of the threads.
  if (pool->n_threads > 1 && pool->pid != (int)getpid())
    pool->n_threads = 1;
  atomic_store_explicit(&pool->running, true, memory_order_relaxed);
  atomic_store(&slot->self, (unsigned long)pthread_self());
  if (_setjmp(env) == 0) {
    slot->env = &env;
    body(user);
    left = 0;
  }
  slot->env = NULL;
  atomic_store(&pool->active, false);
  atomic_store_explicit(&pool->running, false, memory_order_relaxed);
  return left;
}

int rt_pool_slot(const rt_pool *pool) {
  unsigned long self = (unsigned long)pthread_self();
  for (int i = 0; i < pool->n_threads; ++i)
    if (atomic_load(&pool->slots[i].self) == self && pool->slots[i].env)
      return i;
  return -1;
}

void rt_leave(rt_pool *pool) {
  int slot = rt_pool_slot(pool);
  if (slot >= 0)
    _longjmp(*pool->slots[slot].env, 1);
  // Not reached: generated code runs on the threads of the slots only.
  for (;;)
    pause();
}

//===-- Workers
//------------------------------------------------------------===//

static bool take(rt_slot *slot) {
  unsigned one = 1;
  return atomic_compare_exchange_strong(&slot->offered, &one, 0);
}

// Called when a chunk is done: the last one wakes the caller.
static void finish_chunk(rt_pool *pool) {
  if (atomic_fetch_sub(&pool->pending, 1) == 1 &&
      atomic_load(&pool->caller_sleeps))
    futex_wake(&pool->pending, 1);
}

static void await_work(rt_pool *pool, unsigned seen) {
  for (int i = 0; i < RT_RUN_SPINS; ++i) {
    if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen)
      return;
    if (i >= RT_SPINS &&
        !atomic_load_explicit(&pool->running, memory_order_relaxed))
      break;
    pause_cpu();
  }
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->generation) == seen)
    futex_wait(&pool->generation, seen);
  atomic_fetch_sub(&pool->sleepers, 1);
}

// Runs the chunks from that of slot `first` on that nobody has taken yet; true
// if there were some. What a taken offer stands for is stable until it is done.
static bool run_offered(rt_pool *pool, rt_slot *slot, int first) {
  bool any = false;
  for (int i = first; i < pool->n_threads; ++i)
    if (atomic_load_explicit(&pool->slots[i].offered, memory_order_relaxed) &&
        take(&pool->slots[i])) {
      run_chunk(pool, slot, i);
      finish_chunk(pool);
      any = true;
    }
  return any;
}

static void *work(void *argument) {
  rt_slot *slot = argument;
  rt_pool *pool = slot->pool;
  rt_fp_set(RT_FP_DEFAULT);
  atomic_store(&slot->self, (unsigned long)pthread_self());
  for (;;) {
    // Read before the offer: a later offer comes with a later generation.
    unsigned seen = atomic_load(&pool->generation);
    if (atomic_load(&pool->stop))
      return NULL;
    bool own = take(slot);
    if (own) {
      run_chunk(pool, slot, slot->index);
      finish_chunk(pool);
    }
    if (!run_offered(pool, slot, 1) && !own)
      await_work(pool, seen);
  }
}

//===-- Loops
//--------------------------------------------------------------===//

static void await_pending(rt_pool *pool) {
  for (int i = 0; i < RT_RUN_SPINS; ++i) {
    if (atomic_load_explicit(&pool->pending, memory_order_acquire) == 0)
      return;
    pause_cpu();
  }
  atomic_store(&pool->caller_sleeps, true);
  for (unsigned left; (left = atomic_load(&pool->pending)) != 0;)
    futex_wait(&pool->pending, left);
  atomic_store(&pool->caller_sleeps, false);
}

void qopt_rt_parallel_for(qopt_ctx *ctx, void (*fn)(void *, int64_t, int64_t),
                          void *args, int64_t n, int64_t grain) {
  rt_pool *pool = ctx->model->pool;
  if (n <= 0)
    return;
  int64_t chunks = n / (grain > 1 ? grain : 1);
  if (chunks > pool->n_threads)
    chunks = pool->n_threads;
  // A loop inside a chunk finds `active` set; so does nobody else, since a
  // handle has one run at a time.
  if (chunks < 2 || atomic_load_explicit(&pool->active, memory_order_relaxed)) {
    fn(args, 0, n);
    return;
  }
  atomic_store_explicit(&pool->active, true, memory_order_relaxed);
  pool->fn = fn;
  pool->args = args;
  pool->n = n;
  pool->n_chunks = (int)chunks;
  atomic_store(&pool->pending, (unsigned)chunks);
  for (int i = 1; i < chunks; ++i)
    atomic_store_explicit(&pool->slots[i].offered, 1, memory_order_release);
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleepers) > 0)
    futex_wake(&pool->generation, INT_MAX);

  run_chunk(pool, &pool->slots[0], 0);
  finish_chunk(pool);
  run_offered(pool, &pool->slots[0], 1);
  await_pending(pool);
  atomic_store_explicit(&pool->active, false, memory_order_relaxed);
  if (qopt_rt_failed(ctx))
    rt_leave(pool);
}

void qopt_rt_kernel(qopt_ctx *ctx, void (*fn)(void *, int64_t, int64_t),
                    void *args, int64_t n, int64_t grain,
                    const qopt_site *site) {
  // The recording calls the other one.
  if (__builtin_expect(ctx->model->recording != NULL, 0))
    rt_profile_loop(ctx, fn, args, n, grain, site);
  else
    qopt_rt_parallel_for(ctx, fn, args, n, grain);
}

//===-- Opening and closing
//------------------------------------------------===//

int rt_pool_threads(const rt_pool *pool) { return pool->n_threads; }

// Signals meant for the host go to its own threads; faults stay where they are.
static void block_signals(sigset_t *old) {
  static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                               SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
  sigset_t set;
  sigfillset(&set);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; ++i)
    sigdelset(&set, faults[i]);
  pthread_sigmask(SIG_BLOCK, &set, old);
}

static int start_thread(rt_slot *slot, const qopt_options *options) {
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  if (failure)
    return failure;
  pthread_attr_setstacksize(&attributes, RT_STACK);
  int place = slot->index - 1;
  if (options->affinity && place < options->n_affinity &&
      options->affinity[place] >= 0 && options->affinity[place] < CPU_SETSIZE) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(options->affinity[place], &set);
    pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
  }
  failure = pthread_create(&slot->handle, &attributes, work, slot);
  pthread_attr_destroy(&attributes);
  return failure;
}

int rt_pool_open(rt_pool **result, const qopt_options *options, char *err,
                 size_t n) {
  int n_threads = options->num_threads;
  if (n_threads < 0 || n_threads > RT_MAX_THREADS)
    return rt_error(err, n, QOPT_E_ARGUMENT,
                    "num_threads is %d; expected 0 (physical cores) to %d",
                    n_threads, RT_MAX_THREADS);
  if (n_threads == 0)
    n_threads = rt_physical_cores();
  int cpus = rt_available_cpus();
  n_threads = n_threads < cpus ? n_threads : cpus;
  size_t bytes = sizeof(rt_pool) + (size_t)n_threads * sizeof(rt_slot);
  rt_pool *pool = aligned_alloc(128, (bytes + 127) & ~(size_t)127);
  if (!pool)
    return rt_error(err, n, QOPT_E_MEMORY, "out of memory");
  memset(pool, 0, bytes);
  pool->pid = (int)getpid();
  pool->n_threads = n_threads;
  pool->n_started = 1;
  sigset_t old;
  block_signals(&old);
  int failure = 0;
  for (int i = 0; i < n_threads && !failure; ++i) {
    rt_slot *slot = &pool->slots[i];
    slot->index = i;
    slot->pool = pool;
    if (i && !(failure = start_thread(slot, options)))
      pool->n_started = i + 1;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (!failure) {
    *result = pool;
    return QOPT_OK;
  }
  rt_pool_close(pool);
  return rt_error(err, n, QOPT_E_MEMORY,
                  "cannot start %d threads: %s; choose a smaller num_threads",
                  n_threads,
                  failure == EINVAL ? "an affinity is not allowed here"
                                    : "the system refuses more");
}

void rt_pool_close(rt_pool *pool) {
  if (!pool)
    return;
  // A forked child has no threads to join.
  if (pool->pid == (int)getpid()) {
    atomic_store(&pool->stop, true);
    atomic_fetch_add(&pool->generation, 1);
    futex_wake(&pool->generation, INT_MAX);
    for (int i = 1; i < pool->n_started; ++i)
      pthread_join(pool->slots[i].handle, NULL);
  }
  free(pool);
}

int32_t qopt_rt_num_threads(const qopt_ctx *ctx) {
  return ctx->model->pool->n_threads;
}
