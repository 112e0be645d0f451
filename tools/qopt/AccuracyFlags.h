//===- AccuracyFlags.h - the flags that judge the result --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_ACCURACYFLAGS_H
#define QOPT_TOOLS_QOPT_ACCURACYFLAGS_H

#include "qopt/Pipelines/Compile.h"

#include "llvm/Support/CommandLine.h"

namespace mlir::qopt {

struct AccuracyFlags {
  explicit AccuracyFlags(llvm::cl::OptionCategory &category);

  llvm::cl::opt<std::string> maxPerplexityIncrease;
  llvm::cl::opt<std::string> evalData;
  llvm::cl::opt<bool> sensitivity;
  llvm::cl::opt<std::string> maxLoss;
  llvm::cl::opt<double> targetBits;
  llvm::cl::opt<bool> layerTaps;

  /// Fills options.accuracy. False, with the reason in `error`, when flags make
  /// no sense together or alone.
  bool apply(CompileOptions &options, std::string &error) const;
};

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_ACCURACYFLAGS_H
