//===- memory.c - scratch memory of a handle ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cache of blocks, so that a run after the first neither calls the system nor
// touches fresh pages. Sizes are rounded to eight classes per power of two: a
// decoder whose buffers grow by one row per token then finds the block of the
// token before. A block is taken for a request when it is at most a quarter
// larger; a better use of large blocks for small requests would only move the
// peak. Blocks that RT_IDLE_RUNS runs did not touch are given back.
//===----------------------------------------------------------------------===//

#include "runtime.h"

enum { RT_IDLE_RUNS = 16 };

// Sits before the data, in an alignment unit of its own.
typedef struct rt_block {
  _Alignas(RT_ALIGNMENT) size_t size; // of the data
  size_t asked;                       // of it, by the request in progress
  struct rt_block *next;              // in rt_memory.all
  int idle;                           // runs since it was last used
  bool used;
} rt_block;

_Static_assert(sizeof(rt_block) == RT_ALIGNMENT, "data follows the header");

static void *default_alloc(void *user, size_t bytes, size_t alignment) {
  (void)user;
  (void)alignment; // always RT_ALIGNMENT
  return rt_allocate(bytes);
}

static void default_free(void *user, void *memory) {
  (void)user;
  free(memory);
}

int rt_memory_open(rt_memory *memory, const qopt_options *options) {
  memory->alloc = options->alloc ? options->alloc : default_alloc;
  memory->free = options->alloc ? options->free : default_free;
  memory->user = options->alloc_user;
  return pthread_mutex_init(&memory->lock, NULL);
}

static size_t size_class(size_t bytes) {
  if (bytes <= 512)
    return bytes ? (bytes + 63) & ~(size_t)63 : 64;
  int top = 63 - __builtin_clzll(bytes - 1);
  size_t step = (size_t)1 << (top - 3);
  return (bytes + step - 1) & ~(step - 1);
}

// Index of the first unused block of at least `size` bytes.
static size_t lower_bound(const rt_memory *memory, size_t size) {
  size_t low = 0, high = memory->n_unused;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (memory->unused[middle]->size < size)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void take_out(rt_memory *memory, size_t index) {
  memmove(memory->unused + index, memory->unused + index + 1,
          (--memory->n_unused - index) * sizeof *memory->unused);
}

// The list has room for every block, since each was counted when it was made.
static void put_in(rt_memory *memory, rt_block *block) {
  size_t index = lower_bound(memory, block->size);
  memmove(memory->unused + index + 1, memory->unused + index,
          (memory->n_unused++ - index) * sizeof *memory->unused);
  memory->unused[index] = block;
  block->used = false;
  memory->live -= block->asked;
}

// Gives back the unused blocks that are idle for at least `idle` runs.
static size_t trim(rt_memory *memory, int idle) {
  size_t freed = 0;
  for (rt_block **link = &memory->all; *link;) {
    rt_block *block = *link;
    if (block->used || block->idle < idle) {
      link = &block->next;
      continue;
    }
    size_t index = lower_bound(memory, block->size);
    while (memory->unused[index] != block)
      ++index;
    take_out(memory, index);
    *link = block->next;
    memory->held -= block->size + sizeof *block;
    memory->free(memory->user, block);
    --memory->n_blocks;
    ++freed;
  }
  return freed;
}

static rt_block *make_block(rt_memory *memory, size_t size) {
  if (memory->n_blocks == memory->capacity) {
    size_t capacity = memory->capacity ? 2 * memory->capacity : 64;
    rt_block **grown = realloc(memory->unused, capacity * sizeof *grown);
    if (!grown)
      return NULL;
    memory->unused = grown;
    memory->capacity = capacity;
  }
  rt_block *block =
      memory->alloc(memory->user, size + sizeof(rt_block), RT_ALIGNMENT);
  if (!block)
    return NULL;
  *block = (rt_block){.size = size, .next = memory->all};
  memory->all = block;
  ++memory->n_blocks;
  memory->held += size + sizeof *block;
  if (memory->held > memory->peak_held)
    memory->peak_held = memory->held;
  return block;
}

void *rt_memory_get(rt_memory *memory, size_t bytes) {
  if (bytes > PTRDIFF_MAX / 2)
    return NULL;
  size_t size = size_class(bytes);
  pthread_mutex_lock(&memory->lock);
  rt_block *block = NULL;
  size_t index = lower_bound(memory, size);
  if (index < memory->n_unused &&
      memory->unused[index]->size <= size + size / 4) {
    block = memory->unused[index];
    take_out(memory, index);
  } else {
    block = make_block(memory, size);
    if (!block && trim(memory, 0))
      block = make_block(memory, size);
  }
  if (block) {
    block->used = true;
    block->idle = 0;
    block->asked = bytes;
    memory->live += bytes;
    if (memory->live > memory->peak_live)
      memory->peak_live = memory->live;
  }
  pthread_mutex_unlock(&memory->lock);
  return block ? block + 1 : NULL;
}

void rt_memory_put(rt_memory *memory, void *data) {
  if (!data)
    return;
  pthread_mutex_lock(&memory->lock);
  put_in(memory, (rt_block *)data - 1);
  pthread_mutex_unlock(&memory->lock);
}

void rt_memory_reset(rt_memory *memory) {
  bool old = false;
  for (rt_block *block = memory->all; block; block = block->next) {
    if (block->used)
      put_in(memory, block);
    old |= ++block->idle > RT_IDLE_RUNS;
  }
  if (old)
    trim(memory, RT_IDLE_RUNS + 1);
}

void rt_memory_close(rt_memory *memory) {
  while (memory->all) {
    rt_block *block = memory->all;
    memory->all = block->next;
    memory->free(memory->user, block);
  }
  free(memory->unused);
  pthread_mutex_destroy(&memory->lock);
}
