//===- Diagnostics.h - MLIR's diagnostics as qopt's messages --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A refusal is one line `error: FILE: node 'NAME': RULE`; everything else that
// belongs to it follows as notes, so that scripts can rely on the one line.
//===----------------------------------------------------------------------===//

#ifndef QOPT_SUPPORT_DIAGNOSTICS_H
#define QOPT_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

#include <mutex>
#include <string>

namespace mlir::qopt {

class Progress;

/// Prints the diagnostics of `context` on stderr while it lives. Location of a
/// message is the ONNX name that the importer put on the operation.
class DiagnosticPrinter {
public:
  /// `verbosity` as in CompileOptions. `progress`, if given, is cleared before
  /// an error is printed.
  DiagnosticPrinter(MLIRContext *context, StringRef file, int verbosity,
                    Progress *progress = nullptr);
  ~DiagnosticPrinter();

  /// Errors so far. Only the first became the `error:` line.
  unsigned getNumErrors() const { return numErrors; }

  /// Prints the `error:` line for a failure that left no diagnostic, so that no
  /// failure is silent; does nothing after an error.
  void ensureError(StringRef message);

private:
  void print(Diagnostic &diagnostic);
  void printText(StringRef severity, Location loc, StringRef text);

  MLIRContext *context;
  std::string file;
  int verbosity;
  Progress *progress;
  DiagnosticEngine::HandlerID handler;
  std::mutex mutex;
  unsigned numErrors = 0;
};

} // namespace mlir::qopt

#endif // QOPT_SUPPORT_DIAGNOSTICS_H
