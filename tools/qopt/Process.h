//===- Process.h - the two processes of a compile -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parent parses flags, owns the output file and waits; the worker does
// everything that reads the model and may die. A crash, a limit or a signal so
// becomes an exit code, and the output path holds the old file or the new one.
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_PROCESS_H
#define QOPT_TOOLS_QOPT_PROCESS_H

#include "Options.h"

namespace mlir::qopt {

/// Runs the worker (or, in process, the compile itself) and publishes its
/// result. Returns the exit code of the tool.
int runParent(int argc, char **argv, DriverOptions &options);

/// The compile itself. Returns its exit code.
int runWorker(DriverOptions &options);

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_PROCESS_H
