//===- TapStatistics.cpp - statistics, found by contraction ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/Names.h"

using namespace mlir;

namespace mlir::qopt {

FailureOr<TapStatistics> TapStatistics::load(ModuleOp module, StringRef path) {
  llvm::Expected<Statistics> loaded = Statistics::load(path);
  if (!loaded)
    return emitError(module.getLoc(), llvm::toString(loaded.takeError()));
  TapStatistics result;
  result.statistics = std::move(*loaded);
  auto hash = module->getAttrOfType<StringAttr>("onnx.source_sha256");
  if (hash && hash.getValue() != result.statistics.modelHash)
    return emitError(module.getLoc())
           << path << ": the statistics belong to another model (sha256 "
           << result.statistics.modelHash << ", this model has "
           << hash.getValue() << ")";
  for (const Tap &tap : collectTaps(module))
    result.names[tap.activation] = tap.name;
  return result;
}

void TapStatistics::warnAboutNonfinite(ModuleOp module) const {
  if (statistics.nonfiniteSamples)
    emitWarning(module.getLoc())
        << statistics.nonfiniteSamples << " of "
        << statistics.samples + statistics.nonfiniteSamples
        << " calibration samples were left out: NaN or Inf in activations";
}

FailureOr<const ColumnStatistics *>
TapStatistics::find(ContractionOpInterface op) const {
  std::string tap = names.lookup(op.getActivation());
  const ColumnStatistics *columns = statistics.find(tap);
  if (!columns)
    return emitError(op->getLoc()) << "the statistics know no activation "
                                   << quoteName(tap) << "; calibrate again";
  int64_t k = weightShape(op).first;
  if (columns->columns() != k && columns->tokens != 0)
    return emitError(op->getLoc())
           << "the statistics of " << quoteName(tap) << " have "
           << columns->columns() << " columns, the weight has " << k
           << " rows; calibrate again";
  return columns;
}

uint64_t TapStatistics::tokens() const {
  uint64_t most = 0;
  for (const ColumnStatistics &tap : statistics.taps)
    most = std::max(most, tap.tokens);
  return most;
}

} // namespace mlir::qopt
