//===- fpenv.h - floating-point state of a thread --------------- C -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels are compiled for round-to-nearest, no traps and IEEE denormals. The
// host may have set anything else, so the state is set on entry and put back.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_RUNTIME_FPENV_H
#define QOPT_LIB_RUNTIME_FPENV_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
static inline uint64_t rt_fp_get(void) { return _mm_getcsr(); }
static inline void rt_fp_set(uint64_t state) { _mm_setcsr((uint32_t)state); }
enum { RT_FP_DEFAULT = 0x1f80 }; // all exceptions masked, none recorded
#elif defined(__aarch64__)
static inline uint64_t rt_fp_get(void) {
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  return state;
}
static inline void rt_fp_set(uint64_t state) {
  __asm__ volatile("msr fpcr, %0" : : "r"(state));
}
enum { RT_FP_DEFAULT = 0 };
#else
#error "no floating-point state known for this architecture"
#endif

#endif // QOPT_LIB_RUNTIME_FPENV_H
