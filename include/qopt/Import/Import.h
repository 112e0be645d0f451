//===- Import.h - ONNX protobuf file to onnx dialect module ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one way a model enters the compiler. Any bytes may be given: the result
// is a verified module or an ImportError whose status is the exit code of the
// driver. Protobuf is an implementation detail of lib/Import and does not show
// here.
//===----------------------------------------------------------------------===//

#ifndef QOPT_IMPORT_IMPORT_H
#define QOPT_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "qopt/Support/ExitCodes.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mlir::qopt {

/// One failure: the exit code and a single line of text without the `error:`
/// prefix.
struct ImportError {
  ExitCode status = ExitOk;
  std::string message;
};

/// `--shape input_ids:1x128`; -1 leaves a dim as the model declares it.
struct ShapeOption {
  std::string input;
  std::vector<int64_t> dims;
};

/// `--dim sequence_length=128` (low == high: a static size), or a range
/// `--dim sequence_length=1..2048,opt=128`; opt 0: none given.
struct DimOption {
  std::string name;
  int64_t low = 0;
  int64_t high = 0;
  int64_t opt = 0;
};

struct ImportOptions {
  std::vector<ShapeOption> shapes;
  std::vector<DimOption> dims;
  /// ONNX's own rule for external data: no symbolic link and no hard link.
  bool strictExternalData = false;
  /// Base directory of external data; empty: the directory of the model.
  std::string externalDataDir;
  /// Receives warnings, one line each, without a prefix.
  std::function<void(llvm::StringRef)> warn;
  /// Exceeding one of these is ExitLimit.
  uint64_t maxNodes = 10'000'000;
  unsigned maxNameLength = 4096;
  unsigned maxSubgraphDepth = 32;
};

/// Imports `path` (`-` is standard input) into a module with one function
/// `@main`. The dialects `onnx` and `func` must be in the registry of the
/// context. Returns null and fills `error` on failure.
///
/// Constants of 1 KiB and more are resource blobs that own or map their bytes;
/// elements of `i1` take one byte there.
OwningOpRef<ModuleOp> importModel(llvm::StringRef path, MLIRContext &context,
                                  const ImportOptions &options,
                                  ImportError &error);

} // namespace mlir::qopt

#endif // QOPT_IMPORT_IMPORT_H
