//===- LiftRotary.cpp - rotary embeddings from their parts ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two formulas,
//   x * cos + rotate(x) * sin     with caches of full width,
//   (a * cos - b * sin, a * sin + b * cos)     with caches of half width,
// each for two layouts of the pairs (a, b): halves of a head, or neighbours.
// The first needs caches of equal halves.
//===----------------------------------------------------------------------===//

#include "LiftPatterns.h"
#include "RotaryMatch.h"

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

class RotaryLifter : RotaryCaches {
public:
  using RotaryCaches::RotaryCaches;
  unsigned run();

private:
  struct Match {
    Value x, cos, sin;
    bool interleaved;
    // cos and sin have the width of x, not half of it.
    bool fullWidth;
  };

  std::optional<Match> matchRotation(Value value);
  std::optional<Match> matchComplex(Value value);
  bool isRotated(Value value, Value x, bool &interleaved);
  void replace(Operation *root, const Match &match);
  std::optional<unsigned> headAxis(const Match &match);
  Value cacheOf(Value value, unsigned headAxis, Location loc);

  // Ops that a rotary embedding stands for now.
  SmallVector<Operation *> replaced;
};

// The factor that is not `x`; null if none is.
Value otherFactor(Value product, Value x) {
  auto mul = product.getDefiningOp<MulOp>();
  return mul ? otherOperand(mul, x) : Value();
}

// -x or -1 * x: x.
Value negated(Value value) {
  if (auto neg = value.getDefiningOp<NegOp>())
    return neg.getX();
  auto mul = value.getDefiningOp<MulOp>();
  if (!mul)
    return {};
  for (unsigned i : {0, 1})
    if (splatNumber(mul->getOperand(i)) == -1.0)
      return mul->getOperand(1 - i);
  return {};
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

// (-b, a) of the pairs (a, b) of x.
bool RotaryLifter::isRotated(Value value, Value x, bool &interleaved) {
  std::optional<Pair> pair = matchPair(value);
  Value b = pair ? negated(pair->first) : Value();
  std::optional<Part> first = pair ? matchPart(pair->second) : std::nullopt;
  std::optional<Part> second = b ? matchPart(b) : std::nullopt;
  if (!first || !second || first->source != x || second->source != x ||
      first->index != 0 || second->index != 1 ||
      first->interleaved != pair->interleaved ||
      second->interleaved != pair->interleaved)
    return false;
  interleaved = pair->interleaved;
  return true;
}

// x * cos + rotate(x) * sin
std::optional<RotaryLifter::Match> RotaryLifter::matchRotation(Value value) {
  auto add = value.getDefiningOp<AddOp>();
  if (!add)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    auto turned = add->getOperand(i).getDefiningOp<MulOp>();
    Value kept = add->getOperand(1 - i);
    if (!turned || !kept.getDefiningOp<MulOp>())
      continue;
    for (unsigned j : {0, 1}) {
      std::optional<Pair> pair = matchPair(turned->getOperand(j));
      std::optional<Part> part = pair ? matchPart(pair->second) : std::nullopt;
      Value x = part ? part->source : Value();
      Value cos = x ? otherFactor(kept, x) : Value();
      Match match{x, cos, turned->getOperand(1 - j), false, true};
      if (cos && isRotated(turned->getOperand(j), x, match.interleaved))
        return match;
    }
  }
  return std::nullopt;
}

// (a * cos - b * sin, a * sin + b * cos)
std::optional<RotaryLifter::Match> RotaryLifter::matchComplex(Value value) {
  std::optional<Pair> pair = matchPair(value);
  if (!pair)
    return std::nullopt;
  auto sum = pair->second.getDefiningOp<AddOp>();
  Value minuend, subtrahend;
  if (auto sub = pair->first.getDefiningOp<SubOp>()) {
    minuend = sub.getA();
    subtrahend = sub.getB();
  }
  auto product = minuend ? minuend.getDefiningOp<MulOp>() : MulOp();
  if (!sum || !product)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    Value a = product->getOperand(i), cos = product->getOperand(1 - i);
    std::optional<Part> first = matchPart(a);
    if (!first || first->index != 0 || first->interleaved != pair->interleaved)
      continue;
    for (unsigned j : {0, 1}) {
      Value sin = otherFactor(sum->getOperand(j), a);
      Value b = otherFactor(sum->getOperand(1 - j), cos);
      std::optional<Part> second = b ? matchPart(b) : std::nullopt;
      if (!sin || !second || second->source != first->source ||
          second->index != 1 || second->interleaved != pair->interleaved ||
          otherFactor(subtrahend, b) != sin)
        continue;
      return Match{first->source, cos, sin, pair->interleaved, false};
    }
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

// The axis of x, of rank 4, along which both caches have one element: 1 for
// [batch, heads, sequence, size], 2 for [batch, sequence, heads, size].
std::optional<unsigned> RotaryLifter::headAxis(const Match &match) {
  auto isOne = [&](Value cache, int64_t axis) {
    int64_t i =
        axis - 4 + static_cast<int64_t>(analysis.getShape(cache).size());
    return i < 0 || analysis.getDim(cache, i).isConstant(1);
  };
  for (unsigned axis : {1, 2})
    if (isOne(match.cos, axis) && isOne(match.sin, axis))
      return axis;
  return std::nullopt;
}

// [batch or 1, sequence, size / 2] of a cache that broadcasts to rank 4.
Value RotaryLifter::cacheOf(Value value, unsigned headAxis, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t missing = 4 - type.getRank();
  if (auto unsqueeze = value.getDefiningOp<UnsqueezeOp>();
      unsqueeze && missing == 0) {
    auto axes = axesOf(unsqueeze.getAxes(), 4);
    if (axes && axes->size() == 1 && axes->front() == headAxis)
      return unsqueeze.getData();
  }
  SmallVector<int64_t> shape(type.getShape());
  if (int64_t axis = headAxis - missing; axis >= 0) {
    shape.erase(shape.begin() + axis);
    value = create<SqueezeOp>(loc, type.clone(shape), value, ints(loc, {axis}));
  }
  SmallVector<int64_t> axes;
  while (shape.size() < 3) {
    axes.push_back(axes.size());
    shape.insert(shape.begin(), 1);
  }
  if (axes.empty())
    return value;
  return create<UnsqueezeOp>(loc, type.clone(shape), value, ints(loc, axes));
}

void RotaryLifter::replace(Operation *root, const Match &match) {
  Value x = match.x, result = root->getResult(0);
  if (!hasRank(x, 4) || !sameShape(result, x) ||
      !analysis.hasShape(match.cos) || !analysis.hasShape(match.sin) ||
      x.getType() != result.getType() ||
      getElementTypeOrSelf(match.cos) != getElementTypeOrSelf(x) ||
      getElementTypeOrSelf(match.sin) != getElementTypeOrSelf(x))
    return;
  int64_t width = *staticDim(x, -1);
  int64_t cacheWidth = match.fullWidth ? width : width / 2;
  for (Value cache : {match.cos, match.sin})
    if (analysis.getShape(cache).size() < 2 ||
        analysis.getShape(cache).size() > 4 ||
        staticDim(cache, -1) != cacheWidth)
      return;
  std::optional<unsigned> heads = headAxis(match);
  if (!heads || (*heads == 2 && !staticDim(x, 2)))
    return;
  Value cos = match.cos, sin = match.sin;
  if (match.fullWidth) {
    cos = half(cos, match.interleaved);
    sin = half(sin, match.interleaved);
    if (!cos || !sin)
      return;
  }

  // The rest of a head that is rotated in part.
  if (std::optional<Range> range = matchRange(x, 3);
      range && range->start == 0 && range->step == 1 && result.hasOneUse()) {
    auto concat = dyn_cast<ConcatOp>(*result.getUsers().begin());
    std::optional<Range> rest;
    if (concat && concat.getInputs().size() == 2 &&
        concat.getInputs()[0] == result &&
        (concat.getAxis() == -1 || concat.getAxis() == 3))
      rest = matchRange(concat.getInputs()[1], 3);
    if (rest && rest->source == range->source && rest->start == width &&
        rest->step == 1 && staticDim(range->source, 3) == width + rest->size &&
        sameShape(concat.getConcatResult(), range->source)) {
      x = range->source;
      root = concat;
      result = concat.getConcatResult();
    }
  }

  Location loc = root->getLoc();
  builder.setInsertionPoint(root);
  cos = cacheOf(cos, *heads, loc);
  sin = cacheOf(sin, *heads, loc);
  int64_t rotary = width == *staticDim(x, -1) ? 0 : width;
  auto type = cast<RankedTensorType>(x.getType());
  int64_t numHeads = 0;
  if (*heads == 2) {
    numHeads = *staticDim(x, 2);
    int64_t size = type.getShape().back();
    x = reshape(loc, x, {0, 0, numHeads * size},
                {type.getDimSize(0), type.getDimSize(1), numHeads * size});
  }
  Value rotated = create<RotaryEmbeddingOp>(
      loc, x.getType(), x, cos, sin, none(loc),
      static_cast<int64_t>(match.interleaved), numHeads, rotary);
  if (*heads == 2)
    rotated = reshape(loc, rotated, {0, 0, numHeads, type.getShape().back()},
                      type.getShape());
  result.replaceAllUsesWith(rotated);
  replaced.push_back(root);
}

unsigned RotaryLifter::run() {
  SmallVector<Operation *> roots;
  analysis.getFunction().walk([&](Operation *op) {
    if (isa<AddOp, ConcatOp, ReshapeOp>(op))
      roots.push_back(op);
  });
  for (Operation *op : roots) {
    if (op->use_empty())
      continue;
    Value value = op->getResult(0);
    std::optional<Match> match =
        isa<AddOp>(op) ? matchRotation(value) : matchComplex(value);
    if (match)
      replace(op, *match);
  }
  // Caches were halved by copies of the ops that compute them; the originals,
  // and copies in vain, are nobody's root.
  unsigned count = replaced.size();
  for (auto &[key, value] : halves)
    for (Value cache : {key.first, value})
      if (cache && cache.getDefiningOp())
        replaced.push_back(cache.getDefiningOp());
  eraseDead(replaced);
  return count;
}

} // namespace

unsigned mlir::onnx::liftRotaryEmbeddings(ShapeAnalysis &analysis) {
  return RotaryLifter(analysis).run();
}
