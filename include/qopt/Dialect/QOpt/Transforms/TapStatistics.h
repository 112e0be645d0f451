//===- TapStatistics.h - statistics, found by contraction -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A statistics file knows taps by name; passes ask for the activation of an
// operation. What does not fit the model is an error that names the file.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_TAPSTATISTICS_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_TAPSTATISTICS_H

#include "qopt/Calibration/Statistics.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

namespace mlir::qopt {

class TapStatistics {
public:
  /// Reads the file and checks that it belongs to the module.
  static FailureOr<TapStatistics> load(ModuleOp module, StringRef path);

  /// Warns of samples that were left out.
  void warnAboutNonfinite(ModuleOp module) const;

  /// Statistics of the activation that `op` reads. Their number of columns is
  /// that of the weight's rows, unless no token was seen.
  FailureOr<const ColumnStatistics *> find(ContractionOpInterface op) const;

  uint64_t samples() const { return statistics.samples; }
  /// Of the tap that saw most.
  uint64_t tokens() const;

private:
  void joinByWeight(ArrayRef<Tap> taps);

  Statistics statistics;
  llvm::DenseMap<Value, std::string> names;
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_TAPSTATISTICS_H
