//===- Reference.cpp - the float model beside the judged one --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reference.h"

#include "qopt/Support/ExitCodes.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Subprocess.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <cerrno>
#include <sys/wait.h>

using namespace llvm;
using namespace mlir::qopt;

namespace evaluate {

char CompileFailed::ID;

/// Compiles; what the compiler says goes to stderr as it comes.
static Error compile(StringRef model, StringRef library, StringRef executable,
                     StringRef isa, bool layerTaps) {
  SmallString<256> program = sys::path::parent_path(executable);
  sys::path::append(program, "qopt");
  SubprocessSpec spec;
  spec.program = std::string(program);
  spec.arguments = {"qopt", model.str(), "-o", library.str()};
  if (!isa.empty())
    spec.arguments.push_back(("--isa=" + isa).str());
  if (layerTaps)
    spec.arguments.push_back("--layer-taps");
  ErrorOr<pid_t> pid = startSubprocess(spec);
  if (!pid)
    return invalidData(program +
                       ": cannot be started: " + pid.getError().message());
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0)
    if (errno != EINTR)
      return invalidData(program + ": cannot be waited for");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return Error::success();
  // It has said why.
  return make_error<CompileFailed>(WIFEXITED(status) ? WEXITSTATUS(status)
                                                     : int(ExitInternal));
}

Expected<std::unique_ptr<LoadedModel>>
openReference(StringRef path, StringRef executable, StringRef isa,
              bool layerTaps, const ModelOptions &options) {
  if (!path.ends_with(".onnx") && !path.ends_with(".mlir"))
    return LoadedModel::open(path, options);
  SmallString<128> library;
  if (std::error_code code =
          sys::fs::createTemporaryFile("qopt-ref", "so", library))
    return invalidData("cannot create a temporary file (TMPDIR): " +
                       code.message());
  sys::RemoveFileOnSignal(library);
  // The mapping stays when the name goes.
  FileRemover remover(library);
  if (Error error = compile(path, library, executable, isa, layerTaps))
    return std::move(error);
  return LoadedModel::open(library, options);
}

} // namespace evaluate
