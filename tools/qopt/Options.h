//===- Options.h - the command line of qopt -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flags in, CompileOptions out. Everything is addressed by name; what is wrong
// with a flag is one line and exit code 2.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_OPTIONS_H
#define QOPT_TOOLS_QOPT_OPTIONS_H

#include "qopt/Pipelines/Compile.h"
#include "qopt/Support/Progress.h"

#include <cstdint>

namespace mlir::qopt {

/// --list-ops: in which form the supported operators are printed.
enum class ListOps { No, Text, Markdown };

/// What the process is told, beside the compile itself.
struct DriverOptions {
  CompileOptions compile;
  ProgressMode progress = ProgressMode::Auto;
  ListOps listOps = ListOps::No;
  /// --force: the target of a symbolic link may be replaced.
  bool force = false;
  /// --in-process: no worker, no limits, no containment; for debuggers.
  bool inProcess = false;
  /// Bytes of address space and seconds of the worker; 0: no limit.
  uint64_t memoryLimit = 0;
  uint64_t timeLimit = 0;
  /// Set in the worker by the parent (hidden flags).
  bool isWorker = false;
};

/// Whether the compile writes a file at all, and whether it goes to stdout.
bool producesOutput(const CompileOptions &options);
inline bool writesToStdout(const CompileOptions &options) {
  return options.outputPath == "-";
}

/// Parses the command line. Returns false after an `error:` line; --help and
/// --version print and exit.
bool parseCommandLine(int argc, const char *const *argv,
                      DriverOptions &options);

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_OPTIONS_H
