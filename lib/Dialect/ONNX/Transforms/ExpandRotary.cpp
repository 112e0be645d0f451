//===- ExpandRotary.cpp - RotaryEmbedding as basic ops -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ExpandAttention.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

class RotaryExpander : Expander {
public:
  RotaryExpander(RotaryEmbeddingOp op, ShapeAnalysis &shapes, Composer &c,
                 Replacements &replacements)
      : Expander(shapes, c, replacements), op(op) {}

  LogicalResult expand() {
    std::optional<Dims> dims = dimsOf(op.getX());
    std::optional<Dims> cache = dimsOf(op.getCosCache());
    if (!dims || !cache)
      return failure();
    constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
    Type element = getElementTypeOrSelf(op.getX()),
         type = computeType(op.getX());
    bool split = dims->size() == 3;
    int64_t heads = op.getNumHeads(), rotary = op.getRotaryEmbeddingDim();
    std::optional<int64_t> last = dims->back().getConstant();
    std::optional<int64_t> half = cache->back().getConstant();
    if (rotary && half && *half * 2 != rotary)
      return op.emitOpError()
             << "the caches have " << *half
             << " columns for a rotary_embedding_dim of " << rotary;

    Value x = op.getX();
    std::optional<int64_t> size = last;
    if (split) {
      // Without a number of heads a head is as wide as the caches say.
      if (heads)
        size = last ? std::optional(*last / heads) : std::nullopt;
      else if (half)
        size = *half * 2;
      else
        return op.emitOpError("an input of rank 3 needs num_heads");
      x = c.op<ReshapeOp>(
          {x, c.ints({0, 0, heads ? heads : -1, size.value_or(-1)})});
    }
    x = c.cast(x, type);
    auto angles = [&](Value table) {
      if (!isa<NoneType>(op.getPositionIds().getType()))
        table = c.op<GatherOp>({table, op.getPositionIds()},
                               c.attr("axis", int64_t(0)));
      return c.op<UnsqueezeOp>({c.cast(table, type), c.ints(split ? 2 : 1)});
    };
    Value cos = angles(op.getCosCache()), sin = angles(op.getSinCache()), rest;
    if (rotary && size != rotary) {
      rest = slice(x, rotary, kEnd, -1);
      x = slice(x, 0, rotary, -1);
    } else if (!rotary) {
      rotary = size.value_or(0);
    }
    if (size && rotary > *size)
      return op.emitOpError() << "rotary_embedding_dim " << rotary
                              << " exceeds the head size " << *size;

    Value a, b;
    if (op.getInterleaved()) {
      a = slice(x, 0, kEnd, -1, 2);
      b = slice(x, 1, kEnd, -1, 2);
    } else {
      auto halves = c.ops<SplitOp>(
          {x, c.none()}, 2,
          {c.attr("axis", int64_t(-1)), c.attr("num_outputs", int64_t(2))});
      a = halves[0];
      b = halves[1];
    }
    Value real = c.sub(c.mul(a, cos), c.mul(b, sin));
    Value imaginary = c.add(c.mul(a, sin), c.mul(b, cos));
    NamedAttribute lastAxis = c.attr("axis", int64_t(-1));
    if (op.getInterleaved()) {
      Value end = c.ints(-1);
      x = c.op<ConcatOp>(
          {c.op<UnsqueezeOp>({real, end}), c.op<UnsqueezeOp>({imaginary, end})},
          lastAxis);
      x = c.op<ReshapeOp>({x, c.ints({0, 0, 0, rotary ? rotary : -1})});
      if (rest)
        x = c.op<ConcatOp>({x, rest}, lastAxis);
    } else if (rest) {
      x = c.op<ConcatOp>({real, imaginary, rest}, lastAxis);
    } else {
      x = c.op<ConcatOp>({real, imaginary}, lastAxis);
    }
    x = c.cast(x, element);
    if (split)
      x = c.op<ReshapeOp>({x, c.ints({0, 0, last.value_or(-1)})});
    replace(op.getY(), x);
    return success();
  }

private:
  RotaryEmbeddingOp op;
};

} // namespace

LogicalResult mlir::onnx::expandRotaryEmbedding(RotaryEmbeddingOp op,
                                                ShapeAnalysis &shapes,
                                                Composer &c,
                                                Replacements &replacements) {
  return RotaryExpander(op, shapes, c, replacements).expand();
}
