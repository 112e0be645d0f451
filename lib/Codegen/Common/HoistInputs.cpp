//===- HoistInputs.cpp - make room for the fusion of two loops ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "HoistInputs.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

bool mlir::qopt::hoistInputs(Operation *first, Operation *second,
                             llvm::function_ref<bool(Operation *)> canMove) {
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(second->getRegions(), used);
  for (Value operand : second->getOperands())
    used.insert(operand);
  llvm::SetVector<Operation *> moved;
  for (size_t i = 0; i < used.size(); ++i) {
    Operation *def = used[i].getDefiningOp();
    if (!def || def->getBlock() != first->getBlock() ||
        def->isBeforeInBlock(first))
      continue;
    if (def->getNumRegions() != 0 || !canMove(def))
      return false;
    if (moved.insert(def))
      for (Value operand : def->getOperands())
        used.insert(operand);
  }
  SmallVector<Operation *> ordered = moved.takeVector();
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : ordered)
    op->moveBefore(first);
  return true;
}
