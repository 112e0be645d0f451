//===- DecomposeChannels.cpp - norms per channel, pools over everything ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dim 1 is that of the channels, those behind are spatial. Half types are
// computed in f32, as the reductions of the lowering would be anyway.
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

Type computeType(Type element) {
  return element.getIntOrFloatBitWidth() < 32
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

SmallVector<int64_t> range(int64_t begin, int64_t end) {
  return llvm::to_vector(llvm::seq(begin, end));
}

LogicalResult needsRank(PatternRewriter &rewriter, Operation *op) {
  return rewriter.notifyMatchFailure(op, "the rank is not known");
}

// A vector over the channels as [C, 1, ..] beside [N, C, ..].
Value perChannel(Composer &c, Value vector, int64_t rank, Type type) {
  vector = c.cast(vector, type);
  return rank > 2 ? c.op<UnsqueezeOp>({vector, c.ints(range(1, rank - 1))})
                  : vector;
}

// x - mean and 1 / sqrt(variance + epsilon) over the axes, which stay as 1.
struct Centered {
  Value difference, mean, variance;
};
Centered center(Composer &c, Value x, Value axes) {
  Value mean = c.op<ReduceMeanOp>({x, axes});
  Value difference = c.sub(x, mean);
  Value variance = c.op<ReduceMeanOp>({c.mul(difference, difference), axes});
  return {difference, mean, variance};
}
Value normalize(Composer &c, Value difference, Value variance, Type type,
                double epsilon) {
  Value deviation = c.op<SqrtOp>(c.add(variance, c.scalar(type, epsilon)));
  return c.div(difference, deviation);
}

struct DecomposeBatchNormalization : OpRewritePattern<BatchNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BatchNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getX());
    if (!rank)
      return needsRank(rewriter, op);
    if (*rank < 2)
      return rewriter.notifyMatchFailure(op, "there are no channels");
    Composer c(rewriter, op);
    Type element = getElementTypeOrSelf(op.getX()), type = computeType(element);
    Value x = c.cast(op.getX(), type);
    auto vector = [&](Value v) { return perChannel(c, v, *rank, type); };
    double epsilon = op.getEpsilon().convertToFloat();
    auto finish = [&](Value normalized) {
      Value y =
          c.add(c.mul(normalized, vector(op.getScale())), vector(op.getB()));
      return c.cast(y, element);
    };
    if (!op.getTrainingMode()) {
      if (!op.getRunningMean().use_empty() || !op.getRunningVar().use_empty())
        return rewriter.notifyMatchFailure(op, "statistics without training");
      Value difference = c.sub(x, vector(op.getInputMean()));
      Value factor = c.div(vector(op.getScale()),
                           c.op<SqrtOp>(c.add(vector(op.getInputVar()),
                                              c.scalar(type, epsilon))));
      Value y =
          c.cast(c.add(c.mul(difference, factor), vector(op.getB())), element);
      // Results without uses keep the operands they would be mixed from.
      replaceFirst(rewriter, op, y);
      return success();
    }
    SmallVector<int64_t> axes{0};
    llvm::append_range(axes, range(2, *rank));
    Centered own = center(c, x, c.ints(axes));
    Value y = finish(normalize(c, own.difference, own.variance, type, epsilon));
    double momentum = op.getMomentum().convertToFloat();
    auto mix = [&](Value before, Value now) {
      Type statistics = getElementTypeOrSelf(before);
      now = c.op<SqueezeOp>({now, c.ints(axes)});
      Value sum = c.add(c.mul(c.cast(before, type), c.scalar(type, momentum)),
                        c.mul(now, c.scalar(type, 1 - momentum)));
      return c.cast(sum, statistics);
    };
    c.replace(op, {y, mix(op.getInputMean(), own.mean),
                   mix(op.getInputVar(), own.variance)});
    return success();
  }

  static void replaceFirst(PatternRewriter &rewriter, BatchNormalizationOp op,
                           Value y) {
    y.setType(op.getY().getType());
    rewriter.replaceAllUsesWith(op.getY(), y);
    rewriter.eraseOp(op);
  }
};

struct DecomposeInstanceNormalization
    : OpRewritePattern<InstanceNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(InstanceNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getInput());
    if (!rank || *rank < 3)
      return needsRank(rewriter, op);
    Composer c(rewriter, op);
    Type element = getElementTypeOrSelf(op.getInput()),
         type = computeType(element);
    Centered own =
        center(c, c.cast(op.getInput(), type), c.ints(range(2, *rank)));
    Value y = normalize(c, own.difference, own.variance, type,
                        op.getEpsilon().convertToFloat());
    y = c.add(c.mul(y, perChannel(c, op.getScale(), *rank, type)),
              perChannel(c, op.getB(), *rank, type));
    c.replace(op, c.cast(y, element));
    return success();
  }
};

struct DecomposeGroupNormalization : OpRewritePattern<GroupNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GroupNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getX());
    if (!rank || *rank < 2 || op.getNumGroups() < 1)
      return needsRank(rewriter, op);
    Composer c(rewriter, op);
    Type element = getElementTypeOrSelf(op.getX()), type = computeType(element);
    Value shape = c.op<ShapeOp>(op.getX());
    int64_t groups = op.getNumGroups();
    Value grouped =
        c.op<ReshapeOp>({c.cast(op.getX(), type), c.ints({0, groups, -1})});
    Centered own = center(c, grouped, c.ints({2}));
    Value y = normalize(c, own.difference, own.variance, type,
                        op.getEpsilon().convertToFloat());
    if (op.getPerGroup())
      y = c.add(c.mul(y, perChannel(c, op.getScale(), 3, type)),
                perChannel(c, op.getBias(), 3, type));
    y = c.op<ReshapeOp>({y, shape});
    if (!op.getPerGroup())
      y = c.add(c.mul(y, perChannel(c, op.getScale(), *rank, type)),
                perChannel(c, op.getBias(), *rank, type));
    c.replace(op, c.cast(y, element));
    return success();
  }
};

// The window of squares is a sum of shifted copies: it is short.
struct DecomposeLRN : OpRewritePattern<LRNOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LRNOp op,
                                PatternRewriter &rewriter) const override {
    constexpr int64_t kMaxSize = 256;
    int64_t size = op.getSize();
    std::optional<int64_t> rank = rankOf(op.getX());
    if (!rank || *rank < 2 || size < 1 || size > kMaxSize)
      return rewriter.notifyMatchFailure(op, "rank or size");
    Composer c(rewriter, op);
    Type element = getElementTypeOrSelf(op.getX()), type = computeType(element);
    Value x = c.cast(op.getX(), type), axis = c.ints({1});
    Value padded = c.op<PadOp>(
        {c.mul(x, x), c.ints({(size - 1) / 2, size / 2}), c.none(), axis});
    Value channels = c.op<ShapeOp>(
        x, {c.attr("start", int64_t(1)), c.attr("end", int64_t(2))});
    Value sum;
    for (int64_t i = 0; i < size; ++i) {
      Value from = c.ints({i});
      Value part =
          c.op<SliceOp>({padded, from, c.add(channels, from), axis, c.none()});
      sum = sum ? c.add(sum, part) : part;
    }
    double alpha = op.getAlpha().convertToFloat() / size;
    Value base = c.add(c.scalar(type, op.getBias().convertToFloat()),
                       c.mul(sum, c.scalar(type, alpha)));
    Value power =
        c.op<PowOp>({base, c.scalar(type, op.getBeta().convertToFloat())});
    Value y = c.div(x, power);
    c.replace(op, c.cast(y, element));
    return success();
  }
};

template <typename PoolOp, typename ReduceOp>
struct DecomposeGlobalPool : OpRewritePattern<PoolOp> {
  using OpRewritePattern<PoolOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(PoolOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getX());
    if (!rank || *rank < 3)
      return needsRank(rewriter, op);
    Composer c(rewriter, op);
    c.replace(op, c.op<ReduceOp>({op.getX(), c.ints(range(2, *rank))}));
    return success();
  }
};

struct DecomposeGlobalLpPool : OpRewritePattern<GlobalLpPoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GlobalLpPoolOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getX());
    if (!rank || *rank < 3 || op.getP() < 1)
      return needsRank(rewriter, op);
    Composer c(rewriter, op);
    Value axes = c.ints(range(2, *rank));
    if (op.getP() == 1) {
      c.replace(op, c.op<ReduceL1Op>({op.getX(), axes}));
    } else if (op.getP() == 2) {
      c.replace(op, c.op<ReduceL2Op>({op.getX(), axes}));
    } else {
      Type type = getElementTypeOrSelf(op.getX());
      Value power = c.op<PowOp>(
          {c.op<AbsOp>(op.getX()), c.scalar(type, double(op.getP()))});
      c.replace(op, c.op<PowOp>({c.op<ReduceSumOp>({power, axes}),
                                 c.scalar(type, 1.0 / double(op.getP()))}));
    }
    return success();
  }
};

// Pads to the larger of both sizes, then cuts to the wanted one.
struct DecomposeCenterCropPad : OpRewritePattern<CenterCropPadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CenterCropPadOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rank = rankOf(op.getInputData());
    if (!rank)
      return needsRank(rewriter, op);
    SmallVector<int64_t> axes = range(0, *rank);
    if (std::optional<ArrayRef<int64_t>> given = op.getAxes())
      axes.assign(given->begin(), given->end());
    for (int64_t &axis : axes)
      axis = axis < 0 ? axis + *rank : axis;
    Composer c(rewriter, op);
    Value x = op.getInputData();
    Value wanted = c.cast(op.getShape(), rewriter.getI64Type());
    Value have = c.op<GatherOp>({c.op<ShapeOp>(x), c.ints(axes)});
    Value larger = c.op<MaxOp>({have, wanted}), two = c.ints({2});
    Value missing = c.sub(larger, have), front = c.div(missing, two);
    Value pads = c.op<ConcatOp>({front, c.sub(missing, front)},
                                c.attr("axis", int64_t(0)));
    Value padded = c.op<PadOp>({x, pads, c.none(), c.ints(axes)});
    Value start = c.div(c.sub(larger, wanted), two);
    c.replace(op, c.op<SliceOp>({padded, start, c.add(start, wanted),
                                 c.ints(axes), c.none()}));
    return success();
  }
};

} // namespace

void mlir::onnx::populateDecomposeChannelPatterns(RewritePatternSet &patterns) {
  patterns.add<DecomposeBatchNormalization, DecomposeInstanceNormalization,
               DecomposeGroupNormalization, DecomposeLRN,
               DecomposeGlobalPool<GlobalAveragePoolOp, ReduceMeanOp>,
               DecomposeGlobalPool<GlobalMaxPoolOp, ReduceMaxOp>,
               DecomposeGlobalLpPool, DecomposeCenterCropPad>(
      patterns.getContext());
}
