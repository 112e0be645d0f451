//===- Link.cpp - objects and runtime archive to a shared library ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lld dies of a signal when the disk is full, so it is a child, and writes to a
// private temporary. No compiler driver and no development package is needed
// where models are compiled: the C library is named by its run-time file.
//===----------------------------------------------------------------------===//

#include "qopt/Target/Link.h"
#include "qopt/Support/Subprocess.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::qopt;

static std::string firstExisting(llvm::ArrayRef<std::string> paths) {
  for (const std::string &path : paths)
    if (llvm::sys::fs::exists(path))
      return path;
  return {};
}

static std::string carriedArchive(llvm::StringRef executable,
                                  const TargetMachineSpec &machine) {
  llvm::SmallString<256> real;
  if (llvm::sys::fs::real_path(executable, real))
    return {};
  llvm::SmallString<256> path(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(real)));
  llvm::sys::path::append(path, "lib", "qopt", machine.triple,
                          "libqopt_runtime.a");
  return path.str().str();
}

static LogicalResult writeExports(const llvm::Twine &path, std::string &error) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path.str(), code);
  if (!code) {
    stream << "{ global: qopt_model_query; local: *; };\n";
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (!code)
    return success();
  error = code.message();
  return failure();
}

/// What a shared library needs beside the objects.
static LogicalResult addLibraryArguments(const LinkSpec &spec,
                                         std::vector<std::string> &arguments,
                                         std::string &error) {
  std::string archive = spec.runtimeArchive.empty()
                            ? carriedArchive(spec.executablePath, *spec.machine)
                            : spec.runtimeArchive;
  if (archive.empty() || !llvm::sys::fs::exists(archive)) {
    error = "the runtime archive " + archive +
            " is missing: it is built with " + "qopt where the package " +
            spec.machine->packages.str() + " is installed";
    return failure();
  }
  auto find = [&](StringRef name) {
    std::vector<std::string> paths;
    for (StringRef folder : spec.machine->libraryFolders)
      paths.push_back((folder + "/" + name).str());
    return firstExisting(paths);
  };
  std::string libc = find("libc.so.6"), libm = find("libm.so.6");
  if (libc.empty() || libm.empty()) {
    error = "the C library libc.so.6 or libm.so.6 for " +
            spec.machine->triple.str() + " is missing (package " +
            spec.machine->packages.str() + ")";
    return failure();
  }
  llvm::SmallString<256> script(spec.tempDir);
  llvm::sys::path::append(script, "exports.ver");
  if (failed(writeExports(script, error)))
    return failure();
  arguments.insert(arguments.end(),
                   {"-shared", "-Bsymbolic", "--gc-sections", "--no-undefined",
                    "--build-id=fast", "--hash-style=gnu", "-z", "now", "-z",
                    "relro", "-z", "noexecstack",
                    "--undefined=qopt_model_query",
                    ("--version-script=" + script).str(), archive,
                    "--as-needed", libm, libc});
  return success();
}

LogicalResult mlir::qopt::linkModel(const LinkSpec &spec, std::string &error) {
  std::string linker =
      firstExisting({"/usr/bin/ld.lld-22", "/usr/lib/llvm-22/bin/ld.lld"});
  if (linker.empty()) {
    error = "the linker ld.lld-22 is missing (package lld-22)";
    return failure();
  }
  SubprocessSpec child;
  child.program = linker;
  // One thread: the order of its work is then no question at all.
  child.arguments = {"ld.lld", "--threads=1", "-o", spec.output};
  for (const std::string &object : spec.objects)
    child.arguments.push_back(object);
  if (spec.relocatable)
    child.arguments.push_back("-r");
  else if (failed(addLibraryArguments(spec, child.arguments, error)))
    return failure();
  llvm::ErrorOr<SubprocessResult> result = runSubprocess(child);
  if (!result) {
    error = linker + ": " + result.getError().message();
    return failure();
  }
  if (result->signal != 0) {
    error = "the linker died of signal " + std::to_string(result->signal) +
            " (a full disk gives signal 7)";
    return failure();
  }
  if (result->exitCode != 0) {
    error = "the linker failed: " + result->errorText;
    return failure();
  }
  return success();
}
