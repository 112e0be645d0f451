//===- PlanFlags.h - the flags of the plan and the report -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_TOOLS_QOPT_PLANFLAGS_H
#define QOPT_TOOLS_QOPT_PLANFLAGS_H

#include "qopt/Pipelines/Compile.h"

#include "llvm/Support/CommandLine.h"

namespace mlir::qopt {

struct PlanFlags {
  explicit PlanFlags(llvm::cl::OptionCategory &category);

  llvm::cl::opt<std::string> plan, emitPlan, report, reportJSON, nodeData;
  llvm::cl::opt<bool> reportSpeed;

  void apply(CompileOptions &options) const;
  /// When all flags are known. False, with the reason in `error`, when
  /// something is missing.
  bool check(const CompileOptions &options, std::string &error) const;
};

} // namespace mlir::qopt

#endif // QOPT_TOOLS_QOPT_PLANFLAGS_H
