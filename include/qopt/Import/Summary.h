//===- Summary.h - what is in a model, without compiling it ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For `qopt-info model.onnx`: signature, operator histogram, parameters and
// everything that the importer would refuse as unsupported.
//===----------------------------------------------------------------------===//

#ifndef QOPT_IMPORT_SUMMARY_H
#define QOPT_IMPORT_SUMMARY_H

#include "qopt/Import/Import.h"

namespace mlir::qopt {

struct ModelSummary {
  struct Port {
    std::string name;
    std::string dtype;             ///< ONNX's name, in lower case.
    std::vector<std::string> dims; ///< Number, symbol or `?`.
    bool ranked = true;
  };
  struct OpCount {
    std::string domain; ///< Empty: ai.onnx.
    std::string op;
    uint64_t count = 0;
  };
  int64_t irVersion = 0;
  std::string producer;
  std::string sha256;
  std::vector<std::pair<std::string, int64_t>> opsets;
  std::vector<Port> inputs, outputs;
  std::vector<OpCount>
      ops; ///< After inlining of functions, most frequent first.
  uint64_t functions = 0;
  uint64_t parameters = 0;
  uint64_t parameterBytes = 0;
  std::vector<std::string> unsupported;
};

/// Fills `summary`; on failure fills `error` and returns false. External data
/// is not opened.
bool summarizeModel(llvm::StringRef path, MLIRContext &context,
                    const ImportOptions &options, ModelSummary &summary,
                    ImportError &error);

} // namespace mlir::qopt

#endif // QOPT_IMPORT_SUMMARY_H
