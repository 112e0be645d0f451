//===- OpList.h - the operators that qopt compiles ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For `qopt --list-ops` and docs/SupportedOps.md. Names and opsets come from
// the importer's tables, element types and limits from the op definitions.
//===----------------------------------------------------------------------===//

#ifndef QOPT_IMPORT_OPLIST_H
#define QOPT_IMPORT_OPLIST_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace mlir::qopt {

struct SupportedOp {
  std::string domain; ///< `ai.onnx` for ONNX's own one.
  std::string op;
  std::string opsets; ///< `13 to 27`; the version for other domains.
  std::string types;
  std::string limits; ///< Empty: all of what the specification has.
};

/// All operators that `context`, with the onnx dialect loaded, can import;
/// sorted by domain and name.
std::vector<SupportedOp> listSupportedOps(MLIRContext &context);

/// As aligned text, or as a page of Markdown.
void printSupportedOps(MLIRContext &context, bool markdown,
                       llvm::raw_ostream &os);

} // namespace mlir::qopt

#endif // QOPT_IMPORT_OPLIST_H
