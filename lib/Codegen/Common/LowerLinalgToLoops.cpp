//===- LowerLinalgToLoops.cpp - linalg on buffers to row loops ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every operation becomes one parallel loop over "rows", the collapsed product
// of its leading parallel dims, around sequential loops whose innermost walks
// along contiguous memory. All operations on [.., D] thus have the same outer
// loop, whatever the rank, which is what lets qopt-fuse-row-loops join them.
// The innermost loop is left to LLVM's vectorizer.
//===----------------------------------------------------------------------===//

#include "LoopPlan.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_LOWERLINALGTOLOOPSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

Value asValue(OpBuilder &builder, Location loc, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, loc, size);
}

class Lowering {
public:
  explicit Lowering(func::FuncOp func) : builder(func.getContext()) {}

  LogicalResult lower(linalg::LinalgOp op);

  /// Finds the fills that initialise reductions; they need no loop of their
  /// own.
  void foldFill(linalg::LinalgOp op, llvm::DenseSet<Operation *> &folded);

private:
  OpFoldResult dimSize(linalg::LinalgOp op, unsigned dim);
  void emitInner(linalg::LinalgOp op, const LoopPlan &loops, unsigned level,
                 SmallVector<Value> &ivs);
  SmallVector<Value> emitReduction(linalg::LinalgOp op, const LoopPlan &loops,
                                   unsigned level, SmallVector<Value> &ivs,
                                   ValueRange accumulators);
  Value initialValue(linalg::LinalgOp op, OpOperand &init, ArrayRef<Value> ivs);

  OpBuilder builder;
  Location loc = builder.getUnknownLoc();
  SmallVector<OpFoldResult> sizes;
  LoopPlanner planner;
  /// Value with which a fill that was folded away initialised the init of an
  /// operation.
  llvm::DenseMap<std::pair<Operation *, Value>, Value> foldedFills;
};

/// The fill that alone determines what `op` finds in the buffer `init`.
linalg::FillOp findFill(linalg::LinalgOp op, Value init) {
  for (Operation *user = op->getPrevNode(); user; user = user->getPrevNode()) {
    bool touches = llvm::is_contained(user->getOperands(), init);
    if (auto fill = dyn_cast<linalg::FillOp>(user))
      if (touches && fill.getDpsInits()[0] == init)
        return fill;
    if (touches || (user->getNumRegions() != 0 && !isa<linalg::LinalgOp>(user)))
      return nullptr;
  }
  return nullptr;
}

/// Whether views of `buffer` exist, through which it could be reached by
/// another name.
bool isOnlyName(Value buffer) {
  return buffer.getDefiningOp<memref::AllocOp>() &&
         llvm::none_of(buffer.getUsers(), [](Operation *user) {
           return isa<ViewLikeOpInterface>(user);
         });
}

OpFoldResult Lowering::dimSize(linalg::LinalgOp op, unsigned dim) {
  int64_t known = op.getStaticLoopRanges()[dim];
  if (!ShapedType::isDynamic(known))
    return builder.getIndexAttr(known);
  // Outputs first: their sizes are what other operations are sized by too.
  auto find = [&](OpOperand &operand) -> Value {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [position, expr] : llvm::enumerate(map.getResults()))
      if (auto plain = dyn_cast<AffineDimExpr>(expr))
        if (plain.getPosition() == dim)
          return memref::DimOp::create(builder, loc, operand.get(), position);
    return {};
  };
  for (OpOperand &init : op.getDpsInitsMutable())
    if (Value size = find(init))
      return size;
  for (OpOperand *input : op.getDpsInputOperands())
    if (Value size = find(*input))
      return size;
  return op.createLoopRanges(builder, loc)[dim].size;
}

Value Lowering::initialValue(linalg::LinalgOp op, OpOperand &init,
                             ArrayRef<Value> ivs) {
  if (Value fill = foldedFills.lookup({op.getOperation(), init.get()}))
    return fill;
  return memref::LoadOp::create(
      builder, loc, init.get(),
      indicesOf(builder, loc, op.getMatchingIndexingMap(&init), ivs));
}

SmallVector<Value> Lowering::emitReduction(linalg::LinalgOp op,
                                           const LoopPlan &loops,
                                           unsigned level,
                                           SmallVector<Value> &ivs,
                                           ValueRange accumulators) {
  if (level == loops.inner.size())
    return emitBody(builder, loc, op, ivs, accumulators);
  unsigned dim = loops.inner[level];
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(
      builder, loc, zero, asValue(builder, loc, sizes[dim]), one, accumulators);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ivs[dim] = loop.getInductionVar();
  SmallVector<Value> next =
      emitReduction(op, loops, level + 1, ivs, loop.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

void Lowering::emitInner(linalg::LinalgOp op, const LoopPlan &loops,
                         unsigned level, SmallVector<Value> &ivs) {
  auto store = [&](ValueRange values) {
    for (auto [init, value] : llvm::zip(op.getDpsInitsMutable(), values))
      memref::StoreOp::create(
          builder, loc, value, init.get(),
          indicesOf(builder, loc, op.getMatchingIndexingMap(&init), ivs));
  };
  if (loops.accumulate) {
    SmallVector<Value> accumulators;
    for (OpOperand &init : op.getDpsInitsMutable())
      accumulators.push_back(initialValue(op, init, ivs));
    store(emitReduction(op, loops, 0, ivs, accumulators));
    return;
  }
  if (level == loops.inner.size()) {
    store(emitBody(builder, loc, op, ivs, {}));
    return;
  }
  unsigned dim = loops.inner[level];
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero,
                                 asValue(builder, loc, sizes[dim]), one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ivs[dim] = loop.getInductionVar();
  emitInner(op, loops, level + 1, ivs);
}

void Lowering::foldFill(linalg::LinalgOp op,
                        llvm::DenseSet<Operation *> &folded) {
  if (op.getNumReductionLoops() == 0 || !op.hasPureBufferSemantics() ||
      !planner.plan(op).accumulate)
    return;
  for (Value init : op.getDpsInits())
    if (isOnlyName(init))
      if (linalg::FillOp fill = findFill(op, init)) {
        foldedFills[{op.getOperation(), init}] = fill.getInputs()[0];
        folded.insert(fill);
      }
}

LogicalResult Lowering::lower(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics())
    return op->emitOpError("is not bufferized");
  loc = op->getLoc();
  builder.setInsertionPoint(op);
  LoopPlan loops = planner.plan(op);
  sizes.clear();
  for (unsigned dim = 0; dim < op.getNumLoops(); ++dim)
    sizes.push_back(dimSize(op, dim));

  // No row at all: nothing to write, and no size to split an index by.
  if (llvm::any_of(loops.rows, [&](unsigned dim) {
        return getConstantIntValue(sizes[dim]) == 0;
      })) {
    op->erase();
    return success();
  }

  SmallVector<Value> ivs(op.getNumLoops());
  if (loops.rows.empty()) {
    emitInner(op, loops, 0, ivs);
  } else {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<OpFoldResult> basis;
    Value count;
    for (unsigned dim : loops.rows) {
      basis.push_back(sizes[dim]);
      Value size = asValue(builder, loc, sizes[dim]);
      count = count ? arith::MulIOp::create(builder, loc, count, size) : size;
    }
    auto rows = scf::ParallelOp::create(builder, loc, ValueRange{zero},
                                        ValueRange{count}, ValueRange{one});
    builder.setInsertionPointToStart(rows.getBody());
    Value row = rows.getInductionVars()[0];
    if (loops.rows.size() == 1) {
      ivs[loops.rows[0]] = row;
    } else {
      auto split = affine::AffineDelinearizeIndexOp::create(
          builder, loc, row, basis, /*hasOuterBound=*/true);
      for (auto [dim, value] : llvm::zip(loops.rows, split.getResults()))
        ivs[dim] = value;
    }
    emitInner(op, loops, 0, ivs);
  }
  op->erase();
  return success();
}

/// The dynamic size that `buffer` was made with, or null.
Value givenSize(Value buffer, int64_t dim) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || dim < 0 || dim >= type.getRank() || !type.isDynamicDim(dim))
    return {};
  unsigned position = type.getDynamicDimIndex(dim);
  if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
    return alloc.getDynamicSizes()[position];
  if (auto output = buffer.getDefiningOp<OutputOp>())
    return output.getDynamicSizes()[position];
  if (auto expand = buffer.getDefiningOp<memref::ExpandShapeOp>())
    return expand.getOutputShape()[position];
  return {};
}

/// Sizes of buffers as they were given: the same value for all operations of
/// that size, which is how loops of equal bounds are recognised.
void foldDims(func::FuncOp func) {
  SmallVector<memref::DimOp> dims;
  func.walk([&](memref::DimOp op) { dims.push_back(op); });
  for (memref::DimOp dim : dims)
    if (std::optional<int64_t> index = dim.getConstantIndex())
      if (Value size = givenSize(dim.getSource(), *index)) {
        dim.replaceAllUsesWith(size);
        dim.erase();
      }
}

class LowerLinalgToLoopsPass final
    : public impl::LowerLinalgToLoopsPassBase<LowerLinalgToLoopsPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    foldDims(func);
    // Copies are elementwise operations like any other: parallel, and fused.
    SmallVector<memref::CopyOp> copies;
    func.walk([&](memref::CopyOp op) { copies.push_back(op); });
    OpBuilder builder(&getContext());
    for (memref::CopyOp copy : copies) {
      builder.setInsertionPoint(copy);
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
      copy.erase();
    }
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](Operation *op) {
      if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
        ops.push_back(linalgOp);
      } else if (isa_and_nonnull<linalg::LinalgDialect>(op->getDialect()) &&
                 !isa<linalg::YieldOp, linalg::IndexOp>(op)) {
        op->emitOpError("has no lowering to loops");
        signalPassFailure();
      }
    });
    Lowering lowering(func);
    llvm::DenseSet<Operation *> folded;
    for (linalg::LinalgOp op : ops)
      lowering.foldFill(op, folded);
    for (linalg::LinalgOp op : ops) {
      if (folded.contains(op))
        op->erase();
      else if (failed(lowering.lower(op)))
        return signalPassFailure();
    }
    foldDims(func);
  }
};

} // namespace
} // namespace mlir::qopt
