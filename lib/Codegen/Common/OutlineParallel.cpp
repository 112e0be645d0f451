//===- OutlineParallel.cpp - parallel loops become thread pool calls ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread pool calls a function over a range of iterations. Outlining also
// gives LLVM small functions whose pointers are known not to overlap, and lets
// equal layers of a model share their code: what differs between layers
// (buffers, weights, sizes) is captured, what is equal is the function.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Scalar operations that pay for handing a chunk to another thread: about a
/// microsecond of vectorized work.
constexpr int64_t kGrainWork = 64 * 1024;

/// Trips of a loop whose bound is computed inside the parallel body.
constexpr int64_t kGuessedTrips = 64;

/// Operations of one run of `block`; sizes of inner loops may be values.
struct Work {
  int64_t known = 0;
  SmallVector<Value> unknown;
};

Value constantIndex(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Work workOf(OpBuilder &builder, Location loc, Block &block, Region &within) {
  Work work;
  for (Operation &op : block) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      Work inner = workOf(builder, loc, *loop.getBody(), within);
      std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound()),
                             upper = getConstantIntValue(loop.getUpperBound()),
                             step = getConstantIntValue(loop.getStep());
      Value bound = loop.getUpperBound();
      bool outside = !within.isAncestor(bound.getParentRegion());
      if (lower && upper && step && *step > 0) {
        int64_t trips = std::max<int64_t>(0, *upper - *lower) / *step;
        work.known += trips * inner.known;
        for (Value value : inner.unknown)
          work.unknown.push_back(arith::MulIOp::create(
              builder, loc, value, constantIndex(builder, loc, trips)));
      } else if (outside && lower == 0 && step && *step > 0) {
        Value each = constantIndex(builder, loc, inner.known);
        for (Value value : inner.unknown)
          each = arith::AddIOp::create(builder, loc, each, value);
        Value trips = arith::DivUIOp::create(
            builder, loc, bound, constantIndex(builder, loc, *step));
        work.unknown.push_back(
            arith::MulIOp::create(builder, loc, trips, each));
      } else {
        work.known += kGuessedTrips * inner.known;
        for (Value value : inner.unknown)
          work.unknown.push_back(arith::MulIOp::create(
              builder, loc, value, constantIndex(builder, loc, kGuessedTrips)));
      }
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region) {
        Work nested = workOf(builder, loc, inner, within);
        work.known += nested.known;
        work.unknown.append(nested.unknown);
      }
    if (isa<math::MathDialect>(op.getDialect()))
      work.known += 16;
    else if (!op.hasTrait<OpTrait::ConstantLike>())
      work.known += 1;
  }
  return work;
}

/// The buffer that a view shows.
Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Whether the loop may write through `value` or a view of it.
bool isWritten(Value value, Region &region) {
  SmallVector<Value> names = {value};
  while (!names.empty()) {
    Value name = names.pop_back_val();
    for (Operation *user : name.getUsers()) {
      if (!region.isAncestor(user->getParentRegion()))
        continue;
      if (isa<ViewLikeOpInterface>(user)) {
        names.append(user->result_begin(), user->result_end());
        continue;
      }
      if (isa<memref::LoadOp, memref::DimOp, vector::LoadOp,
              vector::TransferReadOp>(user))
        continue;
      return true;
    }
  }
  return false;
}

class Outliner {
public:
  Outliner(ModuleOp module, Pass::Statistic &numOutlined)
      : symbols(module), builder(module.getContext()),
        numOutlined(numOutlined) {}

  void outline(scf::ParallelOp loop) {
    Location loc = loop.getLoc();
    if (loop.getNumLoops() != 1 || loop.getNumReductions() != 0 ||
        getConstantIntValue(loop.getLowerBound()[0]) != 0 ||
        getConstantIntValue(loop.getStep()[0]) != 1)
      return;
    builder.setInsertionPoint(loop);
    Value count = loop.getUpperBound()[0];
    Work work = workOf(builder, loc, *loop.getBody(), loop.getRegion());
    std::optional<int64_t> trips = getConstantIntValue(count);
    if (trips && work.unknown.empty() && work.known * *trips <= kGrainWork)
      return makeSequential(loop);

    // Constants are cheaper made again than passed.
    llvm::SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    SmallVector<Value> captures;
    SmallVector<Operation *> constants;
    for (Value value : used) {
      Operation *def = value.getDefiningOp();
      if (def && def->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(def);
      else
        captures.push_back(value);
    }

    Type index = builder.getIndexType();
    SmallVector<Type> types = {index, index};
    llvm::append_range(types, ValueRange(captures).getTypes());
    auto function =
        func::FuncOp::create(loc, "loop_" + std::to_string(number++),
                             builder.getFunctionType(types, {}));
    function.setPrivate();
    markNoAlias(function, loop, captures);
    Block *entry = function.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    IRMapping mapping;
    for (auto [capture, argument] :
         llvm::zip(captures, entry->getArguments().drop_front(2)))
      mapping.map(capture, argument);
    for (Operation *constant : constants)
      builder.clone(*constant, mapping);
    Value one = constantIndex(builder, loc, 1);
    auto range = scf::ForOp::create(builder, loc, entry->getArgument(0),
                                    entry->getArgument(1), one);
    mapping.map(loop.getInductionVars()[0], range.getInductionVar());
    builder.setInsertionPointToStart(range.getBody());
    for (Operation &op : loop.getBody()->without_terminator())
      builder.clone(op, mapping);
    builder.setInsertionPointToEnd(entry);
    func::ReturnOp::create(builder, loc);
    symbols.insert(function);

    builder.setInsertionPoint(loop);
    Value grain;
    if (work.unknown.empty()) {
      grain = constantIndex(
          builder, loc,
          llvm::divideCeil(kGrainWork, std::max<int64_t>(1, work.known)));
    } else {
      Value each =
          constantIndex(builder, loc, std::max<int64_t>(1, work.known));
      for (Value value : work.unknown)
        each = arith::AddIOp::create(builder, loc, each, value);
      grain = arith::CeilDivUIOp::create(
          builder, loc, constantIndex(builder, loc, kGrainWork), each);
    }
    ParallelCallOp::create(builder, loc,
                           FlatSymbolRefAttr::get(function.getSymNameAttr()),
                           count, grain, captures);
    loop.erase();
    ++numOutlined;
  }

private:
  void makeSequential(scf::ParallelOp loop) {
    auto range =
        scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound()[0],
                           loop.getUpperBound()[0], loop.getStep()[0]);
    range.getBody()->getTerminator()->erase();
    loop.getBody()->getTerminator()->erase();
    loop.getInductionVars()[0].replaceAllUsesWith(range.getInductionVar());
    range.getBody()->getOperations().splice(range.getBody()->end(),
                                            loop.getBody()->getOperations());
    builder.setInsertionPointToEnd(range.getBody());
    scf::YieldOp::create(builder, loop.getLoc());
    loop.erase();
  }

  /// Marks the captured buffers that nothing else in the loop can overlap with:
  /// different allocations never do; the caller's inputs and outputs might.
  void markNoAlias(func::FuncOp function, scf::ParallelOp loop,
                   ArrayRef<Value> captures) {
    llvm::DenseMap<Value, unsigned> sharers;
    llvm::DenseSet<Value> written;
    bool writesOutput = false, readsInput = false;
    for (Value capture : captures) {
      if (!isa<MemRefType>(capture.getType()))
        continue;
      Value root = rootOf(capture);
      ++sharers[root];
      if (isWritten(capture, loop.getRegion())) {
        written.insert(root);
        writesOutput |= bool(root.getDefiningOp<OutputOp>());
      }
      readsInput |= isa<BlockArgument>(root);
    }
    for (auto [position, capture] : llvm::enumerate(captures)) {
      if (!isa<MemRefType>(capture.getType()))
        continue;
      Value root = rootOf(capture);
      bool output = bool(root.getDefiningOp<OutputOp>());
      bool input = isa<BlockArgument>(root);
      if (!output && !input &&
          !isa_and_nonnull<memref::AllocOp, WeightOp, memref::GetGlobalOp>(
              root.getDefiningOp()))
        continue;
      if ((output && readsInput) || (input && writesOutput))
        continue;
      if (sharers[root] == 1 || !written.contains(root))
        function.setArgAttr(position + 2, "qopt.noalias",
                            builder.getUnitAttr());
    }
  }

  SymbolTable symbols;
  OpBuilder builder;
  Pass::Statistic &numOutlined;
  unsigned number = 0;
};

/// Merges private functions that are equal but for their names. Callees come
/// before their callers in the outlined code, so a second round sees callers
/// that have become equal.
unsigned mergeEqualFunctions(ModuleOp module) {
  unsigned merged = 0;
  while (true) {
    llvm::MapVector<llvm::hash_code, SmallVector<func::FuncOp>> groups;
    llvm::DenseMap<StringAttr, FlatSymbolRefAttr> replaced;
    SmallVector<func::FuncOp> dead;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.isPrivate() || function.isExternal())
        continue;
      llvm::hash_code hash = hash_value(function.getFunctionType());
      function.getBody().walk([&](Operation *op) {
        hash = llvm::hash_combine(
            hash, op->getName().getTypeID(),
            op->getNumOperands() ? op->getOperand(0).getType() : Type(),
            op->getNumOperands());
      });
      SmallVector<func::FuncOp> &group = groups[hash];
      auto equal = llvm::find_if(group, [&](func::FuncOp other) {
        return other.getFunctionType() == function.getFunctionType() &&
               other.getArgAttrsAttr() == function.getArgAttrsAttr() &&
               other->getDiscardableAttrDictionary() ==
                   function->getDiscardableAttrDictionary() &&
               OperationEquivalence::isRegionEquivalentTo(
                   &other.getBody(), &function.getBody(),
                   OperationEquivalence::IgnoreLocations);
      });
      if (equal == group.end()) {
        group.push_back(function);
        continue;
      }
      replaced[function.getSymNameAttr()] =
          FlatSymbolRefAttr::get(equal->getSymNameAttr());
      dead.push_back(function);
    }
    if (dead.empty())
      return merged;
    module.walk([&](Operation *op) {
      if (auto call = dyn_cast<ParallelCallOp>(op)) {
        if (auto callee = replaced.lookup(call.getCalleeAttr().getAttr()))
          call.setCalleeAttr(callee);
      } else if (auto call = dyn_cast<func::CallOp>(op)) {
        if (auto callee = replaced.lookup(call.getCalleeAttr().getAttr()))
          call.setCalleeAttr(callee);
      }
    });
    for (func::FuncOp function : dead)
      function.erase();
    merged += dead.size();
  }
}

class OutlineParallelPass final
    : public impl::OutlineParallelPassBase<OutlineParallelPass> {
  void runOnOperation() override {
    SmallVector<scf::ParallelOp> loops;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      loops.push_back(loop);
      return WalkResult::skip();
    });
    Outliner outliner(getOperation(), numOutlined);
    for (scf::ParallelOp loop : loops)
      outliner.outline(loop);
    numMerged += mergeEqualFunctions(getOperation());
  }
};

} // namespace
} // namespace mlir::qopt
