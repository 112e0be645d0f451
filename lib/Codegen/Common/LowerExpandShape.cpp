//===- LowerExpandShape.cpp - splits into several unknown sizes -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's expand-strided-metadata knows at most one dynamic size per split
// dim (and does not check it). A Reshape to dims that arrive at run time has
// more; here they are all given, so that the strides are plain products.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "qopt/Codegen/Passes.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_LOWEREXPANDSHAPEPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

bool hasSeveralUnknown(memref::ExpandShapeOp op) {
  for (const ReassociationIndices &group : op.getReassociationIndices())
    if (llvm::count_if(group, [&](int64_t dim) {
          return op.getResultType().isDynamicDim(dim);
        }) > 1)
      return true;
  return false;
}

class LowerExpandShapePass final
    : public impl::LowerExpandShapePassBase<LowerExpandShapePass> {
  void runOnOperation() override {
    SmallVector<memref::ExpandShapeOp> ops;
    getOperation()->walk([&](memref::ExpandShapeOp op) {
      if (hasSeveralUnknown(op))
        ops.push_back(op);
    });
    for (memref::ExpandShapeOp op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
  }

  LogicalResult lower(memref::ExpandShapeOp op) {
    SmallVector<int64_t> known;
    int64_t knownOffset;
    if (failed(op.getResultType().getStridesAndOffset(known, knownOffset)))
      return op.emitOpError("has no strides");
    OpBuilder builder(op);
    Location loc = op.getLoc();
    auto source =
        memref::ExtractStridedMetadataOp::create(builder, loc, op.getSrc());
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
    SmallVector<OpFoldResult> strides(sizes.size());
    for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
      Value stride = source.getStrides()[dim];
      for (int64_t result : llvm::reverse(group)) {
        if (ShapedType::isDynamic(known[result]))
          strides[result] = stride;
        else
          strides[result] = builder.getIndexAttr(known[result]);
        stride = arith::MulIOp::create(
            builder, loc, stride,
            getValueOrCreateConstantIndexOp(builder, loc, sizes[result]));
      }
    }
    OpFoldResult offset = builder.getIndexAttr(knownOffset);
    if (ShapedType::isDynamic(knownOffset))
      offset = source.getOffset();
    Value view = memref::ReinterpretCastOp::create(
        builder, loc, op.getResultType(), source.getBaseBuffer(), offset, sizes,
        strides);
    op.replaceAllUsesWith(view);
    op.erase();
    return success();
  }
};

} // namespace
} // namespace mlir::qopt
