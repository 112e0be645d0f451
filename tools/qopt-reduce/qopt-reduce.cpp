//===- qopt-reduce.cpp - the smallest part of a model that still fails ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts a model down to the nodes that make a check of the user fail. The check
// is a shell command that gets the path of a candidate; a candidate counts when
// the command ends with the same exit code, other than 0, as for the whole
// model. So the command may be a compile, a run, or a comparison of two of
// them.
//===----------------------------------------------------------------------===//

#include "Reduce.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "qopt/Dialect/ONNX/Transforms/Passes.h"
#include "qopt/InitAll.h"
#include "qopt/Pipelines/ModelInput.h"
#include "qopt/Support/ExitCodes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace mlir::qopt;

namespace {

int fail(int code, const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return code;
}

/// The exit code of `command` on a file; `{}` in it, else its end, stands for
/// the path, which the shell gets as an argument and does not read.
int runCheck(llvm::StringRef command, llvm::StringRef path) {
  std::string text = command.str();
  bool placed = false;
  for (size_t at = 0; (at = text.find("{}", at)) != std::string::npos;
       placed = true)
    text.replace(at, 2, "\"$1\"");
  if (!placed)
    text += " \"$1\"";
  return llvm::sys::ExecuteAndWait(
      "/bin/sh", {"/bin/sh", "-c", text, "qopt-reduce", path}, std::nullopt,
      {llvm::StringRef(""), llvm::StringRef(""), llvm::StringRef("")});
}

/// How MLIR's reducer calls this program:
/// --is-interesting COMMAND CODE CANDIDATE. A result other than 0 is interest.
int runAsTester(char **argv) {
  return runCheck(argv[2], argv[4]) == std::atoi(argv[3]);
}

bool writeModule(ModuleOp module, llvm::StringRef path, std::string &error) {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (!code) {
    module->print(os);
    os.close();
    code = os.error();
    os.clear_error();
  }
  error = code ? (path + ": " + code.message()).str() : "";
  return !code;
}

/// Before anything is cut: dims by inference, since afterwards less is known.
/// A model on which inference fails is reduced as the file declares it.
void inferShapes(OwningOpRef<ModuleOp> &module) {
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>((*module)->clone());
  ScopedDiagnosticHandler silent(copy->getContext(),
                                 [](Diagnostic &) { return success(); });
  PassManager pm(copy->getContext(), ModuleOp::getOperationName());
  pm.addPass(onnx::createONNXInferShapesPass());
  if (succeeded(pm.run(*copy)))
    module = std::move(copy);
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 5 && llvm::StringRef(argv[1]) == "--is-interesting")
    return runAsTester(argv);

  llvm::cl::OptionCategory category("qopt-reduce options");
  llvm::cl::opt<std::string> input(llvm::cl::Positional,
                                   llvm::cl::desc("model.onnx|model.mlir"),
                                   llvm::cl::Required, llvm::cl::cat(category));
  llvm::cl::opt<std::string> check(
      "check",
      llvm::cl::desc("Shell command that fails on the model; {} is the path of "
                     "a candidate, by default its last argument"),
      llvm::cl::value_desc("command"), llvm::cl::Required,
      llvm::cl::cat(category));
  llvm::cl::opt<std::string> output(
      "o", llvm::cl::desc("Where the reduced model goes (default: stdout)"),
      llvm::cl::value_desc("small.mlir"), llvm::cl::init("-"),
      llvm::cl::cat(category));
  registerAsmPrinterCLOptions();
  llvm::cl::HideUnrelatedOptions(category);
  // Names of nodes are locations: candidates are printed with them.
  llvm::SmallVector<const char *> arguments(argv, argv + argc);
  arguments.push_back("--mlir-print-debuginfo");
  if (!llvm::cl::ParseCommandLineOptions(
          arguments.size(), arguments.data(),
          "Cuts a model down to the nodes that make a check fail, and writes "
          "them as a\nmodule that qopt takes instead of a model.\n",
          &llvm::errs()))
    return ExitUsage;

  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ImportError error;
  OwningOpRef<ModuleOp> module = readModel(input, context, {}, error);
  if (!module)
    return fail(error.status, error.message);
  inferShapes(module);

  // The exit code that the whole model has under the check.
  llvm::SmallString<128> whole;
  if (std::error_code code =
          llvm::sys::fs::createTemporaryFile("qopt-reduce", "mlir", whole))
    return fail(ExitIO, code.message());
  llvm::scope_exit remove([&] { llvm::sys::fs::remove(whole); });
  std::string problem;
  if (!writeModule(*module, whole, problem))
    return fail(ExitIO, problem);
  int code = runCheck(check, whole);
  if (code < 0)
    return fail(ExitIO, "--check: the command cannot be run");
  if (code == 0)
    return fail(ExitInvalid,
                input +
                    ": the check does not fail on this model (exit code 0)");

  std::string self = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&main));
  std::vector<std::string> testerArguments = {"--is-interesting", check,
                                              std::to_string(code)};
  unsigned before = qopt_reduce::countNodes(*module);
  if (!qopt_reduce::reduce(module, Tester(self, testerArguments)))
    return fail(ExitInvalid,
                input + ": the check fails with other exit codes each time");
  llvm::errs() << "reduced from " << before << " to "
               << qopt_reduce::countNodes(*module)
               << " nodes; the check ends with exit code " << code << "\n";
  if (!writeModule(*module, output, problem))
    return fail(ExitIO, problem);
  return ExitOk;
}
