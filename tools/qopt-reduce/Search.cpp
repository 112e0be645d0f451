//===- Search.cpp - the smallest subgraph that still fails ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tree of MLIR's reducer: a node is a module, its children drop ranges of
// operations, ever smaller ones. From an interesting child the search goes on;
// it ends when no single operation can go.
//===----------------------------------------------------------------------===//

#include "Reduce.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

static Region &bodyOf(ModuleOp module) {
  return module.lookupSymbol<func::FuncOp>("main").getBody();
}

/// Interest, and a size in which nodes count first and bytes second: a node may
/// be fewer letters than the input that it becomes. A module that returns
/// nothing computes nothing.
static std::pair<Tester::Interestingness, size_t> test(ModuleOp module,
                                                       const Tester &tester) {
  if (module.lookupSymbol<func::FuncOp>("main").getNumResults() == 0)
    return {Tester::Interestingness::False, 0};
  auto [interest, bytes] = tester.isInteresting(module);
  constexpr unsigned bytesBits = 40;
  return {interest, (size_t(qopt_reduce::countNodes(module)) << bytesBits) +
                        std::min(bytes, (size_t(1) << bytesBits) - 1)};
}

bool qopt_reduce::reduce(OwningOpRef<ModuleOp> &module, const Tester &tester) {
  auto [interest, size] = test(*module, tester);
  if (interest != Tester::Interestingness::True)
    return false;

  llvm::SpecificBumpPtrAllocator<ReductionNode> allocator;
  Region &body = bodyOf(*module);
  std::vector<ReductionNode::Range> all = {
      {0, static_cast<int>(body.front().getOperations().size())}};
  auto *root = allocator.Allocate();
  new (root) ReductionNode(nullptr, all, allocator);
  if (failed(root->initialize(*module, body)))
    return false;
  root->update({interest, size});

  ReductionNode *smallest = root;
  ReductionNode::iterator<SinglePath> node(root);
  auto end = ReductionNode::iterator<SinglePath>::end();
  for (++node; !(node == end); ++node) {
    ReductionNode &current = *node;
    keepSubgraph(current.getRegion(), current.getRanges());
    current.update(test(current.getModule(), tester));
    if (current.isInteresting() == Tester::Interestingness::True &&
        current.getSize() < smallest->getSize())
      smallest = &current;
  }
  module = cast<ModuleOp>(smallest->getModule()->clone());
  return true;
}
