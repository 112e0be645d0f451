//===- Layerwise.h - what each layer computes, beside its float form ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two libraries compiled with --layer-taps run on the same data; outputs of the
// same name are compared. Errors of earlier layers are in those of later ones.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EVALUATION_LAYERWISE_H
#define QOPT_EVALUATION_LAYERWISE_H

#include "qopt/Evaluation/LoadedModel.h"

#include <map>

namespace mlir::qopt {

/// The output of one layer over all data.
struct LayerError {
  std::string name;
  /// Its place in the model.
  int32_t index = 0;
  int64_t rows = 0, columns = 0;
  /// Sums over all elements: y^2, (y - y^)^2, y y^, y^^2, y of the float model.
  double signal = 0, noise = 0, product = 0, own = 0;
  double largestError = 0, largestValue = 0;

  /// 10 log10(sum y^2 / sum (y - y^)^2); infinite without an error.
  double sqnr() const;
  double cosine() const;
};

class LayerComparison {
public:
  /// Becomes the observer of both. The model has to run first, then the
  /// reference, on the same data.
  void attach(LoadedModel &model, LoadedModel &reference);

  /// Which rows of [rows, columns] outputs count in the next run; empty: all.
  void setKept(std::vector<bool> rows) { kept = std::move(rows); }

  /// After both have run: an error when one of them showed nothing, or no
  /// layer of the same name and size.
  llvm::Error finishRun();

  /// In the order of the model.
  std::vector<LayerError> layers() const;
  /// Names that one of the two models lacks.
  const std::vector<std::string> &unmatched() const { return missing; }

private:
  struct Shown {
    int32_t index = 0;
    int64_t columns = 0;
    std::vector<float> values;
  };
  void compare(llvm::StringRef name, const Shown &own, const float *data,
               int64_t rows);

  std::map<std::string, Shown> shown;
  std::map<std::string, LayerError> errors;
  std::vector<std::string> missing;
  std::vector<bool> kept;
  bool referenceShows = false;
  std::string modelPath, referencePath, fault;
};

} // namespace mlir::qopt

#endif // QOPT_EVALUATION_LAYERWISE_H
