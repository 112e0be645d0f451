//===- Reporter.h - one-line errors of the importer -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function of the importer that can fail returns a LogicalResult and
// leaves its reason here. The first reason stays. Names come from the model and
// are escaped, so that a message is always one line of valid UTF-8.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_IMPORT_REPORTER_H
#define QOPT_LIB_IMPORT_REPORTER_H

#include "Proto.h"
#include "qopt/Import/Import.h"
#include "llvm/ADT/Twine.h"

namespace mlir::qopt::importer {

/// `text` between single quotes, escaped and shortened to a readable length.
std::string quoted(llvm::StringRef text);

/// Like quoted, without quotes (for file names that lead a message).
std::string escaped(llvm::StringRef text);

/// `node 'encoder/MatMul_3' (MatMul)`.
std::string describe(const pb::NodeProto &node);

class Reporter {
public:
  Reporter(llvm::StringRef file, const ImportOptions &options,
           ImportError &error)
      : file(escaped(file)), options(options), error(error) {}

  LogicalResult invalid(const llvm::Twine &text) {
    return fail(ExitInvalid, text);
  }
  LogicalResult unsupported(const llvm::Twine &text) {
    return fail(ExitUnsupported, text);
  }
  LogicalResult io(const llvm::Twine &text) { return fail(ExitIO, text); }
  LogicalResult limit(const llvm::Twine &text) { return fail(ExitLimit, text); }
  LogicalResult usage(const llvm::Twine &text) { return fail(ExitUsage, text); }
  LogicalResult fail(ExitCode status, const llvm::Twine &text);

  void warn(const llvm::Twine &text) const;

  bool hasFailed() const { return error.status != ExitOk; }
  const ImportOptions &getOptions() const { return options; }

private:
  std::string file;
  const ImportOptions &options;
  ImportError &error;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_REPORTER_H
