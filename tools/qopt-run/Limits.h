//===- Limits.h - what this machine can do at most --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measured on the spot, since the clock of a shared machine drifts: a short
// loop over registers of the instructions of a kernel, and a plain read.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_RUN_LIMITS_H
#define QOPT_TOOLS_QOPT_RUN_LIMITS_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace runner {

/// Operations per nanosecond (Gop/s) of `threads` threads that multiply numbers
/// of type `operand` with the instructions of the variant `isa`; 0 when there
/// is no loop for it here.
double multiplyLimit(llvm::StringRef isa, llvm::StringRef operand, int threads);

/// Bytes per nanosecond (GB/s) at which `threads` threads read `bytes` again
/// and again.
double readLimit(int64_t bytes, int threads);

} // namespace runner

#endif // QOPT_TOOLS_QOPT_RUN_LIMITS_H
