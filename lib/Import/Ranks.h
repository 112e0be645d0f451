//===- Ranks.h - ranks of values while the graph is built -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef QOPT_LIB_IMPORT_RANKS_H
#define QOPT_LIB_IMPORT_RANKS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace mlir::qopt::importer {

/// Remembers the rank of values and the number of elements of short vectors.
class Ranks {
public:
  /// To be called for each op after those that make its operands.
  void note(Operation *op);

  /// The rank of a value; unset where it does not follow.
  std::optional<int64_t> rankOf(Value value) const;

private:
  std::optional<int64_t> lengthOf(Value value) const;
  void noteReshaping(Operation *op);
  void noteVector(Operation *op);

  llvm::DenseMap<Value, int64_t> ranks;
  /// Elements of values of rank 0 and 1.
  llvm::DenseMap<Value, int64_t> lengths;
};

} // namespace mlir::qopt::importer

#endif // QOPT_LIB_IMPORT_RANKS_H
