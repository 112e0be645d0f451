//===- Diagnostics.cpp - MLIR's diagnostics as qopt's messages ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Support/Diagnostics.h"

#include "qopt/Support/Names.h"
#include "qopt/Support/Progress.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::qopt;

/// The ONNX name behind a location: the outermost name of a fused or nested
/// one.
static StringAttr findName(Location loc) {
  StringAttr name;
  loc->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      name = named.getName();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

/// MLIR writes "'onnx.MatMul' op requires ..."; the text may come with newlines
/// from a printed type or attribute, which would break the rule of one line.
static std::string oneLine(StringRef text) {
  std::string result;
  for (char c : text.trim())
    result += c == '\n' || c == '\r' ? ' ' : c;
  return result;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, StringRef file,
                                     int verbosity, Progress *progress)
    : context(context), file(file), verbosity(verbosity), progress(progress) {
  // The operation as text may be megabytes; the name says which one it is.
  context->printOpOnDiagnostic(false);
  handler = context->getDiagEngine().registerHandler(
      [this](Diagnostic &diagnostic) { print(diagnostic); });
}

DiagnosticPrinter::~DiagnosticPrinter() {
  context->getDiagEngine().eraseHandler(handler);
}

void DiagnosticPrinter::printText(StringRef severity, Location loc,
                                  StringRef text) {
  llvm::raw_ostream &os = llvm::errs();
  os << severity << ": ";
  if (auto position = dyn_cast<FileLineColLoc>(loc))
    os << position.getFilename().getValue() << ":" << position.getLine() << ":"
       << position.getColumn() << ": ";
  else if (!file.empty())
    os << file << ": ";
  if (StringAttr name = findName(loc))
    os << "node " << quoteName(name) << ": ";
  os << oneLine(text) << "\n";
}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  std::lock_guard<std::mutex> lock(mutex);
  StringRef severity;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    severity = numErrors++ == 0 ? "error" : "note";
    if (progress)
      progress->abandon();
    break;
  case DiagnosticSeverity::Warning:
    if (verbosity < 0)
      return;
    severity = "warning";
    break;
  case DiagnosticSeverity::Remark:
    if (verbosity < 1)
      return;
    severity = "remark";
    break;
  case DiagnosticSeverity::Note:
    severity = "note";
    break;
  }
  printText(severity, diagnostic.getLocation(), diagnostic.str());
  for (Diagnostic &note : diagnostic.getNotes())
    printText("note", note.getLocation(), note.str());
}

void DiagnosticPrinter::ensureError(StringRef message) {
  std::lock_guard<std::mutex> lock(mutex);
  if (numErrors)
    return;
  ++numErrors;
  if (progress)
    progress->abandon();
  printText("error", UnknownLoc::get(context), message);
}
