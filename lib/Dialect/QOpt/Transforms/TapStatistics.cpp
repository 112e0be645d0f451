//===- TapStatistics.cpp - statistics, found by contraction ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/TapStatistics.h"
#include "qopt/Support/Names.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/EquivalenceClasses.h"

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
  SmallVector<Tap> taps = collectTaps(module);
  for (const Tap &tap : taps)
    result.names[tap.activation] = tap.name;
  result.joinByWeight(taps);
  return result;
}

/// The readers of a weight in both branches of an If count as one tap: with one
/// list of outlier columns the branches share the codes of the weight, and a
/// branch that no sample took has statistics.
void TapStatistics::joinByWeight(ArrayRef<Tap> taps) {
  llvm::EquivalenceClasses<unsigned> groups;
  llvm::DenseMap<Value, std::pair<unsigned, Block *>> first;
  for (auto [i, tap] : llvm::enumerate(taps)) {
    groups.insert(i);
    for (Operation *reader : tap.readers) {
      Value weight = cast<ContractionOpInterface>(reader).getWeight();
      auto [it, isNew] = first.try_emplace(weight, i, reader->getBlock());
      if (it->second.second != reader->getBlock())
        groups.unionSets(it->second.first, i);
    }
  }
  for (const auto *leader : groups) {
    if (!leader->isLeader())
      continue;
    SmallVector<unsigned> members(groups.member_begin(*leader),
                                  groups.member_end());
    if (members.size() < 2)
      continue;
    ColumnStatistics all;
    bool fits = true;
    for (unsigned i : members)
      if (const ColumnStatistics *own = statistics.find(taps[i].name)) {
        all.name = own->name;
        if (llvm::Error error = all.merge(*own)) {
          // One weight, read as it is and transposed.
          llvm::consumeError(std::move(error));
          fits = false;
        }
      }
    if (!fits)
      continue;
    for (unsigned i : members) {
      all.name = taps[i].name;
      auto own = llvm::find_if(statistics.taps, [&](const auto &entry) {
        return entry.name == all.name;
      });
      if (own == statistics.taps.end())
        statistics.taps.push_back(all);
      else
        *own = all;
    }
  }
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
  // Nothing ran the graph that it stands in.
  static const ColumnStatistics unseen;
  if (!columns && !isa<FunctionOpInterface>(op->getParentOp()))
    return &unseen;
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
