//===- ModelFile.h - open, recognise and parse a model file ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_MODELFILE_H
#define QOPT_LIB_IMPORT_MODELFILE_H

#include "Reporter.h"
#include <memory>

namespace mlir::qopt::importer {

struct ModelFile {
  std::unique_ptr<pb::ModelProto> proto;
  /// SHA-256 of the bytes of the file.
  std::string sha256;
};

/// Reads and parses `path` (`-`: standard input) and checks what makes a
/// message a model: IR version, opset import, graph and at least one output.
LogicalResult readModelFile(llvm::StringRef path, Reporter &reporter,
                            ModelFile &file);

/// Same for bytes in memory.
LogicalResult parseModel(llvm::StringRef bytes, Reporter &reporter,
                         ModelFile &file);

/// What the bytes are, if they are a format often mistaken for ONNX.
llvm::StringRef recogniseFormat(llvm::StringRef bytes);

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_MODELFILE_H
