//===- Compilation.h - the state of one compile -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of a compile share: its options, context and diagnostics. The
// way of the model itself is Compile.cpp; the run that makes statistics is
// CompileStatistics.cpp, plans and reports are CompileOutputs.cpp.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_PIPELINES_COMPILATION_H
#define QOPT_LIB_PIPELINES_COMPILATION_H

#include "Diagnostics.h"
#include "PipelineText.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/Compile.h"
#include "qopt/Pipelines/Lowering.h"
#include "qopt/Report/Report.h"
#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/Progress.h"
#include "llvm/Support/ThreadPool.h"

namespace mlir::qopt {

class Compilation {
public:
  Compilation(const CompileOptions &options)
      : options(options), threads(llvm::hardware_concurrency(options.jobs)),
        context(MLIRContext::Threading::DISABLED),
        diagnostics(context, options.modelPath, options.verbosity,
                    options.progress) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.setThreadPool(threads);
  }

  int run();

private:
  int importInto(OwningOpRef<ModuleOp> &module);
  int runPipeline(ModuleOp module, const PipelineChoice &choice,
                  StringRef statistics);
  int runPart(ModuleOp module, const PipelineChoice &choice,
              StringRef statistics, PipelinePart part);
  int writePlan(ModuleOp module, const PipelineChoice &choice,
                StringRef statistics);
  int measure(StringRef image);
  int writeReport(int64_t libraryBytes);
  int calibrate(std::string &statistics);
  int loadStatistics(ModuleOp module, std::string &statistics);
  LoweringOptions loweringOptions();
  int lower(ModuleOp module, const LoweringOptions &lowering,
            std::unique_ptr<llvm::MemoryBuffer> &result);
  int exportONNX(ModuleOp module);
  int write(StringRef text);
  int writeFile(StringRef path, StringRef bytes);
  int print(ModuleOp module);
  int fail(int code, StringRef text) {
    options.progress->abandon();
    diagnostics.printLine("error: ", text);
    return code;
  }
  /// Code and text after a stage that ended in diagnostics.
  int failed(int code, StringRef fallback) {
    diagnostics.printErrors(fallback);
    return code;
  }

  const CompileOptions &options;
  /// Collected where the plan stands, written at the end.
  ReportData report;
  llvm::DefaultThreadPool threads;
  MLIRContext context;
  DiagnosticCollector diagnostics;
};

} // namespace mlir::qopt

#endif // QOPT_LIB_PIPELINES_COMPILATION_H
