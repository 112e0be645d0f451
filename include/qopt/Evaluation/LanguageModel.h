//===- LanguageModel.h - texts in, logits out -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EVALUATION_LANGUAGEMODEL_H
#define QOPT_EVALUATION_LANGUAGEMODEL_H

#include "qopt/Evaluation/LoadedModel.h"
#include "qopt/Support/TextInputs.h"

namespace mlir::qopt {

class LanguageModel {
public:
  /// The ids and logits by name; empty: input_ids and logits, or what only fits
  /// by its type and rank.
  static llvm::Expected<LanguageModel> create(LoadedModel &model,
                                              llvm::StringRef ids = "",
                                              llvm::StringRef logits = "");

  LoadedModel &getModel() const { return *model; }
  /// Width of the logits; -1 when only a run tells.
  int64_t vocabulary() const;
  int64_t fixedRows() const { return inputs.fixedRows(); }

  /// Runs the texts as one batch. logits() is [batch, positions, width].
  llvm::Error run(llvm::ArrayRef<llvm::ArrayRef<int32_t>> texts);
  /// Which of the batch's positions, row by row, are of the texts and not there
  /// to fill up.
  std::vector<bool>
  keptRows(llvm::ArrayRef<llvm::ArrayRef<int32_t>> texts) const;
  int64_t width() const { return shape[2]; }
  const float *logits(int64_t row, int64_t position) const {
    return data + (row * shape[1] + position) * shape[2];
  }

private:
  LanguageModel() = default;

  LoadedModel *model = nullptr;
  TextInputs inputs;
  size_t output = 0;
  std::vector<OutputTensor> outputs;
  std::vector<float> converted;
  llvm::SmallVector<int64_t, 3> shape;
  const float *data = nullptr;
};

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_LANGUAGEMODEL_H
