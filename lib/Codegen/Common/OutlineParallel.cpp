//===- OutlineParallel.cpp - parallel loops become thread pool calls ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread pool calls a function over a range of iterations. Outlining also
// gives LLVM small functions whose pointers are known not to overlap, and lets
// equal layers of a model share their code: what differs between layers
// (buffers, weights, sizes) is captured, what is equal is the function.
//===----------------------------------------------------------------------===//

#include "RowAccess.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
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
              vector::MaskedLoadOp, vector::TransferReadOp>(user))
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
    if (!isRowLoop(loop))
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
    // A slot on the stack serves all iterations.
    for (auto alloca : loop.getBody()->getOps<memref::AllocaOp>())
      builder.clone(*alloca, mapping);
    emitRange(loop, entry->getArgument(0), entry->getArgument(1), mapping);
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
  /// The body for all indices from begin to end. Where it splits its index into
  /// coordinates, these are counted up instead: a division by a size that is
  /// not known costs more than many a row.
  void emitRange(scf::ParallelOp loop, Value begin, Value end,
                 IRMapping &mapping) {
    Location loc = loop.getLoc();
    Value one = constantIndex(builder, loc, 1);
    Value zero = constantIndex(builder, loc, 0);
    affine::AffineDelinearizeIndexOp split;
    for (auto op : loop.getBody()->getOps<affine::AffineDelinearizeIndexOp>())
      if (!split && op.getLinearIndex() == loop.getInductionVars()[0] &&
          op.hasOuterBound() &&
          llvm::all_of(op.getDynamicBasis(), [&](Value size) {
            return !loop.getRegion().isAncestor(size.getParentRegion());
          }))
        split = op;
    SmallVector<Value> start, sizes;
    if (split) {
      mapping.map(loop.getInductionVars()[0], begin);
      Operation *first = builder.clone(*split, mapping);
      start = llvm::to_vector_of<Value>(first->getResults());
      for (OpFoldResult size : split.getMixedBasis()) {
        auto value = dyn_cast<Value>(size);
        sizes.push_back(
            value ? mapping.lookupOrDefault(value)
                  : constantIndex(builder, loc, *getConstantIntValue(size)));
      }
    }
    auto range = scf::ForOp::create(builder, loc, begin, end, one, start);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(range.getBody());
    mapping.map(loop.getInductionVars()[0], range.getInductionVar());
    if (split)
      for (auto [result, coordinate] :
           llvm::zip(split.getResults(), range.getRegionIterArgs()))
        mapping.map(result, coordinate);
    for (Operation &op : loop.getBody()->without_terminator())
      if (&op != split.getOperation() && !isa<memref::AllocaOp>(op))
        builder.clone(op, mapping);
    if (!split)
      return;
    SmallVector<Value> next(start.size());
    Value carry;
    for (int64_t i = start.size() - 1; i >= 0; --i) {
      Value old = range.getRegionIterArgs()[i];
      Value up = arith::AddIOp::create(builder, loc, old, one);
      Value wraps = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::eq, up, sizes[i]);
      Value value = i == 0
                        ? up
                        : arith::SelectOp::create(builder, loc, wraps, zero, up)
                              .getResult();
      next[i] = carry ? arith::SelectOp::create(builder, loc, carry, value, old)
                            .getResult()
                      : value;
      carry =
          carry ? arith::AndIOp::create(builder, loc, carry, wraps).getResult()
                : wraps;
    }
    scf::YieldOp::create(builder, loc, next);
  }

  void makeSequential(scf::ParallelOp loop) {
    IRMapping mapping;
    {
      OpBuilder::InsertionGuard guard(builder);
      auto function = loop->getParentOfType<func::FuncOp>();
      builder.setInsertionPointToStart(&function.getBody().front());
      for (auto alloca : loop.getBody()->getOps<memref::AllocaOp>())
        builder.clone(*alloca, mapping);
    }
    emitRange(loop, loop.getLowerBound()[0], loop.getUpperBound()[0], mapping);
    loop.erase();
  }

  /// Marks the captured buffers that nothing else in the loop can overlap with.
  /// Different allocations never do, and the runtime refuses outputs that
  /// overlap inputs or each other.
  void markNoAlias(func::FuncOp function, scf::ParallelOp loop,
                   ArrayRef<Value> captures) {
    llvm::DenseMap<Value, unsigned> sharers;
    llvm::DenseSet<Value> written;
    for (Value capture : captures) {
      if (!isa<MemRefType>(capture.getType()))
        continue;
      Value root = getRootBuffer(capture);
      ++sharers[root];
      if (isWritten(capture, loop.getRegion()))
        written.insert(root);
    }
    for (auto [position, capture] : llvm::enumerate(captures)) {
      if (!isa<MemRefType>(capture.getType()))
        continue;
      Value root = getRootBuffer(capture);
      // Inputs of other functions than @main may be anything.
      auto argument = dyn_cast<BlockArgument>(root);
      bool known =
          argument
              ? loop->getParentOfType<func::FuncOp>().getName() == "main" &&
                    isa<func::FuncOp>(argument.getOwner()->getParentOp())
              : isa<memref::AllocOp, memref::AllocaOp, OutputOp, WeightOp,
                    memref::GetGlobalOp>(root.getDefiningOp());
      if (known && (sharers[root] == 1 || !written.contains(root)))
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
