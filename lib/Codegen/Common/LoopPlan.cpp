//===- LoopPlan.cpp - how the loops of linalg are arranged ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LoopPlan.h"
#include "RowAccess.h"

using namespace mlir;
using namespace mlir::qopt;

/// Whether an elementwise operation works on one value per row only: the
/// statistics of norms and softmax. It then runs in the rows' loop.
bool LoopPlanner::isRowStatistic(linalg::LinalgOp op) {
  bool found = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.getNumResults() == op.getNumLoops()) {
      if (!rowStatistics.contains(getRootBuffer(input->get())))
        return false;
      found = true;
    }
  }
  return found;
}

LoopPlan LoopPlanner::plan(linalg::LinalgOp op) {
  LoopPlan result;
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<unsigned> parallel, reduction;
  llvm::SmallDenseSet<unsigned> seen;
  if (!op.getDpsInits().empty())
    for (AffineExpr expr :
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (seen.insert(dim.getPosition()).second)
          parallel.push_back(dim.getPosition());
  for (unsigned dim = 0; dim < iterators.size(); ++dim) {
    if (iterators[dim] != utils::IteratorType::parallel)
      reduction.push_back(dim);
    else if (!seen.contains(dim))
      parallel.insert(parallel.begin(), dim);
  }

  if (reduction.empty()) {
    result.rows = parallel;
    if (parallel.size() > 1 && !isRowStatistic(op)) {
      result.inner.push_back(result.rows.pop_back_val());
    } else if (parallel.size() > 1) {
      for (Value init : op.getDpsInits())
        rowStatistics.insert(getRootBuffer(init));
    }
    return result;
  }

  // Which dim do the larger inputs walk contiguously?
  SmallVector<unsigned> votes(iterators.size(), 0);
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.getNumResults() == 0)
      continue;
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResults().back()))
      votes[dim.getPosition()] += map.getNumResults();
  }
  // The dims are distinct, so that ties are decided by position.
  llvm::sort(reduction, [&](unsigned a, unsigned b) {
    return std::pair(votes[a], a) < std::pair(votes[b], b);
  });
  result.rows = parallel;
  result.accumulate =
      parallel.empty() || votes[reduction.back()] > votes[parallel.back()];
  if (result.accumulate) {
    result.inner = reduction;
    for (Value init : op.getDpsInits())
      rowStatistics.insert(getRootBuffer(init));
    return result;
  }
  unsigned contiguous = result.rows.pop_back_val();
  result.inner = reduction;
  result.inner.push_back(contiguous);
  return result;
}
