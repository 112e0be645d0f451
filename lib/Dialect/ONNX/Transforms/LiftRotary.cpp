//===- LiftRotary.cpp - rotary embeddings from their parts ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two formulas,
//   x * cos + rotate(x) * sin     with caches of full width,
//   (a * cos - b * sin, a * sin + b * cos)     with caches of half width,
// each for two layouts of the pairs (a, b): halves of a head, or neighbours.
// The first needs a proof that both halves of its caches are equal, and then
// only computes one of them.
//===----------------------------------------------------------------------===//

#include "LiftGraph.h"
#include "LiftPatterns.h"

#include "HostTensor.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

class RotaryLifter : GraphLifter {
public:
  using GraphLifter::GraphLifter;
  unsigned run();

private:
  // One element of every pair of `source`.
  struct Part {
    Value source;
    unsigned index;
    bool interleaved;
  };
  // A tensor put together of the first and the second elements of its pairs.
  struct Pair {
    Value first, second;
    bool interleaved;
  };
  struct Match {
    Value x, cos, sin;
    bool interleaved;
    // cos and sin have the width of x, not half of it.
    bool fullWidth;
  };

  std::optional<Part> matchPart(Value value);
  std::optional<Part> matchPairAxis(Value value);
  std::optional<Pair> matchPair(Value value);
  std::optional<Match> matchRotation(Value value);
  std::optional<Match> matchComplex(Value value);
  bool isRotated(Value value, Value x, bool &interleaved);

  Value half(Value cache, bool interleaved);
  Value halfOfConstant(ConstantOp constant, bool interleaved);
  Value halfOfOp(Operation *op, bool interleaved);
  void replace(Operation *root, const Match &match);
  std::optional<unsigned> headAxis(const Match &match);
  Value cacheOf(Value value, unsigned headAxis, Location loc);

  // Halves found, by cache and layout; a null value where there are none.
  llvm::DenseMap<std::pair<Value, unsigned>, Value> halves;
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
// Pairs
//===----------------------------------------------------------------------===//

// Pairs under an axis of their own: [.., n, 2] or [.., 2, n] of a Reshape.
std::optional<RotaryLifter::Part> RotaryLifter::matchPairAxis(Value value) {
  Value picked;
  int64_t axis = 0, index = 0;
  Operation *op = value.getDefiningOp();
  if (auto gather = dyn_cast_or_null<GatherOp>(op)) {
    auto indices = analysis.getConstantElements(gather.getIndices());
    if (!indices || indices->size() != 1 || !hasRank(gather.getIndices(), 0) ||
        !analysis.hasShape(gather.getData()))
      return std::nullopt;
    picked = gather.getData();
    int64_t rank = analysis.getShape(picked).size();
    axis = gather.getAxis() + (gather.getAxis() < 0 ? rank : 0);
    index = indices->front() + (indices->front() < 0 ? 2 : 0);
  } else if (auto squeeze = dyn_cast_or_null<SqueezeOp>(op)) {
    if (!analysis.hasShape(squeeze.getData()))
      return std::nullopt;
    int64_t rank = analysis.getShape(squeeze.getData()).size();
    auto axes = axesOf(squeeze.getAxes(), rank);
    if (!axes || axes->size() != 1)
      return std::nullopt;
    axis = axes->front();
    std::optional<Range> range = matchRange(squeeze.getData(), axis);
    if (!range || range->size != 1)
      return std::nullopt;
    picked = range->source;
    index = range->start;
  } else {
    return std::nullopt;
  }
  auto split = picked.getDefiningOp<ReshapeOp>();
  if (!split || !analysis.hasShape(split.getData()))
    return std::nullopt;
  Value source = split.getData();
  ArrayRef<DimExpr> from = analysis.getShape(source);
  ArrayRef<DimExpr> to = analysis.getShape(picked);
  std::optional<int64_t> width = staticDim(source, -1);
  int64_t last = to.size() - 1;
  if (to.size() != from.size() + 1 || !width || *width % 2 ||
      to.drop_back(2) != from.drop_back(1) || axis < last - 1 ||
      !to[axis].isConstant(2) ||
      !to[2 * last - 1 - axis].isConstant(*width / 2) || index < 0 || index > 1)
    return std::nullopt;
  return Part{source, static_cast<unsigned>(index), axis == last};
}

std::optional<RotaryLifter::Part> RotaryLifter::matchPart(Value value) {
  if (!analysis.hasShape(value) || analysis.getShape(value).empty())
    return std::nullopt;
  int64_t axis = analysis.getShape(value).size() - 1;
  std::optional<Range> range = matchRange(value, axis);
  if (!range)
    return matchPairAxis(value);
  std::optional<int64_t> width = staticDim(range->source, axis);
  if (!width || *width != 2 * range->size)
    return std::nullopt;
  unsigned index = range->start != 0;
  if (range->step == 1 && range->start == index * range->size)
    return Part{range->source, index, /*interleaved=*/false};
  if (range->step == 2 && range->start == index)
    return Part{range->source, index, /*interleaved=*/true};
  return std::nullopt;
}

std::optional<RotaryLifter::Pair> RotaryLifter::matchPair(Value value) {
  if (!analysis.hasShape(value))
    return std::nullopt;
  auto concat = value.getDefiningOp<ConcatOp>();
  auto flat = value.getDefiningOp<ReshapeOp>();
  if (flat)
    concat = flat.getData().getDefiningOp<ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      !analysis.hasShape(concat.getConcatResult()))
    return std::nullopt;
  Value joined = concat.getConcatResult();
  int64_t rank = analysis.getShape(joined).size();
  int64_t axis = concat.getAxis() + (concat.getAxis() < 0 ? rank : 0);
  Value first = concat.getInputs()[0], second = concat.getInputs()[1];
  if (!flat) {
    if (axis != rank - 1 || !staticDim(first, axis) ||
        staticDim(first, axis) != staticDim(second, axis))
      return std::nullopt;
    return Pair{first, second, /*interleaved=*/false};
  }
  // Stacked along a new axis, which the Reshape merges with the other one.
  auto unsqueezed = [&](Value part) -> Value {
    auto unsqueeze = part.getDefiningOp<UnsqueezeOp>();
    if (!unsqueeze)
      return {};
    auto axes = axesOf(unsqueeze.getAxes(), rank);
    return axes && axes->size() == 1 && axes->front() == axis
               ? unsqueeze.getData()
               : Value();
  };
  first = unsqueezed(first);
  second = unsqueezed(second);
  if (!first || !second || axis < rank - 2)
    return std::nullopt;
  ArrayRef<DimExpr> parts = analysis.getShape(first);
  ArrayRef<DimExpr> whole = analysis.getShape(value);
  std::optional<int64_t> width = staticDim(first, -1);
  if (!width || parts.size() != whole.size() ||
      parts.drop_back() != whole.drop_back() ||
      !whole.back().isConstant(2 * *width))
    return std::nullopt;
  return Pair{first, second, axis == rank - 1};
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
// Caches
//===----------------------------------------------------------------------===//

RankedTensorType halfType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() /= 2;
  return type.clone(shape);
}

Value RotaryLifter::halfOfConstant(ConstantOp constant, bool interleaved) {
  std::optional<HostTensor> whole = HostTensor::read(constant.getValue());
  if (!whole || !whole->isFloat())
    return {};
  int64_t width = whole->getShape().back(), n = width / 2;
  HostTensor part =
      HostTensor::create(halfType(constant.getOutput()), whole->isSplat());
  if (whole->isSplat()) {
    part.setFloat(0, whole->getFloat(0));
  } else {
    for (int64_t i = 0, e = part.getNumElements(); i != e; ++i) {
      int64_t row = i / n * width, column = i % n;
      int64_t first = row + (interleaved ? 2 * column : column);
      double number = whole->getFloat(first);
      if (number != whole->getFloat(first + (interleaved ? 1 : n)))
        return {};
      part.setFloat(i, number);
    }
  }
  builder.setInsertionPointAfter(constant);
  return create<ConstantOp>(constant.getLoc(), part.toAttr("rotary_cache"));
}

// The op on halves of its operands, where it keeps the last axis as it is.
Value RotaryLifter::halfOfOp(Operation *op, bool interleaved) {
  Value result = op->getResult(0);
  SmallVector<unsigned> wide;
  int64_t rank = analysis.getShape(result).size();
  if (op->hasTrait<OpTrait::ONNXElementwise>()) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!analysis.hasShape(operand.get()))
        return {};
      if (analysis.getShape(operand.get()).empty() ||
          staticDim(operand.get(), -1) == 1)
        continue;
      wide.push_back(operand.getOperandNumber());
    }
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    if (transpose.getPermutation(rank).back() == rank - 1)
      wide = {0};
  } else if (auto unsqueeze = dyn_cast<UnsqueezeOp>(op)) {
    auto axes = axesOf(unsqueeze.getAxes(), rank);
    if (axes && !llvm::is_contained(*axes, rank - 1))
      wide = {0};
  } else if (auto squeeze = dyn_cast<SqueezeOp>(op)) {
    if (analysis.hasShape(squeeze.getData()) &&
        staticDim(squeeze.getData(), -1) == staticDim(result, -1))
      wide = {0};
  } else if (auto gather = dyn_cast<GatherOp>(op)) {
    if (gather.getAxis() == 0 && analysis.hasShape(gather.getData()) &&
        analysis.getShape(gather.getData()).size() > 1)
      wide = {0};
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    // Bounds of other axes only: their meaning does not change.
    auto axes = axesOf(slice.getAxes(), rank);
    if (axes && !llvm::is_contained(*axes, rank - 1))
      wide = {0};
  }
  if (wide.empty())
    return {};
  IRMapping mapping;
  for (unsigned i : wide) {
    Value operand = op->getOperand(i);
    Value part = staticDim(operand, -1) == staticDim(result, -1)
                     ? half(operand, interleaved)
                     : Value();
    if (!part)
      return {};
    mapping.map(operand, part);
  }
  builder.setInsertionPointAfter(op);
  Operation *copy = builder.clone(*op, mapping);
  copy->getResult(0).setType(halfType(result));
  (void)analysis.analyze(copy);
  return copy->getResult(0);
}

// One half of a cache whose halves are equal (the even elements, if the pairs
// are neighbours); null if they are not, as far as one can see.
Value RotaryLifter::half(Value cache, bool interleaved) {
  auto [it, inserted] =
      halves.try_emplace({cache, static_cast<unsigned>(interleaved)});
  if (!inserted)
    return it->second;
  Operation *op = cache.getDefiningOp();
  std::optional<int64_t> width = staticDim(cache, -1);
  if (!op || op->getNumResults() != 1 || !width || *width % 2 || *width == 0)
    return {};
  Value result;
  std::optional<Pair> pair = matchPair(cache);
  auto expanded = cache.getDefiningOp<ReshapeOp>();
  if (pair && pair->first == pair->second && pair->interleaved == interleaved) {
    result = pair->first;
  } else if (auto constant = dyn_cast<ConstantOp>(op)) {
    result = halfOfConstant(constant, interleaved);
  } else if (auto tile = dyn_cast<TileOp>(op)) {
    auto repeats = analysis.getConstantElements(tile.getRepeats());
    if (!interleaved && repeats && repeats->back() == 2 &&
        llvm::all_of(ArrayRef(*repeats).drop_back(),
                     [](int64_t n) { return n == 1; }))
      result = tile.getInput();
  } else if (expanded) {
    // repeat_interleave: [.., n, 1] to [.., n, 2] by Expand or Tile, flattened.
    Operation *repeat = expanded.getData().getDefiningOp();
    auto unsqueeze = isa_and_nonnull<ExpandOp, TileOp>(repeat)
                         ? repeat->getOperand(0).getDefiningOp<UnsqueezeOp>()
                         : UnsqueezeOp();
    Value part = unsqueeze ? unsqueeze.getData() : Value();
    if (part && analysis.hasShape(part) && staticDim(part, -1) == *width / 2) {
      ArrayRef<DimExpr> from = analysis.getShape(part);
      ArrayRef<DimExpr> column = analysis.getShape(unsqueeze.getExpanded());
      ArrayRef<DimExpr> twice = analysis.getShape(expanded.getData());
      ArrayRef<DimExpr> to = analysis.getShape(cache);
      size_t rank = from.size();
      bool behind = interleaved && column.size() == rank + 1 &&
                    column.back().isConstant(1) && twice.back().isConstant(2) &&
                    column.drop_back() == from && twice.drop_back() == from;
      bool before =
          !interleaved && column.size() == rank + 1 &&
          column[rank - 1].isConstant(1) && twice[rank - 1].isConstant(2) &&
          twice.drop_back(2) == from.drop_back() && twice.back() == from.back();
      if ((behind || before) && to.size() == rank &&
          to.drop_back() == from.drop_back())
        result = part;
    }
  } else {
    result = halfOfOp(op, interleaved);
  }
  halves[{cache, static_cast<unsigned>(interleaved)}] = result;
  return result;
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
