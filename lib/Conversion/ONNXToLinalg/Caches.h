//===- Caches.h - key and value caches in the buffer of the caller --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The other half of qopt-inplace-caches. The argument of a cache becomes the
// whole buffer; `Concat(past, new)` writes the new rows behind the filled ones
// and reads all of them through a view. What a graph does with the dims of its
// past is index arithmetic on dims of the argument: these become the length
// that the caller gives.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHES_H
#define QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::qopt {

class Lowering;

class Caches {
public:
  explicit Caches(func::FuncOp function);

  /// Emits the checks that come before all else: the buffers have room, and
  /// inputs that name the length agree with it.
  LogicalResult begin(Lowering &l);

  bool empty() const { return caches.empty(); }
  /// Whether `op` appends to a cache; converts it.
  bool contains(Operation *op) const { return caches.contains(op); }
  LogicalResult append(Operation *op, Lowering &l);

  /// The buffer that stands for a result which is a cache, else null.
  Value resultOf(unsigned result) const;

  /// What is left once the graph is gone: dims and their names.
  void finish();

private:
  struct Cache {
    BlockArgument buffer;
    int64_t axis;
    unsigned result;
    Value updated;
  };

  Value lengthAtEntry();
  LogicalResult checkInputs(Lowering &l);
  std::string freeDimName();
  void renameDim(bool ofResult, unsigned index, int64_t axis, StringAttr name);

  func::FuncOp function;
  BlockArgument lengthArgument;
  /// The same as an index, at the top of the function.
  Value length;
  /// By the operation that appends.
  llvm::MapVector<Operation *, Cache> caches;
  /// Reads of the size of a buffer, which are not reads of the length.
  llvm::SmallPtrSet<Operation *, 8> capacities;
};

} // namespace mlir::qopt

#endif // QOPT_LIB_CONVERSION_ONNXTOLINALG_CACHES_H
