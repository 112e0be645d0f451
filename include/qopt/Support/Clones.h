//===- Clones.h - hot loops for wider vectors ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function marked QOPT_CLONES is compiled twice, and the loader takes the
// copy for wider vectors where the machine has them. No result depends on it.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_CLONES_H
#define QOPT_SUPPORT_CLONES_H

// Sanitizers are not up when the loader chooses.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define QOPT_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define QOPT_CLONES
#endif

#endif // QOPT_SUPPORT_CLONES_H
