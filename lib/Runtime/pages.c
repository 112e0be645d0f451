//===- pages.c - memory on huge pages -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first write to a page of 4 KiB takes about as long as writing it: the
// system clears it. Logits of a prompt are a hundred megabytes, and where every
// run makes new ones half of the time of their product went into that. Pages of
// 2 MiB are cleared at once. What is asked for is advice: without it, or where
// there are none, memory is the same.
//
// Weights are pages of a file, of 4 KiB, wherever the system found room for
// them. A copy of them at the same addresses is on huge pages: decoding, which
// reads them all, is faster by that, but processes no longer share them.
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include "runtime.h"

#include <link.h>
#include <sys/mman.h>

#define RT_HUGE_PAGE ((size_t)2 << 20)
// Smaller blocks would be mostly alignment.
#define RT_HUGE_BYTES (2 * RT_HUGE_PAGE)
// Pages of the file are given back after as many: a copy does not take twice
// the memory.
#define RT_COPY_BYTES (32 * RT_HUGE_PAGE)

void *rt_allocate(size_t bytes) {
  bytes = (bytes + RT_ALIGNMENT - 1) & ~(size_t)(RT_ALIGNMENT - 1);
  bool huge = bytes >= RT_HUGE_BYTES;
  void *memory = aligned_alloc(huge ? RT_HUGE_PAGE : RT_ALIGNMENT, bytes);
  // Whole pages only: the rest of the last one belongs to somebody else.
  if (memory && huge)
    madvise(memory, bytes & ~(RT_HUGE_PAGE - 1), MADV_HUGEPAGE);
  return memory;
}

// Replaces whole huge pages of [begin, end), which nobody writes to. They may
// be read meanwhile: the system moves the copy there in one step.
static bool copy_range(uintptr_t begin, uintptr_t end) {
  begin = (begin + RT_HUGE_PAGE - 1) & ~(RT_HUGE_PAGE - 1);
  end &= ~(RT_HUGE_PAGE - 1);
  if (begin >= end)
    return true;
  size_t size = end - begin;
  char *area = mmap(NULL, size + RT_HUGE_PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED)
    return false;
  size_t front = -(uintptr_t)area & (RT_HUGE_PAGE - 1);
  if (front)
    munmap(area, front);
  char *copy = area + front;
  munmap(copy + size, RT_HUGE_PAGE - front);
  madvise(copy, size, MADV_HUGEPAGE);
  for (size_t done = 0; done < size; done += RT_COPY_BYTES) {
    size_t part = size - done < RT_COPY_BYTES ? size - done : RT_COPY_BYTES;
    memcpy(copy + done, (const char *)begin + done, part);
    madvise((char *)begin + done, part, MADV_DONTNEED);
  }
  if (mprotect(copy, size, PROT_READ) == 0 &&
      mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)begin) !=
          MAP_FAILED)
    return true;
  munmap(copy, size);
  return false;
}

typedef struct {
  uintptr_t inside; // an address of this library
  bool copied;
} rt_search;

// Constants are in segments that are neither written to nor executed.
static int copy_constants(struct dl_phdr_info *info, size_t size, void *user) {
  (void)size;
  rt_search *search = user;
  bool found = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
    found |=
        segment->p_type == PT_LOAD && search->inside - begin < segment->p_memsz;
  }
  if (!found)
    return 0;
  for (int i = 0; i < info->dlpi_phnum && search->copied; ++i) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
    if (segment->p_type == PT_LOAD && segment->p_flags == PF_R)
      search->copied = copy_range(begin, begin + segment->p_memsz);
  }
  return 1;
}

bool rt_own_weights(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool owned;
  pthread_mutex_lock(&lock);
  if (!owned) {
    rt_search search = {(uintptr_t)&qopt_model_descriptor, true};
    dl_iterate_phdr(copy_constants, &search);
    owned = search.copied;
  }
  bool result = owned;
  pthread_mutex_unlock(&lock);
  return result;
}
