//===- Reference.h - the float model beside the judged one ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_EVAL_REFERENCE_H
#define QOPT_TOOLS_QOPT_EVAL_REFERENCE_H

#include "qopt/Evaluation/LoadedModel.h"

namespace evaluate {

/// The compiler ended with this code, after a message of its own.
class CompileFailed : public llvm::ErrorInfo<CompileFailed> {
public:
  static char ID; // NOLINT(readability-identifier-naming): asked for by LLVM
  explicit CompileFailed(int exitCode) : exitCode(exitCode) {}
  void log(llvm::raw_ostream &os) const override {
    os << "the reference cannot be compiled";
  }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }
  int exitCode;
};

/// Opens a library, or compiles an ONNX file in float with the `qopt` beside
/// `executable`, for the instruction set `isa`, with taps on its layers if
/// `layerTaps`, and opens that.
llvm::Expected<std::unique_ptr<mlir::qopt::LoadedModel>>
openReference(llvm::StringRef path, llvm::StringRef executable,
              llvm::StringRef isa, bool layerTaps,
              const mlir::qopt::ModelOptions &options);

} // namespace evaluate

#endif // QOPT_TOOLS_QOPT_EVAL_REFERENCE_H
