//===- Link.h - objects and runtime archive to a shared library -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef QOPT_TARGET_LINK_H
#define QOPT_TARGET_LINK_H

#include "mlir/Support/LLVM.h"
#include "qopt/Target/TargetISA.h"
#include <string>
#include <vector>

namespace mlir::qopt {

struct LinkSpec {
  const TargetMachineSpec *machine = nullptr;
  /// One object file with everything but the runtime, instead of a library.
  bool relocatable = false;
  std::vector<std::string> objects;
  /// libqopt_runtime.a; empty: the one carried beside the executable.
  std::string runtimeArchive;
  /// Path of the running executable, by which the archive is found.
  std::string executablePath;
  /// Private directory for the version script.
  std::string tempDir;
  /// The library; a private path, whose content is overwritten.
  std::string output;
};

/// Runs ld.lld as a child process. On failure `error` says why.
LogicalResult linkModel(const LinkSpec &spec, std::string &error);

} // namespace mlir::qopt

#endif // QOPT_TARGET_LINK_H
