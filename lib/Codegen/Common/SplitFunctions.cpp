//===- SplitFunctions.cpp - a model of any length, functions of bounded ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The time that LLVM takes for a function grows faster than its length, and
// @main is as long as the model. Here its blocks are cut into parts, each a
// function that is called once: what a part reads from before becomes an
// argument, what is read behind it a result. Buffers have their owners by now,
// so that it does not matter which function allocates and which one frees.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_SPLITFUNCTIONSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

int64_t lengthOf(Operation *op) {
  int64_t length = 0;
  op->walk([&](Operation *) { ++length; });
  return length;
}

/// Cheaper made again where it is read than passed.
bool isRemade(Operation *op) {
  return op && (op->hasTrait<OpTrait::ConstantLike>() ||
                isa<WeightOp, memref::GetGlobalOp>(op));
}

class Splitter {
public:
  Splitter(ModuleOp module, int64_t limit)
      : symbols(module), builder(module.getContext()), limit(limit) {}

  unsigned split(func::FuncOp function) {
    SmallVector<Block *> blocks;
    // Inner ones first: a region that has been cut is short.
    function.walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      if (block->getParentOp() == function || callsFunctions(*block))
        splitBlock(*block);
    return number;
  }

private:
  /// Whether there is more than scalar code, which belongs together.
  static bool callsFunctions(Block &block) {
    return llvm::any_of(block, [](Operation &op) {
      return isa<func::CallOp, ParallelCallOp, memref::AllocOp>(op);
    });
  }

  void splitBlock(Block &block) {
    SmallVector<Operation *> ops;
    SmallVector<int64_t> ends;
    int64_t total = 0;
    for (Operation &op :
         llvm::make_early_inc_range(block.without_terminator())) {
      // Stack memory must outlive the part in which its operation stands.
      if (isa<memref::AllocaOp>(op)) {
        if (op.getNumOperands() != 0)
          return;
        op.moveBefore(&block, block.begin());
        continue;
      }
      if (isRemade(&op))
        continue;
      ops.push_back(&op);
      ends.push_back(total += lengthOf(&op));
    }
    if (total <= limit)
      return;
    SmallVector<int64_t> live = countLive(block, ops);
    size_t begin = 0;
    while (begin < ops.size()) {
      int64_t start = begin == 0 ? 0 : ends[begin - 1];
      if (total - start <= limit)
        break;
      // Of the places in the last quarter, the one that the fewest values
      // cross.
      size_t end = begin + 1;
      for (size_t i = end; i < ops.size() && ends[i] - start <= limit; ++i)
        if (ends[i] - start <= limit - limit / 4 || live[i] < live[end - 1])
          end = i + 1;
      outline(ArrayRef(ops).slice(begin, end - begin));
      begin = end;
    }
  }

  /// For each operation, how many values are read behind it that are made by it
  /// or before it.
  static SmallVector<int64_t> countLive(Block &block,
                                        ArrayRef<Operation *> ops) {
    llvm::DenseMap<Operation *, size_t> places;
    for (auto [i, op] : llvm::enumerate(ops))
      places[op] = i;
    SmallVector<int64_t> change(ops.size() + 1);
    for (auto [i, op] : llvm::enumerate(ops))
      for (Value result : op->getResults()) {
        size_t last = i;
        for (Operation *user : result.getUsers()) {
          auto place = places.find(block.findAncestorOpInBlock(*user));
          last = std::max(last,
                          place == places.end() ? ops.size() : place->second);
        }
        ++change[i];
        --change[last];
      }
    for (size_t i = 1; i < change.size(); ++i)
      change[i] += change[i - 1];
    return change;
  }

  void outline(ArrayRef<Operation *> ops) {
    Location loc = ops.front()->getLoc();
    Block *block = ops.front()->getBlock();
    llvm::SmallDenseSet<Operation *> inside(ops.begin(), ops.end());
    auto isInside = [&](Operation *op) {
      Operation *ancestor = block->findAncestorOpInBlock(*op);
      return ancestor && inside.contains(ancestor);
    };
    llvm::SetVector<Value> inputs, outputs, remade;
    for (Operation *op : ops) {
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands()) {
          Operation *owner = operand.getDefiningOp()
                                 ? operand.getDefiningOp()
                                 : operand.getParentBlock()->getParentOp();
          bool own = isa<BlockArgument>(operand)
                         ? operand.getParentBlock() != block && isInside(owner)
                         : isInside(owner);
          if (!own)
            (isRemade(operand.getDefiningOp()) ? remade : inputs)
                .insert(operand);
        }
      });
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(),
                         [&](Operation *user) { return !isInside(user); }))
          outputs.insert(result);
    }

    builder.setInsertionPoint(ops.front());
    auto part = func::FuncOp::create(
        loc, "part_" + std::to_string(number++),
        builder.getFunctionType(TypeRange(inputs.getArrayRef()),
                                TypeRange(outputs.getArrayRef())));
    part.setPrivate();
    // Else LLVM would put together again what is called once.
    part->setAttr("no_inline", builder.getUnitAttr());
    symbols.insert(part);
    auto call = func::CallOp::create(builder, loc, part, inputs.getArrayRef());
    for (auto [i, result] : llvm::enumerate(call.getResults())) {
      Value output = outputs[i];
      output.replaceUsesWithIf(
          result, [&](OpOperand &use) { return !isInside(use.getOwner()); });
    }

    Block *entry = part.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    llvm::DenseMap<Value, Value> inPart;
    for (Value value : remade)
      inPart[value] = builder.clone(*value.getDefiningOp())->getResult(0);
    for (auto [input, argument] : llvm::zip(inputs, entry->getArguments()))
      inPart[input] = argument;
    for (Operation *op : ops) {
      op->moveBefore(entry, entry->end());
      op->walk([&](Operation *inner) {
        for (OpOperand &operand : inner->getOpOperands())
          if (Value value = inPart.lookup(operand.get()))
            operand.set(value);
      });
    }
    builder.setInsertionPointToEnd(entry);
    func::ReturnOp::create(builder, loc, outputs.getArrayRef());
  }

  SymbolTable symbols;
  OpBuilder builder;
  int64_t limit;
  unsigned number = 0;
};

class SplitFunctionsPass final
    : public impl::SplitFunctionsPassBase<SplitFunctionsPass> {
public:
  using SplitFunctionsPassBase::SplitFunctionsPassBase;

private:
  void runOnOperation() override {
    if (auto main = getOperation().lookupSymbol<func::FuncOp>("main"))
      numParts += Splitter(getOperation(), limit).split(main);
  }
};

} // namespace
} // namespace mlir::qopt
