//===- Diagnostics.h - MLIR diagnostics as lines of the command line ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A refusal is one line that starts `error:` and names the file, the node and
// the rule. Passes report every fault that they find; the first becomes that
// line, the others follow as notes.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_DIAGNOSTICS_H
#define QOPT_LIB_PIPELINES_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include <mutex>
#include <string>
#include <vector>

namespace mlir::qopt {

class Progress;

/// Collects the diagnostics of a context while it lives. Warnings and remarks
/// are printed at once as far as the verbosity asks for them; errors are kept
/// until `printErrors`.
class DiagnosticCollector {
public:
  DiagnosticCollector(MLIRContext &context, llvm::StringRef modelPath,
                      int verbosity, Progress *progress);

  bool hasErrors() const { return !errors.empty(); }

  /// Whether an error holds `text`.
  bool mentions(llvm::StringRef text) const;

  /// Prints the errors: `error: FILE: first`, then `note: FILE: other` lines.
  /// `fallback` is the text when a pass failed without a diagnostic.
  void printErrors(llvm::StringRef fallback);

  /// Prints one line with its prefix, ending the progress line before it.
  void printLine(llvm::StringRef prefix, llvm::StringRef text);

private:
  void handle(Diagnostic &diagnostic);

  std::string modelPath;
  int verbosity;
  Progress *progress;
  std::mutex mutex;
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler;
};

/// The name of the node or tensor at a location, empty when there is none.
llvm::StringRef nodeName(Location location);

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_DIAGNOSTICS_H
