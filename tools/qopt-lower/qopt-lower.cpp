//===- qopt-lower.cpp - the back half of the compiler on MLIR text --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A developer's tool: takes a module of linalg on tensors (what
// convert-onnx-to-linalg leaves) instead of an ONNX model, so that kernels and
// lowering can be tried, tested and timed on a few lines of text.
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/Lowering.h"
#include "qopt/Support/ExitCodes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::qopt;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> input(
      llvm::cl::Positional, llvm::cl::desc("MODULE"), llvm::cl::init("-"));
  llvm::cl::opt<std::string> output("o", llvm::cl::desc("Output file"),
                                    llvm::cl::Required);
  llvm::cl::opt<EmitKind> emit(
      "emit", llvm::cl::desc("What to write"),
      llvm::cl::values(
          clEnumValN(EmitKind::Linalg, "linalg", "linalg text"),
          clEnumValN(EmitKind::LLVM, "llvm", "LLVM IR text"),
          clEnumValN(EmitKind::Asm, "asm", "assembly"),
          clEnumValN(EmitKind::Obj, "obj", "object file"),
          clEnumValN(EmitKind::SharedLibrary, "so", "shared library")),
      llvm::cl::init(EmitKind::SharedLibrary));
  llvm::cl::opt<std::string> triple("mtriple", llvm::cl::desc("Machine"));
  llvm::cl::list<std::string> isas("isa", llvm::cl::CommaSeparated,
                                   llvm::cl::desc("Variants to generate"));
  llvm::cl::opt<bool> emulate(
      "emulate", llvm::cl::desc("No instruction that x86-64-v3 lacks"));
  llvm::cl::opt<unsigned> jobs("j", llvm::cl::desc("Threads"),
                               llvm::cl::init(0));
  llvm::cl::opt<uint64_t> largeWeights(
      "large-weights",
      llvm::cl::desc("Bytes from which weights count as large"),
      llvm::cl::init(1ull << 30));
  llvm::cl::ParseCommandLineOptions(argc, argv, "qopt back end driver\n");

  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(input, sources, &context);
  if (!module)
    return ExitInvalid;

  llvm::SmallString<128> directory;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("qopt-lower", directory)) {
    llvm::errs() << "error: " << code.message() << "\n";
    return ExitIO;
  }
  LoweringOptions options;
  options.emit = emit;
  options.triple = triple;
  options.isas.assign(isas.begin(), isas.end());
  options.tempDir = directory.str().str();
  options.executablePath = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&main));
  options.emulate = emulate;
  options.jobs = jobs;
  options.largeWeightBytes = largeWeights;
  std::unique_ptr<llvm::MemoryBuffer> result;
  LogicalResult emitted = lowerAndEmit(*module, options, result);
  (void)llvm::sys::fs::remove_directories(directory);
  if (failed(emitted))
    return ExitInvalid;
  std::error_code code;
  llvm::raw_fd_ostream stream(output, code);
  if (!code) {
    stream << result->getBuffer();
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (code) {
    llvm::errs() << "error: " << output << ": " << code.message() << "\n";
    return ExitIO;
  }
  return ExitOk;
}
