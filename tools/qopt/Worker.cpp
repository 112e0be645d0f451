//===- Worker.cpp - the process that compiles -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Process.h"

#include "qopt/Support/ExitCodes.h"

#include "llvm/Support/ErrorHandling.h"

#include <atomic>
#include <new>
#include <unistd.h>

namespace mlir::qopt {

/// Memory is gone: no allocation and no unwinding here, one line and out.
static void reportOutOfMemory() {
  // Threads run out of memory together; one of them says so.
  static std::atomic_flag said = ATOMIC_FLAG_INIT;
  while (said.test_and_set())
    ::pause();
  static const char text[] =
      "error: out of memory: the limit of --memory-limit was reached\n";
  [[maybe_unused]] ssize_t written = ::write(2, text, sizeof text - 1);
  ::_exit(ExitLimit);
}

int runWorker(DriverOptions &options) {
  std::set_new_handler(reportOutOfMemory);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { reportOutOfMemory(); });

  Progress progress(options.progress);
  options.compile.progress = &progress;
  int code = compileModel(options.compile);
  if (code != ExitOk)
    progress.abandon();
  progress.end();
  options.compile.progress = nullptr;
  return code;
}

} // namespace mlir::qopt
