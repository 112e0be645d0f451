//===- Movement.cpp - Transpose, Concat, Split, Expand, Tile --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that copy elements to other places. Copies are elementwise
// linalg.generic with a map where one does it, so that they fuse; parts of a
// tensor are slices, so that bufferization can leave the copy out.
//===----------------------------------------------------------------------===//

#include "Broadcast.h"
#include "Loops.h"
#include "Reshape.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;
using onnx::DimExpr;

static LogicalResult lowerTranspose(onnx::TransposeOp op, Lowering &l) {
  Value data = op.getData();
  SmallVector<int64_t> permutation = op.getPermutation(l.rankOf(data));
  l.set(op.getTransposed(),
        l.transpose(l.get(data), l.dims(data), permutation));
  return success();
}

/// Tensors that are written into one buffer, at most; of more, this many go by
/// way of a buffer of their own. The analysis of bufferization follows such a
/// chain back at each of its links.
constexpr size_t kMaxJoined = 64, kJoinedFirst = 16;

/// Operands of a Concat: a tensor, and its length along the axis.
using Piece = std::pair<Value, DimExpr>;

/// Writes the pieces behind each other into a tensor of these sizes.
static Value joinPieces(Lowering &l, ArrayRef<Piece> pieces,
                        SmallVector<OpFoldResult> sizes, int64_t axis) {
  SmallVector<OpFoldResult> offsets(sizes.size(), l.b.getIndexAttr(0)),
      strides(sizes.size(), l.b.getIndexAttr(1));
  Value joined = l.empty(
      sizes,
      cast<RankedTensorType>(pieces[0].first.getType()).getElementType());
  DimExpr offset;
  for (const auto &[tensor, length] : pieces) {
    offsets[axis] = l.materialize(offset);
    sizes[axis] = l.materialize(length);
    joined = tensor::InsertSliceOp::create(l.b, l.fitTo(tensor, sizes), joined,
                                           offsets, sizes, strides);
    offset = offset + length;
  }
  return joined;
}

static LogicalResult lowerConcat(onnx::ConcatOp op, Lowering &l) {
  Value result = op.getConcatResult();
  int64_t rank = l.rankOf(result), axis = wrapAxis(op.getAxis(), rank);
  if (l.isSmallInt(result) && rank == 1) {
    SmallVector<Value> all;
    bool known = true;
    for (Value input : op.getInputs()) {
      auto elements = l.knownElements(input);
      known &= elements.has_value();
      if (elements)
        llvm::append_range(all, *elements);
    }
    if (known) {
      l.setElements(result, all);
      return success();
    }
  }
  for (Value input : op.getInputs())
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis &&
          failed(l.requireEqual(input, i, result, i,
                                ("dims " + Twine(i) + " of operands").str())))
        return failure();
  SmallVector<OpFoldResult> sizes = l.dims(result);
  SmallVector<Piece> pieces;
  for (Value input : op.getInputs())
    if (!l.expr(input, axis).isConstant(0))
      pieces.push_back({l.get(input), l.expr(input, axis)});
  if (pieces.empty()) {
    l.set(result, l.emptyFor(result));
    return success();
  }
  while (pieces.size() > kMaxJoined) {
    SmallVector<Piece> longer;
    for (size_t i = 0; i < pieces.size(); i += kJoinedFirst) {
      auto group =
          ArrayRef(pieces).slice(i, std::min(kJoinedFirst, pieces.size() - i));
      DimExpr length;
      for (const Piece &piece : group)
        length = length + piece.second;
      SmallVector<OpFoldResult> part = sizes;
      part[axis] = l.materialize(length);
      longer.push_back({joinPieces(l, group, part, axis), length});
    }
    pieces = std::move(longer);
  }
  l.set(result, joinPieces(l, pieces, sizes, axis));
  return success();
}

static LogicalResult lowerSplit(onnx::SplitOp op, Lowering &l) {
  Value input = op.getInput();
  int64_t rank = l.rankOf(input), axis = wrapAxis(op.getAxis(), rank);
  SmallVector<OpFoldResult> offsets(rank, l.b.getIndexAttr(0)),
      strides(rank, l.b.getIndexAttr(1));
  if (llvm::any_of(op.getOutputs(),
                   [&](Value part) { return l.isOwnDim(part, axis); })) {
    auto lengths = l.indexElements(op.getSplit(), op.getOutputs().size());
    if (failed(lengths))
      return failure();
    for (auto [part, length] : llvm::zip(op.getOutputs(), *lengths))
      if (l.isOwnDim(part, axis))
        l.setDim(part, axis, l.value(length));
  }
  // Lengths that the graph computes are checked; equal parts fit by definition.
  DimExpr sum;
  for (Value part : op.getOutputs()) {
    const DimExpr &length = l.expr(part, axis);
    sum = sum + length;
    if (l.shapes.getSymbols().isNonNegative(length) && !l.isOwnDim(part, axis))
      continue;
    Value size = l.dimValue(part, axis);
    l.require(l.compare(CmpIPredicate::sge, size, l.index(0)),
              "a part has {0} elements", size);
  }
  if (sum != l.expr(input, axis)) {
    Value have = l.dimValue(input, axis), asked = l.value(l.materialize(sum));
    l.require(l.compare(CmpIPredicate::eq, have, asked),
              "parts of {0} elements in all do not make up a dim of {1}",
              {asked, have});
  }
  // A slice of no elements would have its offset behind the end.
  if (llvm::is_contained(l.typeOf(input).getShape(), 0)) {
    for (Value part : op.getOutputs())
      l.set(part, l.emptyFor(part));
    return success();
  }
  DimExpr offset;
  Value tensor = l.get(input);
  for (Value part : op.getOutputs()) {
    offsets[axis] = l.materialize(offset);
    SmallVector<OpFoldResult> sizes = l.dims(input);
    sizes[axis] = l.dim(part, axis);
    offset = offset + l.expr(part, axis);
    if (!part.use_empty())
      l.set(part, tensor::ExtractSliceOp::create(l.b, l.typeOf(part), tensor,
                                                 offsets, sizes, strides));
  }
  return success();
}

/// The sizes that an Expand asks for, of a shape operand whose length shows at
/// run time: 1 in front of a short one, as broadcasting has it.
static FailureOr<SmallVector<Value>> askedSizes(onnx::ExpandOp op, Lowering &l,
                                                int64_t rank, bool mayBeShort) {
  Value shape = op.getShape(), one = l.index(1);
  if (!mayBeShort || l.typeOf(shape).hasStaticShape()) {
    auto sizes = l.indexElements(shape, rank);
    if (failed(sizes))
      return failure();
    return llvm::map_to_vector(
        *sizes, [&](OpFoldResult size) { return l.value(size); });
  }
  Value length = l.dimValue(shape, 0), most = l.index(rank);
  l.require(l.compare(CmpIPredicate::sle, length, most),
            "a shape of {0} dims for a result of {1}", {length, most});
  Value absent = l.subtract(most, length), tensor = l.get(shape);
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < rank; ++i) {
    Value place = l.subtract(l.index(i), absent);
    Value isAsked = l.compare(CmpIPredicate::sge, place, l.index(0));
    sizes.push_back(ifThen(l, isAsked, one, [&]() -> SmallVector<Value> {
      return {arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                         l.read(tensor, place))};
    })[0]);
  }
  return sizes;
}

/// The sizes of a result of which only the rank is known.
static LogicalResult computeExpanded(onnx::ExpandOp op, Lowering &l) {
  Value input = op.getInput(), result = op.getOutput(), one = l.index(1);
  int64_t rank = l.rankOf(result), missing = rank - l.rankOf(input);
  if (missing < 0)
    return l.fail("the result has less dims than the operand");
  // Without missing dims the operand has the rank, whatever the shape has.
  auto wanted = askedSizes(op, l, rank, /*mayBeShort=*/missing == 0);
  if (failed(wanted))
    return failure();
  for (int64_t i = 0; i < rank; ++i) {
    Value want = (*wanted)[i];
    Value have = i < missing ? one : l.dimValue(input, i - missing);
    Value wantsOne = l.compare(CmpIPredicate::eq, want, one);
    Value fits = arith::OrIOp::create(
        l.b, wantsOne,
        arith::OrIOp::create(l.b, l.compare(CmpIPredicate::eq, have, one),
                             l.compare(CmpIPredicate::eq, have, want)));
    fits = arith::AndIOp::create(
        l.b, fits, l.compare(CmpIPredicate::sge, want, l.index(0)));
    l.require(fits, "a dim of {0} cannot expand to {1}", {have, want});
    Value size = l.select(wantsOne, have, want);
    if (l.isOwnDim(result, i)) {
      l.setDim(result, i, size);
      continue;
    }
    Value declared = l.dimValue(result, i);
    l.require(l.compare(CmpIPredicate::eq, size, declared),
              "a dim is {0}, declared as {1}", {size, declared});
  }
  return success();
}

static LogicalResult lowerExpand(onnx::ExpandOp op, Lowering &l) {
  Value input = op.getInput(), result = op.getOutput();
  auto wanted = l.shapes.getElements(op.getShape());
  if (!wanted) {
    if (failed(computeExpanded(op, l)))
      return failure();
    l.set(result,
          elementwiseOver(
              l, result, l.dims(result), l.typeOf(result).getElementType(), {},
              {}, input,
              [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; }));
    return success();
  }
  SmallVector<DimExpr> asked(*wanted);
  for (int64_t i = 0, e = asked.size(), rank = l.rankOf(result); i < e; ++i) {
    const DimExpr &size = l.expr(result, i + rank - e);
    if (asked[i].isConstant(1) ||
        (asked[i] == size && l.shapes.getSymbols().isNonNegative(size)))
      continue;
    Value want = l.value(l.materialize(asked[i])),
          have = l.dimValue(result, i + rank - e);
    Value fits =
        arith::OrIOp::create(l.b, l.compare(CmpIPredicate::eq, want, have),
                             l.compare(CmpIPredicate::eq, want, l.index(1)));
    fits = arith::AndIOp::create(
        l.b, fits, l.compare(CmpIPredicate::sge, have, l.index(0)));
    l.require(fits, "a dim of {0} cannot expand to {1}", {have, want});
  }
  auto expanded =
      elementwise(l, result, l.typeOf(result).getElementType(), input,
                  [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
  if (failed(expanded))
    return failure();
  l.set(result, *expanded);
  return success();
}

/// One loop per repetition and dim, then the pairs collapsed.
static LogicalResult lowerTile(onnx::TileOp op, Lowering &l) {
  Value input = op.getInput(), result = op.getOutput();
  auto numbers = l.indexElements(op.getRepeats(), l.rankOf(input));
  if (failed(numbers))
    return failure();
  auto repeats = l.shapes.getElements(op.getRepeats());
  SmallVector<DimExpr> interleaved;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> inner;
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    onnx::DimSymbols &symbols = l.shapes.getSymbols();
    DimExpr count =
        repeats ? (*repeats)[i] : symbols.getElement(op.getRepeats(), i);
    if (!symbols.isNonNegative(count))
      l.require(l.compare(CmpIPredicate::sge, l.value(number), l.index(0)),
                "repeats is {0}", l.value(number));
    if (l.isOwnDim(result, i))
      l.setDim(
          result, i,
          arith::MulIOp::create(l.b, l.dimValue(input, i), l.value(number)));
    interleaved.push_back(count);
    interleaved.push_back(l.expr(input, i));
    sizes.push_back(number);
    sizes.push_back(l.dim(input, i));
    inner.push_back(2 * i + 1);
  }
  Value tiled =
      l.parallel(sizes, l.typeOf(input).getElementType(), l.get(input),
                 mapOnto(l.b.getContext(), sizes.size(), inner),
                 [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
  l.set(result, reshape(l, tiled, interleaved, l.shapes.getShape(result),
                        l.dims(result)));
  return success();
}

//===----------------------------------------------------------------------===//
// Blocks of pixels
//===----------------------------------------------------------------------===//

/// Splits dims, permutes, joins: `split` are the dims after the first step.
static LogicalResult permuteBlocks(Lowering &l, Value input, Value result,
                                   ArrayRef<DimExpr> split,
                                   ArrayRef<int64_t> permutation) {
  ArrayRef<DimExpr> from = l.shapes.getShape(input);
  DimExpr total = onnx::product(from), parts = onnx::product(split);
  if (total != parts) {
    Value have = l.value(l.materialize(total)),
          made = l.value(l.materialize(parts));
    l.require(l.compare(CmpIPredicate::eq, have, made),
              "blocks do not divide the dims: {0} elements, {1} in blocks",
              {have, made});
  }
  SmallVector<OpFoldResult> sizes;
  SmallVector<DimExpr> permuted;
  for (const DimExpr &size : split)
    sizes.push_back(l.materialize(size));
  for (int64_t axis : permutation)
    permuted.push_back(split[axis]);
  Value blocks = reshape(l, l.get(input), from, split, sizes);
  Value moved = l.transpose(blocks, sizes, permutation);
  l.set(result,
        reshape(l, moved, permuted, l.shapes.getShape(result), l.dims(result)));
  return success();
}

static LogicalResult lowerDepthToSpace(onnx::DepthToSpaceOp op, Lowering &l) {
  Value input = op.getInput();
  DimExpr block(op.getBlocksize());
  const DimExpr &n = l.expr(input, 0), &h = l.expr(input, 2),
                &w = l.expr(input, 3), &depth = l.expr(op.getOutput(), 1);
  if (op.getMode() == "DCR")
    return permuteBlocks(l, input, op.getOutput(),
                         {n, block, block, depth, h, w}, {0, 3, 4, 1, 5, 2});
  return permuteBlocks(l, input, op.getOutput(), {n, depth, block, block, h, w},
                       {0, 1, 4, 2, 5, 3});
}

static LogicalResult lowerSpaceToDepth(onnx::SpaceToDepthOp op, Lowering &l) {
  Value input = op.getInput(), output = op.getOutput();
  DimExpr block(op.getBlocksize());
  return permuteBlocks(l, input, output,
                       {l.expr(input, 0), l.expr(input, 1), l.expr(output, 2),
                        block, l.expr(output, 3), block},
                       {0, 3, 5, 1, 2, 4});
}

void qopt::registerMovement(Registry &registry) {
  registry.add(lowerTranspose);
  registry.add(lowerConcat);
  registry.add(lowerSplit);
  registry.add(lowerExpand);
  registry.add(lowerTile);
  registry.add(lowerDepthToSpace);
  registry.add(lowerSpaceToDepth);
}
