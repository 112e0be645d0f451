//===- LoopPlan.h - from linalg on buffers to loops -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LowerLinalgToLoops.cpp decides about an operation, and what one
// iteration of its loops does.
//===----------------------------------------------------------------------===//

#ifndef QOPT_LIB_CODEGEN_COMMON_LOOPPLAN_H
#define QOPT_LIB_CODEGEN_COMMON_LOOPPLAN_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::qopt {

/// How the loops of one operation are arranged.
struct LoopPlan {
  /// Collapsed into the parallel loop, outermost first.
  SmallVector<unsigned> rows;
  /// Sequential loops inside, outermost first.
  SmallVector<unsigned> inner;
  /// The inner loops are exactly the reductions: results stay in registers.
  bool accumulate = false;
};

/// Asked in the order of the operations: what makes statistics of rows is
/// remembered.
class LoopPlanner {
public:
  LoopPlan plan(linalg::LinalgOp op);

private:
  bool isRowStatistic(linalg::LinalgOp op);

  /// Buffers with one element per row, made by reductions along the row.
  llvm::DenseSet<Value> rowStatistics;
};

/// Where the iteration `ivs` finds its element of an operand.
SmallVector<Value> indicesOf(OpBuilder &builder, Location loc, AffineMap map,
                             ArrayRef<Value> ivs);

/// The body of the operation, in the iteration `ivs`. The accumulators, if
/// there are any, stand for the results so far. Returns what is yielded.
SmallVector<Value> emitBody(OpBuilder &builder, Location loc,
                            linalg::LinalgOp op, ArrayRef<Value> ivs,
                            ValueRange accumulators);

} // namespace mlir::qopt

#endif // QOPT_LIB_CODEGEN_COMMON_LOOPPLAN_H
