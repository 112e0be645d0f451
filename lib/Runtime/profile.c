//===- profile.c - what recorded runs did, and when -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every thread appends to a list of its own, so that nobody waits; a list that
// cannot grow drops what comes. A chunk that a failure leaves is not recorded,
// nor is its loop. Loops inside of chunks are part of their chunk.
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include <time.h>

typedef struct {
  const qopt_site *site; // NULL for what is no loop
  int64_t begin, end, operations, bytes;
  int kind;
} rt_event;

// Of one thread. A cache line pair each.
typedef struct {
  _Alignas(128) rt_event *events;
  size_t n, capacity;
} rt_lane;

typedef struct rt_profile {
  int n_lanes;
  bool inside; // a loop is being recorded
  rt_lane lanes[];
} rt_profile;

int64_t rt_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

rt_profile *rt_profile_open(int n_threads) {
  size_t bytes = sizeof(rt_profile) + (size_t)n_threads * sizeof(rt_lane);
  rt_profile *profile = aligned_alloc(128, (bytes + 127) & ~(size_t)127);
  if (!profile)
    return NULL;
  memset(profile, 0, bytes);
  profile->n_lanes = n_threads;
  return profile;
}

void rt_profile_close(rt_profile *profile) {
  if (!profile)
    return;
  for (int i = 0; i < profile->n_lanes; ++i)
    free(profile->lanes[i].events);
  free(profile);
}

static void append(rt_lane *lane, rt_event event) {
  if (lane->n == lane->capacity) {
    size_t capacity = lane->capacity ? 2 * lane->capacity : 1024;
    rt_event *grown = realloc(lane->events, capacity * sizeof *grown);
    if (!grown)
      return;
    lane->events = grown;
    lane->capacity = capacity;
  }
  lane->events[lane->n++] = event;
}

void rt_profile_add(rt_profile *profile, int kind, int64_t begin, int64_t end) {
  append(&profile->lanes[0],
         (rt_event){.begin = begin, .end = end, .kind = kind});
  profile->inside = false;
}

//===-- Loops -------------------------------------------------------------===//

// The arguments of a recorded loop, and what it calls in place of `fn`.
typedef struct {
  void (*fn)(void *, int64_t, int64_t);
  void *args;
  qopt_ctx *ctx;
  const qopt_site *site;
} recorded_loop;

static void record_chunk(void *user, int64_t first, int64_t last) {
  const recorded_loop *loop = user;
  int64_t begin = rt_now();
  loop->fn(loop->args, first, last);
  int64_t end = rt_now();
  int slot = rt_pool_slot(loop->ctx->model->pool);
  if (slot >= 0)
    append(&loop->ctx->model->recording->lanes[slot],
           (rt_event){.site = loop->site,
                      .begin = begin,
                      .end = end,
                      .kind = QOPT_EVENT_CHUNK});
}

static int64_t evaluate(const qopt_amount *amount, const void *args) {
  int64_t value = amount->factor;
  for (int i = 0; i < amount->n_sizes; ++i) {
    int64_t size;
    memcpy(&size, (const char *)args + amount->sizes[i], sizeof size);
    value *= size;
  }
  return value;
}

void rt_profile_loop(qopt_ctx *ctx, void (*fn)(void *, int64_t, int64_t),
                     void *args, int64_t n, int64_t grain,
                     const qopt_site *site) {
  rt_profile *profile = ctx->model->recording;
  // Only thread 0 sees `inside` false, between two loops.
  if (profile->inside) {
    qopt_rt_parallel_for(ctx, fn, args, n, grain);
    return;
  }
  const qopt_kernel *kernel = site->kernel;
  rt_event event = {.site = site, .kind = QOPT_EVENT_KERNEL};
  event.operations = evaluate(&kernel->operations, args);
  for (int i = 0; i < kernel->n_buffers; ++i)
    event.bytes += evaluate(&kernel->buffers[i], args);
  recorded_loop loop = {fn, args, ctx, site};
  profile->inside = true;
  event.begin = rt_now();
  qopt_rt_parallel_for(ctx, record_chunk, &loop, n, grain);
  event.end = rt_now();
  profile->inside = false;
  append(&profile->lanes[0], event);
}

//===-- Reading -----------------------------------------------------------===//

int rt_profile_event(const rt_profile *profile, int64_t index,
                     qopt_event *out) {
  size_t place = (size_t)index;
  for (int i = 0; i < profile->n_lanes; ++i) {
    const rt_lane *lane = &profile->lanes[i];
    if (place >= lane->n) {
      place -= lane->n;
      continue;
    }
    const rt_event *event = &lane->events[place];
    *out = (qopt_event){.kind = event->kind,
                        .thread = i,
                        .begin = event->begin,
                        .end = event->end,
                        .operations = event->operations,
                        .bytes = event->bytes};
    if (event->kind == QOPT_EVENT_KERNEL)
      out->weights = event->site->kernel->weights;
    if (event->site) {
      out->kernel = event->site->kernel->name;
      out->operand = event->site->kernel->operand;
      out->nodes = event->site->nodes;
    }
    return QOPT_OK;
  }
  return QOPT_E_ARGUMENT;
}
