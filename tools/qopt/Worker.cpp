//===- Worker.cpp - the process that compiles -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Process.h"

#include "qopt/Support/ExitCodes.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <new>
#include <unistd.h>

namespace mlir::qopt {

/// A resource is gone: no allocation and no unwinding here, one line and out.
[[noreturn]] static void reportLimit(llvm::StringRef line) {
  // Threads run out of memory together; one of them says so.
  static std::atomic_flag said = ATOMIC_FLAG_INIT;
  while (said.test_and_set())
    ::pause();
  [[maybe_unused]] ssize_t written = ::write(2, line.data(), line.size());
  ::_exit(ExitLimit);
}

static void reportOutOfMemory() {
  reportLimit(
      "error: out of memory: the limit of --memory-limit was reached\n");
}

/// LLVM's thread pools end the process where the system grants no thread: for
/// want of addresses for its stack (--memory-limit, ulimit -v) or by the number
/// of processes allowed (ulimit -u). Whatever else is fatal stays LLVM's.
static void reportFatal(void *, const char *reason, bool) {
  llvm::StringRef text(reason);
  if (text.starts_with("pthread_create failed"))
    reportLimit("error: out of memory or processes: no further thread could be "
                "started; -j1 needs fewer\n");
  llvm::errs() << "LLVM ERROR: " << text << '\n';
}

int runWorker(DriverOptions &options) {
  std::set_new_handler(reportOutOfMemory);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { reportOutOfMemory(); });
  llvm::install_fatal_error_handler(reportFatal);

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
