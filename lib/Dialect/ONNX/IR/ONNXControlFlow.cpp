//===- ONNXControlFlow.cpp - ops that hold graphs ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold of graphs inside graphs, and the simplifications that need no
// shapes: a condition that is a constant chooses its graph, a loop of no
// iteration or without use of a result loses it.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::onnx;

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.cpp.inc"

void ONNXDialect::registerControlFlowOps() {
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.cpp.inc"
      >();
}

// The yield of a region, or null after an error.
static YieldOp yieldOf(Operation *op, Region &region, StringRef what) {
  if (!region.front().empty())
    if (auto yield = dyn_cast<YieldOp>(region.front().back()))
      return yield;
  op->emitOpError() << what << " does not end in onnx.Yield";
  return nullptr;
}

static bool sameElement(Type a, Type b) {
  return getElementTypeOrSelf(a) == getElementTypeOrSelf(b);
}

// The one value of a constant condition or count; none if it is not constant.
static std::optional<int64_t> constantNumber(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense =
      constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : nullptr;
  if (!dense || dense.getNumElements() != 1)
    return std::nullopt;
  APInt number = *dense.value_begin<APInt>();
  return number.getBitWidth() == 1 ? int64_t(number.getZExtValue())
                                   : number.getSExtValue();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

LogicalResult IfOp::verify() {
  std::pair<Region *, StringRef> branches[] = {
      {&getThenBranch(), "then_branch"}, {&getElseBranch(), "else_branch"}};
  for (auto [region, name] : branches) {
    if (region->getNumArguments() != 0)
      return emitOpError() << name << " takes inputs";
    YieldOp yield = yieldOf(*this, *region, name);
    if (!yield)
      return failure();
    if (yield.getNumOperands() != getNumResults())
      return emitOpError() << name << " has " << yield.getNumOperands()
                           << " outputs, the node " << getNumResults();
    for (auto [i, value] : llvm::enumerate(yield.getValues()))
      if (!sameElement(value.getType(), getResult(i).getType()))
        return emitOpError()
               << "output " << i << " of " << name << " is " << value.getType()
               << ", that of the node " << getResult(i).getType();
  }
  return success();
}

namespace {
struct InlineBranch : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> taken = constantNumber(op.getCond());
    if (!taken)
      return rewriter.notifyMatchFailure(op, "condition is not constant");
    Block &block = (*taken ? op.getThenBranch() : op.getElseBranch()).front();
    SmallVector<Value> values(block.getTerminator()->getOperands());
    rewriter.eraseOp(block.getTerminator());
    rewriter.inlineBlockBefore(&block, op);
    rewriter.replaceOp(op, values);
    return success();
  }
};

// Results that nothing reads: their graphs may shrink.
struct DropUnusedResults : OpRewritePattern<IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(IfOp op,
                                PatternRewriter &rewriter) const override {
    llvm::BitVector unused(op.getNumResults());
    for (OpResult result : op.getResults())
      if (result.use_empty())
        unused.set(result.getResultNumber());
    if (unused.none() || unused.all())
      return rewriter.notifyMatchFailure(op, "all results are used, or none");
    SmallVector<Value> old;
    SmallVector<Type> types;
    for (OpResult result : op.getResults())
      if (!unused[result.getResultNumber()]) {
        old.push_back(result);
        types.push_back(result.getType());
      }
    for (Region *region : {&op.getThenBranch(), &op.getElseBranch()}) {
      Operation *yield = region->front().getTerminator();
      rewriter.modifyOpInPlace(yield, [&] { yield->eraseOperands(unused); });
    }
    auto slim = IfOp::create(rewriter, op.getLoc(), types, op.getCond());
    slim->setAttrs(op->getAttrs());
    slim.getThenBranch().takeBody(op.getThenBranch());
    slim.getElseBranch().takeBody(op.getElseBranch());
    for (auto [from, to] : llvm::zip(old, slim.getResults()))
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void IfOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                       MLIRContext *context) {
  patterns.add<InlineBranch, DropUnusedResults>(context);
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

MutableArrayRef<BlockArgument> LoopOp::getCarriedArguments() {
  return getBody().front().getArguments().drop_front(2);
}

OperandRange LoopOp::getYielded() {
  return getBody().front().getTerminator()->getOperands();
}

bool LoopOp::isCounted() {
  if (!isa<NoneType>(getCond().getType()) && constantNumber(getCond()) != 1)
    return false;
  Value next = getYielded().front();
  while (auto identity = next.getDefiningOp<IdentityOp>())
    next = identity.getInput();
  return next == getBody().getArgument(1) || constantNumber(next) == 1;
}

LogicalResult LoopOp::verify() {
  Block &block = getBody().front();
  unsigned carried = getNumCarried();
  if (block.getNumArguments() != carried + 2)
    return emitOpError() << "body takes " << block.getNumArguments()
                         << " inputs in place of " << carried + 2;
  if (!getElementTypeOrSelf(block.getArgument(0).getType()).isInteger(64) ||
      !getElementTypeOrSelf(block.getArgument(1).getType()).isInteger(1))
    return emitOpError(
        "body does not take an int64 iteration and a bool condition");
  YieldOp yield = yieldOf(*this, getBody(), "body");
  if (!yield)
    return failure();
  if (getNumResults() < carried ||
      yield.getNumOperands() != getNumResults() + 1)
    return emitOpError() << "body has " << yield.getNumOperands()
                         << " outputs, the node " << getNumResults() << " and "
                         << carried << " carried values";
  if (!getElementTypeOrSelf(yield.getOperand(0).getType()).isInteger(1))
    return emitOpError("body does not yield a bool condition first");
  for (unsigned i = 0; i < getNumResults(); ++i) {
    Type yielded = yield.getOperand(i + 1).getType();
    if (!sameElement(yielded, getResult(i).getType()))
      return emitOpError() << "output " << i << " is " << getResult(i).getType()
                           << ", the body yields " << yielded;
    if (i < carried &&
        (!sameElement(yielded, block.getArgument(i + 2).getType()) ||
         !sameElement(yielded, getInitial()[i].getType())))
      return emitOpError() << "carried value " << i
                           << " changes its element type";
  }
  return success();
}

namespace {
// What the body hands on as it came is no carried value.
struct DropInvariantValues : OpRewritePattern<LoopOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LoopOp op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (unsigned i = 0; i < op.getNumCarried(); ++i) {
      BlockArgument argument = op.getCarriedArguments()[i];
      Value yielded = op.getYielded()[i + 1];
      if (yielded != argument ||
          argument.getType() != op.getInitial()[i].getType())
        continue;
      if (!argument.hasOneUse()) {
        rewriter.replaceUsesWithIf(
            argument, op.getInitial()[i], [&](OpOperand &use) {
              return use.getOwner() != op.getBody().front().getTerminator();
            });
        changed = true;
      }
      if (!op.getResult(i).use_empty() &&
          op.getResult(i).getType() == op.getInitial()[i].getType()) {
        rewriter.replaceAllUsesWith(op.getResult(i), op.getInitial()[i]);
        changed = true;
      }
    }
    return success(changed);
  }
};
} // namespace

void LoopOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropInvariantValues>(context);
}
