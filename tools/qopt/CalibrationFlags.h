//===- CalibrationFlags.h - the flags of the calibration --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_CALIBRATIONFLAGS_H
#define QOPT_TOOLS_QOPT_CALIBRATIONFLAGS_H

#include "qopt/Pipelines/Compile.h"

#include "llvm/Support/CommandLine.h"

namespace mlir::qopt {

struct CalibrationFlags {
  explicit CalibrationFlags(llvm::cl::OptionCategory &category);

  llvm::cl::opt<std::string> data;
  llvm::cl::alias longName;
  llvm::cl::opt<int64_t> samples, window;
  llvm::cl::opt<std::string> save, load;

  /// False, with the reason in `error`, when flags do not go together.
  bool apply(CompileOptions &options, std::string &error) const;
};

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_CALIBRATIONFLAGS_H
