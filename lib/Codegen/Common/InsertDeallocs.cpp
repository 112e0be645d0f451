//===- InsertDeallocs.cpp - free each buffer after its last use -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A buffer has one owner: the block that allocates it, frees it behind the last
// operation that uses it or anything that may be a view of it. Ownership
// crosses the border of a region in three ways: a branch of an scf.if yields a
// buffer of its own, which the block around the scf.if then owns; a loop takes
// over the buffer that it starts from; an iteration takes over the one that it
// carries and hands on the one that it yields. So a long loop needs no more
// memory than one iteration. Where a value that has to change hands is not
// whole or not owned, it is copied first.
//
// A buffer that a loop carries in place belongs to the block around the loop
// throughout. Where a buffer might live on otherwise (it leaves its block
// through another terminator) it is not freed at all: the runtime takes all
// memory of a run back at its end, so a missing free costs footprint only.
//===----------------------------------------------------------------------===//

#include "qopt/Codegen/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_INSERTDEALLOCSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// The buffer of which a value is another name, with the same first byte.
Value wholeBuffer(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp,
             memref::ReshapeOp>(def))
      break;
    value = def->getOperand(0);
  }
  return value;
}

/// Where buffers change hands in a loop: uses that give one away, and the
/// arguments and results that own one from there on.
struct Handover {
  SmallVector<OpOperand *> given;
  SmallVector<Value> taken;
};

Handover handoverOf(Operation *op) {
  Handover moved;
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    Operation *yield = loop.getBody()->getTerminator();
    for (auto [i, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
      OpOperand &yielded = yield->getOpOperand(i);
      // In place otherwise.
      if (!isa<MemRefType>(argument.getType()) ||
          wholeBuffer(yielded.get()) == argument)
        continue;
      moved.given.append({&loop.getInitArgsMutable()[i], &yielded});
      moved.taken.append({argument, loop->getResult(i)});
    }
    return moved;
  }
  auto loop = dyn_cast<scf::WhileOp>(op);
  if (!loop)
    return moved;
  Operation *yield = loop.getAfterBody()->getTerminator();
  llvm::SmallBitVector inPlace(loop.getBeforeArguments().size());
  for (OpOperand &forwarded : loop.getConditionOp().getArgsMutable()) {
    unsigned i = forwarded.getOperandNumber() - 1;
    Value after = loop.getAfterArguments()[i];
    if (!isa<MemRefType>(after.getType()))
      continue;
    auto before = dyn_cast<BlockArgument>(wholeBuffer(forwarded.get()));
    if (before && before.getOwner() == loop.getBeforeBody() &&
        wholeBuffer(yield->getOperand(before.getArgNumber())) == after &&
        !inPlace[before.getArgNumber()]) {
      inPlace.set(before.getArgNumber());
      continue;
    }
    moved.given.push_back(&forwarded);
    moved.taken.append({after, loop.getResult(i)});
  }
  for (BlockArgument before : loop.getBeforeArguments()) {
    unsigned i = before.getArgNumber();
    if (!isa<MemRefType>(before.getType()) || inPlace[i])
      continue;
    moved.given.append({&loop->getOpOperand(i), &yield->getOpOperand(i)});
    moved.taken.push_back(before);
  }
  return moved;
}

class Owner {
public:
  explicit Owner(MLIRContext *context) : builder(context) {}

  void run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      Handover moved = handoverOf(&op);
      for (Value value : moved.taken)
        if (isa<BlockArgument>(value))
          owned.insert(value);
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          run(inner);
      for (OpOperand *use : moved.given)
        handOver(*use);
      owned.insert(moved.taken.begin(), moved.taken.end());
      if (auto choice = dyn_cast<scf::IfOp>(op))
        handOverBranches(choice);
    }
  }

  /// Frees what is owned and not handed on.
  void insertDeallocs(Operation *root) {
    SmallVector<Value> buffers;
    root->walk<WalkOrder::PreOrder>([&](Operation *op) {
      for (Region &region : op->getRegions())
        for (BlockArgument argument : region.getArguments())
          if (owned.contains(argument))
            buffers.push_back(argument);
      for (Value result : op->getResults())
        if (owned.contains(result) || isa<memref::AllocOp>(op))
          buffers.push_back(result);
    });
    for (Value buffer : buffers)
      free(buffer);
  }

private:
  bool isOwnedIn(Value value, Block *block) {
    if (value.getParentBlock() != block)
      return false;
    return value.getDefiningOp<memref::AllocOp>() || owned.contains(value);
  }

  /// Makes the use one that takes its buffer over: nothing may use it later.
  void handOver(OpOperand &use) {
    Operation *op = use.getOwner();
    Value whole = wholeBuffer(use.get());
    if (!isOwnedIn(whole, op->getBlock()) || !isLastUse(whole, use))
      copy(use);
    transfers.insert(&use);
  }

  /// Whether no other operation from that of `use` on touches the buffer, and
  /// no other operand of it is the same buffer.
  bool isLastUse(Value whole, OpOperand &use) {
    Operation *op = use.getOwner();
    Block *block = op->getBlock();
    llvm::SetVector<Value> names;
    names.insert(whole);
    for (size_t i = 0; i < names.size(); ++i)
      for (OpOperand &other : names[i].getUses()) {
        if (&other == &use)
          continue;
        Operation *user = other.getOwner();
        Operation *ancestor = block->findAncestorOpInBlock(*user);
        if (!ancestor || ancestor == op || !ancestor->isBeforeInBlock(op) ||
            transfers.contains(&other))
          return false;
        addNames(user, ancestor, names);
      }
    return true;
  }

  /// Any buffer that an operation makes from another may be a view of it; what
  /// a terminator gets becomes a result of the operations around it.
  void addNames(Operation *user, Operation *ancestor,
                llvm::SetVector<Value> &names) {
    auto add = [&](ValueRange results) {
      for (Value result : results)
        if (isa<BaseMemRefType>(result.getType()))
          names.insert(result);
    };
    if (user->hasTrait<OpTrait::IsTerminator>())
      for (Operation *parent = user->getParentOp(); parent;
           parent = parent->getParentOp()) {
        add(parent->getResults());
        for (Region &region : parent->getRegions())
          add(region.getArguments());
        if (parent == ancestor)
          break;
      }
    add(user->getResults());
    if (isa<scf::ForOp, scf::WhileOp>(user))
      for (Region &region : user->getRegions())
        add(region.getArguments());
  }

  void copy(OpOperand &use) {
    Operation *op = use.getOwner();
    builder.setInsertionPoint(op);
    Location loc = op->getLoc();
    auto type = cast<MemRefType>(use.get().getType());
    auto plain = MemRefType::get(type.getShape(), type.getElementType());
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(memref::DimOp::create(builder, loc, use.get(), i));
    Value fresh = memref::AllocOp::create(builder, loc, plain, sizes);
    copyElements(loc, use.get(), fresh);
    use.set(plain == type
                ? fresh
                : Value(memref::CastOp::create(builder, loc, type, fresh)));
  }

  /// Linalg is gone at this point, and the copy of LLVM knows plain layouts
  /// only.
  void copyElements(Location loc, Value from, Value to) {
    auto type = cast<MemRefType>(from.getType());
    if (type.getLayout().isIdentity()) {
      memref::CopyOp::create(builder, loc, from, to);
      return;
    }
    OpBuilder::InsertionGuard guard(builder);
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0),
          one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<Value> indices;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      Value size = memref::DimOp::create(builder, loc, from, i);
      auto loop = scf::ForOp::create(builder, loc, zero, size, one);
      indices.push_back(loop.getInductionVar());
      builder.setInsertionPointToStart(loop.getBody());
    }
    memref::StoreOp::create(builder, loc,
                            memref::LoadOp::create(builder, loc, from, indices),
                            to, indices);
  }

  /// A result of an scf.if is owned if one of the branches makes it.
  void handOverBranches(scf::IfOp choice) {
    for (OpResult result : choice.getResults()) {
      if (!isa<MemRefType>(result.getType()))
        continue;
      unsigned i = result.getResultNumber();
      OpOperand *yields[] = {
          &choice.thenBlock()->getTerminator()->getOpOperand(i),
          &choice.elseBlock()->getTerminator()->getOpOperand(i)};
      if (llvm::none_of(yields, [&](OpOperand *use) {
            return isOwnedIn(wholeBuffer(use->get()),
                             use->getOwner()->getBlock());
          }))
        continue;
      for (OpOperand *use : yields)
        handOver(*use);
      owned.insert(result);
    }
  }

  void free(Value buffer) {
    Block *block = buffer.getParentBlock();
    Operation *last = buffer.getDefiningOp();
    llvm::SetVector<Value> names;
    names.insert(buffer);
    for (size_t i = 0; i < names.size(); ++i)
      for (OpOperand &use : names[i].getUses()) {
        Operation *user = use.getOwner();
        // Somebody else frees it.
        if (transfers.contains(&use))
          return;
        Operation *ancestor = block->findAncestorOpInBlock(*user);
        if (!ancestor || ancestor->hasTrait<OpTrait::IsTerminator>() ||
            isa<memref::DeallocOp>(user))
          return;
        addNames(user, ancestor, names);
        if (!last || last->isBeforeInBlock(ancestor))
          last = ancestor;
      }
    if (auto alloc = buffer.getDefiningOp<memref::AllocOp>();
        alloc && last == alloc) {
      alloc.erase();
      return;
    }
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(block);
    memref::DeallocOp::create(builder, buffer.getLoc(), buffer);
  }

  OpBuilder builder;
  /// Arguments and results whose block has to free them.
  DenseSet<Value> owned;
  /// Uses behind which somebody else is the owner.
  DenseSet<OpOperand *> transfers;
};

class InsertDeallocsPass final
    : public impl::InsertDeallocsPassBase<InsertDeallocsPass> {
  void runOnOperation() override {
    Owner owner(&getContext());
    for (Block &block : getOperation().getBody())
      owner.run(block);
    owner.insertDeallocs(getOperation());
  }
};

} // namespace
} // namespace mlir::qopt
