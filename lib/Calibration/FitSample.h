//===- FitSample.h - arrays to the inputs of a model -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CALIBRATION_FITSAMPLE_H
#define QOPT_LIB_CALIBRATION_FITSAMPLE_H

#include "qopt/Calibration/Samples.h"
#include "qopt/Support/TextInputs.h"

namespace mlir::qopt {

/// The elements of an array of integers of any width.
class IntegerArray {
public:
  explicit IntegerArray(const SampleInput &array) : array(array) {}

  bool isInteger() const {
    return array.type.kind == 'i' || array.type.kind == 'u';
  }
  int64_t size() const { return array.data.size() / array.type.bytes; }
  int64_t operator[](int64_t i) const;
  /// "[0, 5]"
  std::string position(int64_t i) const;

private:
  const SampleInput &array;
};

/// Checks the arrays that are there against the model, fills in what text
/// determines, and makes a sample of both.
llvm::Error fitSample(llvm::StringRef path, const Signature &signature,
                      const SampleOptions &options,
                      std::vector<std::optional<SampleInput>> &arrays,
                      Sample &sample);

} // namespace mlir::qopt

#endif // QOPT_LIB_CALIBRATION_FITSAMPLE_H
