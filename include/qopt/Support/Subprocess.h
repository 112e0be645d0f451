//===- Subprocess.h - children by argument vector -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only way in which qopt starts a program: an argument vector, never a
// shell. A child dies with its parent, inherits no descriptor that it was not
// given, and starts with default signal handling.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_SUBPROCESS_H
#define QOPT_SUPPORT_SUBPROCESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorOr.h"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace mlir::qopt {

struct SubprocessSpec {
  /// Path of the program; PATH is not searched.
  std::string program;
  /// argv, with argv[0].
  std::vector<std::string> arguments;
  /// Descriptors that take the place of stdout and stderr; -1: inherited.
  int stdoutFd = -1;
  int stderrFd = -1;
  /// Descriptors that the child keeps under the same number.
  std::vector<int> keptFds;
  /// Soft limits; 0: as the parent's. Core files are always off.
  uint64_t addressSpaceBytes = 0;
  uint64_t cpuSeconds = 0;
};

/// Starts the child; the error is that of fork or exec.
llvm::ErrorOr<pid_t> startSubprocess(const SubprocessSpec &spec);

struct SubprocessResult {
  /// Exit status, or -1 when the child died of a signal.
  int exitCode = -1;
  int signal = 0;
  /// What it wrote to stderr, cut at 64 KiB.
  std::string errorText;
};

/// Starts the child, waits for it and collects its stderr.
llvm::ErrorOr<SubprocessResult> runSubprocess(SubprocessSpec spec);

/// RAM that this process may use: the machine's, or less where a control group
/// says so.
uint64_t usableMemoryBytes();

/// Raises this process's soft limit of address space by the size of a file that
/// is about to be mapped: mappings of weights count there, but are no memory of
/// ours.
void allowMapping(uint64_t bytes);

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_SUBPROCESS_H
