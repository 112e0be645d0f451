//===- pages.c - memory on huge pages -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first write to a page of 4 KiB takes about as long as writing it: the
// system clears it. Logits of a prompt are a hundred megabytes, and where every
// run makes new ones half of the time of their product went into that. Pages of
// 2 MiB are cleared at once. What is asked for is advice: without it, or where
// there are none, memory is the same.
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include "runtime.h"

#include <sys/mman.h>

// Blocks of fewer would be mostly alignment.
enum { RT_HUGE_PAGE = 2 << 20, RT_HUGE_BYTES = 2 * RT_HUGE_PAGE };

void *rt_allocate(size_t bytes) {
  bytes = (bytes + RT_ALIGNMENT - 1) & ~(size_t)(RT_ALIGNMENT - 1);
  bool huge = bytes >= RT_HUGE_BYTES;
  void *memory = aligned_alloc(huge ? RT_HUGE_PAGE : RT_ALIGNMENT, bytes);
  // Whole pages only: the rest of the last one belongs to somebody else.
  if (memory && huge)
    madvise(memory, bytes & ~(size_t)(RT_HUGE_PAGE - 1), MADV_HUGEPAGE);
  return memory;
}
