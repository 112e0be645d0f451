//===- Outputs.cpp - returned buffers become the caller's buffers ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last kernel of a model should write straight into the memory that the
// caller gave. That is possible when the returned buffer is an allocation of
// @main itself whose sizes are known where it is made; all else is copied.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_OUTPUTSPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

class OutputsPass final : public impl::OutputsPassBase<OutputsPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("needs a function @main of one block");
      return signalPassFailure();
    }
    Operation *terminator = main.getBody().front().getTerminator();
    OpBuilder builder(&getContext());
    unsigned next = 0;
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      if (auto input =
              main.getResultAttrOfType<IntegerAttr>(index, kCacheAttrName)) {
        if (failed(checkInPlace(main, input.getInt(), value)))
          return signalPassFailure();
        continue;
      }
      if (failed(makeOutput(builder, main, terminator, next++, value)))
        return signalPassFailure();
    }
    terminator->setOperands(ValueRange());
    reportCopies(main);
    (void)main.eraseResults(llvm::BitVector(main.getNumResults(), true));
  }

  /// What became of a cache must lie in the buffer of the cache: no other can
  /// be returned, and none is copied.
  static LogicalResult checkInPlace(func::FuncOp main, unsigned input,
                                    Value value) {
    while (auto cast = value.getDefiningOp<memref::CastOp>())
      value = cast.getSource();
    if (value == main.getArgument(input))
      return success();
    auto name = main.getArgAttrOfType<StringAttr>(input, "onnx.name");
    return mlir::emitError(value.getLoc())
           << "the cache '" << (name ? name.getValue() : "")
           << "' would be copied in every run instead of written in place";
  }

  /// Warns of what reads rows of a cache into another buffer: it is right, but
  /// its cost grows with the past.
  static void reportCopies(func::FuncOp main) {
    for (BlockArgument argument : main.getArguments()) {
      auto axis = main.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                     kCacheAttrName);
      if (!axis)
        continue;
      auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                    "onnx.name");
      SmallVector<Value> views;
      for (Operation *user : argument.getUsers())
        if (auto view = dyn_cast<memref::SubViewOp>(user))
          if (getConstantIntValue(view.getMixedOffsets()[axis.getInt()]) == 0)
            views.push_back(view);
      for (size_t i = 0; i < views.size(); ++i)
        for (OpOperand &use : views[i].getUses()) {
          Operation *user = use.getOwner();
          if (isa<ViewLikeOpInterface>(user)) {
            views.append(user->result_begin(), user->result_end());
            continue;
          }
          auto structured = dyn_cast<linalg::LinalgOp>(user);
          auto copy = dyn_cast<memref::CopyOp>(user);
          if ((structured && structured.isDpsInput(&use) &&
               structured.getNumReductionLoops() == 0) ||
              (copy && copy.getSource() == views[i]))
            mlir::emitWarning(user->getLoc())
                << "the cache '" << (name ? name.getValue() : "")
                << "' is read into another buffer in every run";
        }
    }
  }

  LogicalResult makeOutput(OpBuilder &builder, func::FuncOp main,
                           Operation *terminator, unsigned index, Value value) {
    auto type = dyn_cast<MemRefType>(value.getType());
    if (!type)
      return main.emitError("results of @main are ranked buffers");
    IntegerAttr number = builder.getI32IntegerAttr(index);
    while (auto cast = value.getDefiningOp<memref::CastOp>())
      value = cast.getSource();
    type = cast<MemRefType>(value.getType());
    auto alloc = value.getDefiningOp<memref::AllocOp>();
    if (alloc && alloc->getBlock() == &main.getBody().front() &&
        type.getLayout().isIdentity()) {
      builder.setInsertionPoint(alloc);
      auto output = OutputOp::create(builder, alloc.getLoc(), type, number,
                                     alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(output.getBuffer());
      alloc.erase();
      return success();
    }
    if (succeeded(replaceReshaped(builder, main, number, value)))
      return success();
    builder.setInsertionPoint(terminator);
    Location loc = value.getLoc();
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(memref::DimOp::create(builder, loc, value, i));
    auto output = OutputOp::create(
        builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
        number, sizes);
    memref::CopyOp::create(builder, loc, value, output.getBuffer());
    return success();
  }

  /// expand_shape(alloc) whose sizes are known at the allocation: the output is
  /// made there in its final shape and the kernels see it collapsed.
  LogicalResult replaceReshaped(OpBuilder &builder, func::FuncOp main,
                                IntegerAttr number, Value value) {
    auto expand = value.getDefiningOp<memref::ExpandShapeOp>();
    if (!expand)
      return failure();
    auto alloc = expand.getSrc().getDefiningOp<memref::AllocOp>();
    auto type = expand.getResultType();
    if (!alloc || alloc->getBlock() != &main.getBody().front() ||
        !alloc.getType().getLayout().isIdentity() ||
        !type.getLayout().isIdentity())
      return failure();
    // Sizes are plain values; those that are computed later are moved no
    // further than the definitions of their own operands allow.
    SmallVector<Value> sizes;
    for (Value size : expand.getOutputShape()) {
      Operation *def = size.getDefiningOp();
      if (def && def->getBlock() == alloc->getBlock() &&
          !def->isBeforeInBlock(alloc))
        return failure();
      if (def && def->getBlock() != alloc->getBlock())
        return failure();
      sizes.push_back(size);
    }
    builder.setInsertionPoint(alloc);
    auto output =
        OutputOp::create(builder, alloc.getLoc(), type, number, sizes);
    Value collapsed = memref::CollapseShapeOp::create(
        builder, alloc.getLoc(), alloc.getType(), output.getBuffer(),
        expand.getReassociationIndices());
    alloc.replaceAllUsesWith(collapsed);
    alloc.erase();
    return success();
  }
};

} // namespace
} // namespace mlir::qopt
