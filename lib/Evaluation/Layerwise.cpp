//===- Layerwise.cpp - what each layer computes, beside its float form ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "qopt/Evaluation/Layerwise.h"
#include "qopt/Support/InvalidData.h"
#include "qopt/Support/Names.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;

namespace mlir::qopt {

double LayerError::sqnr() const {
  return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY;
}

double LayerError::cosine() const {
  // Two zero outputs are the same.
  if (signal == 0 && own == 0)
    return 1;
  return product / std::sqrt(signal * own);
}

void LayerComparison::attach(LoadedModel &model, LoadedModel &reference) {
  modelPath = model.getPath();
  referencePath = reference.getPath();
  model.observer = [this](int32_t index, StringRef name, const float *data,
                          int64_t rows, int64_t columns) {
    Shown &layer = shown[name.str()];
    layer.index = index;
    layer.columns = columns;
    layer.values.assign(data, data + rows * columns);
  };
  reference.observer = [this](int32_t, StringRef name, const float *data,
                              int64_t rows, int64_t columns) {
    referenceShows = true;
    auto own = shown.find(name.str());
    if (own == shown.end()) {
      if (!is_contained(missing, name))
        missing.push_back(name.str());
      return;
    }
    if (own->second.columns != columns ||
        int64_t(own->second.values.size()) != rows * columns)
      fault = "layer " + quoteName(name) + " has " +
              std::to_string(own->second.values.size()) +
              " values in the model and " + std::to_string(rows * columns) +
              " in the reference";
    else
      compare(name, own->second, data, rows);
    shown.erase(own);
  };
}

void LayerComparison::compare(StringRef name, const Shown &own,
                              const float *data, int64_t rows) {
  LayerError &error = errors[name.str()];
  error.name = name.str();
  error.index = own.index;
  error.columns = own.columns;
  bool masked = int64_t(kept.size()) == rows;
  for (int64_t row = 0; row < rows; ++row) {
    if (masked && !kept[row])
      continue;
    ++error.rows;
    for (int64_t k = row * own.columns; k < (row + 1) * own.columns; ++k) {
      double y = data[k], found = own.values[k], difference = y - found;
      error.signal += y * y;
      error.noise += difference * difference;
      error.product += y * found;
      error.own += found * found;
      // NaN stays.
      if (!(std::abs(difference) <= error.largestError))
        error.largestError = std::abs(difference);
      error.largestValue = std::max(error.largestValue, std::abs(y));
    }
  }
}

Error LayerComparison::finishRun() {
  if (!fault.empty())
    return invalidData(fault);
  if (!referenceShows || (shown.empty() && errors.empty()))
    return invalidData(
        (referenceShows ? modelPath : referencePath) +
        ": shows no layers; compile both libraries with --layer-taps");
  for (const auto &[name, layer] : shown)
    if (!is_contained(missing, name))
      missing.push_back(name);
  shown.clear();
  if (errors.empty())
    return invalidData("no layer of " + modelPath + " has the name of one of " +
                       referencePath);
  return Error::success();
}

std::vector<LayerError> LayerComparison::layers() const {
  std::vector<LayerError> result;
  for (const auto &[name, error] : errors)
    result.push_back(error);
  llvm::sort(result, [](const LayerError &a, const LayerError &b) {
    return a.index < b.index;
  });
  return result;
}

} // namespace mlir::qopt
