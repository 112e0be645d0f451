//===- Diagnostics.cpp - MLIR diagnostics as lines of the command line ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "mlir/IR/Location.h"
#include "qopt/Support/Progress.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::qopt;

llvm::StringRef qopt::nodeName(Location location) {
  StringRef name;
  location->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      name = named.getName();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

/// One line of printable text, whatever a model put into its names.
static std::string escaped(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f)
      os << "\\x" << llvm::hexdigit(c >> 4, true)
         << llvm::hexdigit(c & 15, true);
    else
      os << c;
  return result;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context,
                                         llvm::StringRef modelPath,
                                         int verbosity, Progress *progress)
    : modelPath(modelPath), verbosity(verbosity), progress(progress),
      handler(&context, [this](Diagnostic &d) { handle(d); }) {}

void DiagnosticCollector::handle(Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream os(text);
  StringRef node = nodeName(diagnostic.getLocation());
  std::string message = diagnostic.str();
  // Messages of run-time checks and of the importer name the node themselves.
  if (!node.empty() && !StringRef(message).contains(node))
    os << node << ": ";
  os << message;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error: {
    std::lock_guard<std::mutex> lock(mutex);
    if (!llvm::is_contained(errors, text))
      errors.push_back(text);
    return;
  }
  case DiagnosticSeverity::Warning:
    if (verbosity >= 0)
      printLine("warning: ", text);
    return;
  default:
    if (verbosity >= 1)
      printLine("remark: ", text);
  }
}

void DiagnosticCollector::printLine(llvm::StringRef prefix,
                                    llvm::StringRef text) {
  std::lock_guard<std::mutex> lock(mutex);
  if (progress)
    progress->end();
  llvm::errs() << prefix << escaped(modelPath) << ": " << escaped(text) << "\n";
}

bool DiagnosticCollector::mentions(llvm::StringRef text) const {
  return llvm::any_of(errors, [&](const std::string &error) {
    return StringRef(error).contains(text);
  });
}

void DiagnosticCollector::printErrors(llvm::StringRef fallback) {
  if (progress)
    progress->abandon();
  if (errors.empty())
    errors.push_back(fallback.str());
  StringRef prefix = "error: ";
  for (const std::string &error : errors) {
    printLine(prefix, error);
    prefix = "note: ";
  }
  errors.clear();
}
