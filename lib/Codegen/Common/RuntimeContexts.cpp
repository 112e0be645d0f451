//===- RuntimeContexts.cpp - the context as an argument -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whatever calls the runtime hands its context on. It is the first argument of
// a function, or the first capture where the function is called by ranges.
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"

using namespace mlir;
using namespace mlir::qopt;

static bool needsContext(Operation *op) {
  return isa<memref::AllocOp, memref::DeallocOp, OutputOp, RequireOp, ObserveOp,
             GuardOp, ParallelCallOp>(op);
}

static SmallVector<Value> withContext(ParallelCallOp call, Value context) {
  SmallVector<Value> captures = {context};
  llvm::append_range(captures, call.getCaptures());
  return captures;
}

RuntimeContexts::RuntimeContexts(ModuleOp module) {
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  SymbolTable symbols(module);
  llvm::DenseSet<Operation *> ranged;
  llvm::SetVector<Operation *> needing;
  if (auto main = symbols.lookup<func::FuncOp>("main"))
    needing.insert(main);
  module.walk([&](Operation *op) {
    if (needsContext(op))
      if (auto function = op->getParentOfType<func::FuncOp>())
        needing.insert(function);
    if (auto call = dyn_cast<ParallelCallOp>(op))
      ranged.insert(symbols.lookup(call.getCallee()));
  });
  llvm::DenseMap<Operation *, SmallVector<Operation *>> callers;
  module.walk([&](func::CallOp call) {
    callers[symbols.lookup(call.getCallee())].push_back(
        call->getParentOfType<func::FuncOp>());
  });
  for (size_t i = 0; i < needing.size(); ++i)
    for (Operation *caller : callers.lookup(needing[i]))
      if (caller)
        needing.insert(caller);
  for (Operation *op : needing) {
    auto function = cast<func::FuncOp>(op);
    unsigned position = ranged.contains(op) ? 2 : 0;
    (void)function.insertArgument(position, pointer, {}, function.getLoc());
    contexts[op] = function.getArgument(position);
  }
  module.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      Operation *callee = symbols.lookup(call.getCallee());
      if (contexts.contains(callee))
        call->insertOperands(ranged.contains(callee) ? 2 : 0, of(op));
    } else if (auto call = dyn_cast<ParallelCallOp>(op)) {
      if (contexts.contains(symbols.lookup(call.getCallee())))
        call.getCapturesMutable().assign(withContext(call, of(call)));
    }
  });
}
