//===- Loops.cpp - scf loops and branches that carry values ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Loops.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::qopt;

SmallVector<Value>
qopt::forLoop(Lowering &l, Value from, Value to, ValueRange carried,
              llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(l.b, from, to, l.index(1), carried);
  OpBuilder::InsertionGuard guard(l.b);
  l.b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(l.b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> qopt::ifThen(Lowering &l, Value condition,
                                ValueRange otherwise,
                                llvm::function_ref<SmallVector<Value>()> then) {
  auto branch = scf::IfOp::create(l.b, otherwise.getTypes(), condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(l.b);
  l.b.setInsertionPointToStart(&branch.getThenRegion().front());
  scf::YieldOp::create(l.b, then());
  l.b.setInsertionPointToStart(&branch.getElseRegion().front());
  scf::YieldOp::create(l.b, otherwise);
  return llvm::to_vector_of<Value>(branch.getResults());
}
