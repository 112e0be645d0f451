//===- Convolution.cpp - Conv and what other convolutions share -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The taps of all windows are laid out as columns, one per window, so that the
// convolution is a product of matrices, for which there are kernels; a window
// of one element needs no copy. Where every group has one input channel the
// product would have almost no reuse: there each row of the result is a sum of
// shifted, scaled rows of the operand.
//===----------------------------------------------------------------------===//

#include "Convolution.h"
#include "Contraction.h"
#include "Elementwise.h"
#include "Reduction.h"
#include "Reshape.h"
#include "ScalarLoops.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"

using namespace mlir;
using namespace mlir::qopt;
using onnx::DimExpr;
using onnx::Window;

static Exprs countsOf(const Convolution &c) {
  Exprs counts;
  for (const Window &window : c.windows)
    counts.push_back(window.count);
  return counts;
}

static Value multiply(ImplicitLocOpBuilder &b, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::MulFOp::create(b, x, y);
  return arith::MulIOp::create(b, x, y);
}

static Type elementTypeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

Value qopt::multiplyColumns(Lowering &l, Value w, Value columns,
                            ArrayRef<DimExpr> result) {
  MLIRContext *context = l.b.getContext();
  Contraction product;
  product.a = w;
  product.b = columns;
  // Loops: n, g, m, p, k.
  product.aMap = mapOnto(context, 5, {1, 2, 4});
  product.bMap = mapOnto(context, 5, {0, 1, 4, 3});
  product.resultMap = mapOnto(context, 5, {0, 1, 2, 3});
  product.loops = parallelLoops(4);
  product.loops.push_back(utils::IteratorType::reduction);
  product.dims = materialize(l, result);
  return contract(l, product, elementTypeOf(w), {}, {},
                  [](ImplicitLocOpBuilder &b, ValueRange a) {
                    return multiply(b, a[0], a[1]);
                  });
}

/// One input channel per group: kernel loops outside, rows of windows inside.
static Value convolveChannels(Lowering &l, const Convolution &c, Value padded) {
  MLIRContext *context = l.b.getContext();
  int64_t spatial = c.windows.size(), loops = 3 + 2 * spatial;
  DimExpr multiplier = *c.channels().dividedBy(c.group);
  Type type = elementTypeOf(padded);
  // A unit dim ends the weight: its last dim is then none of the loops, so that
  // these walk along rows of the operand.
  Exprs split{c.group, multiplier};
  for (const Window &window : c.windows)
    split.push_back(window.kernel);
  split.push_back(1);
  Value w = reshape(l, c.w, c.wDims, split, materialize(l, split));

  // Loops: n, g, multiplier, counts.., taps...
  SmallVector<int64_t> counts, taps, out{0, 1, 2};
  SmallVector<AffineExpr> wExprs{getAffineDimExpr(1, context),
                                 getAffineDimExpr(2, context)};
  for (int64_t i = 0; i < spatial; ++i) {
    counts.push_back(3 + i);
    taps.push_back(3 + spatial + i);
    wExprs.push_back(getAffineDimExpr(taps.back(), context));
  }
  wExprs.push_back(getAffineConstantExpr(0, context));
  llvm::append_range(out, counts);
  Exprs dims{c.batch(), c.group, multiplier};
  llvm::append_range(dims, countsOf(c));
  SmallVector<utils::IteratorType> iterators = parallelLoops(3 + spatial);
  iterators.append(spatial, utils::IteratorType::reduction);
  Value start = l.filled(materialize(l, dims), l.number(type, 0));
  Value sums =
      l.generic({padded, w}, start,
                {windowMap(context, loops, {0, 1}, counts, taps, c.windows),
                 AffineMap::get(loops, 0, wExprs, context),
                 mapOnto(context, loops, out)},
                iterators,
                [&](ImplicitLocOpBuilder &b, ValueRange a) {
                  Value product = multiply(b, a[0], a[1]);
                  Value sum = isa<FloatType>(type)
                                  ? Value(sumFreely(b, a[2], product))
                                  : arith::AddIOp::create(b, a[2], product);
                  return SmallVector<Value>{sum};
                })
          .front();
  Exprs to{c.batch(), c.channels()};
  llvm::append_range(to, countsOf(c));
  return reshape(l, sums, dims, to, materialize(l, to));
}

Value qopt::convolveTaps(Lowering &l, const Convolution &c, Value taps,
                         ArrayRef<DimExpr> dims) {
  DimExpr perGroup = *c.channels().dividedBy(c.group);
  Exprs counts = countsOf(c);
  DimExpr depth = onnx::product(ArrayRef(c.wDims).drop_front()),
          places = onnx::product(counts);
  Exprs grouped{c.batch(), c.group, depth, places};
  Value columns = reshape(l, taps, dims, grouped, materialize(l, grouped));
  Exprs matrix{c.group, perGroup, depth};
  Value w = reshape(l, c.w, c.wDims, matrix, materialize(l, matrix));
  Exprs result{c.batch(), c.group, perGroup, places},
      to{c.batch(), c.channels()};
  llvm::append_range(to, counts);
  return reshape(l, multiplyColumns(l, w, columns, result), result, to,
                 materialize(l, to));
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

namespace {
/// The windows in tiles of whole rows (places along the first spatial dim). The
/// last tile may be padded with rows of no use.
struct Tiles {
  OpFoldResult count, rows;
};
} // namespace

/// About as many columns as keep the taps of a tile in L2, and few enough that
/// one image gives work to several threads.
static Tiles chooseTiles(Lowering &l, const Convolution &c) {
  constexpr int64_t kColumns = 256;
  DimExpr first = c.windows.front().count,
          width = onnx::product(ArrayRef(countsOf(c)).drop_front());
  if (first.isConstant() && width.isConstant() && *first.getConstant() > 0 &&
      *width.getConstant() > 0) {
    int64_t count = *first.getConstant(), row = *width.getConstant(), best = 1;
    auto cost = [&](int64_t rows) {
      return llvm::divideCeil(count, rows) *
             llvm::alignTo(uint64_t(rows * row), 16);
    };
    for (int64_t rows = 1; rows <= count && rows * row <= 2 * kColumns; ++rows)
      if (cost(rows) <= cost(best))
        best = rows;
    return {l.b.getIndexAttr(llvm::divideCeil(count, best)),
            l.b.getIndexAttr(best)};
  }
  Value one = l.index(1), count = l.value(l.materialize(first)),
        row = l.value(l.materialize(width));
  auto ceilDiv = [&](Value a, Value d) -> Value {
    return l.b.createOrFold<arith::CeilDivUIOp>(a, d);
  };
  Value rows = ceilDiv(l.index(kColumns), l.maximum(row, one));
  Value tiles = ceilDiv(count, rows);
  rows = l.maximum(ceilDiv(count, l.maximum(tiles, one)), one);
  return {getAsOpFoldResult(tiles), getAsOpFoldResult(rows)};
}

static SmallVector<int64_t> staticSizes(ArrayRef<OpFoldResult> sizes) {
  return decomposeMixedValues(SmallVector<OpFoldResult>(sizes)).first;
}

/// [N, tiles, C, kernel.., rows, counts..]: the taps of the windows.
static Value layOutTaps(Lowering &l, const Convolution &c, Value padded,
                        const Tiles &tiles, const DimExpr &in) {
  int64_t spatial = c.windows.size();
  SmallVector<OpFoldResult> dims{l.materialize(c.batch()), tiles.count,
                                 l.materialize(in)};
  for (const Window &window : c.windows)
    dims.push_back(l.materialize(window.kernel));
  dims.push_back(tiles.rows);
  for (const Window &window : ArrayRef(c.windows).drop_front())
    dims.push_back(l.materialize(window.count));
  Value rows = l.value(tiles.rows);
  return l.parallel(
      dims, elementTypeOf(padded), {}, {},
      [&](ImplicitLocOpBuilder &b, ValueRange) {
        Scalars s{b};
        SmallVector<Value> at{s.loop(0), s.loop(2)};
        for (auto [i, window] : llvm::enumerate(c.windows)) {
          Value place = s.loop(3 + spatial + i);
          if (i == 0)
            place = s.addi(s.muli(s.loop(1), rows), place);
          at.push_back(s.addi(s.muli(place, s.index(window.stride)),
                              s.muli(s.loop(3 + i), s.index(window.dilation))));
        }
        return s.read(padded, at);
      });
}

/// The taps of each tile are a matrix with one column per window.
static Value convolveTiles(Lowering &l, const Convolution &c,
                           const DimExpr &in) {
  auto &b = l.b;
  MLIRContext *context = b.getContext();
  int64_t spatial = c.windows.size();
  Type type = elementTypeOf(c.x);
  Tiles tiles = chooseTiles(l, c);
  const Window &first = c.windows.front();
  Value total =
      b.createOrFold<arith::MulIOp>(l.value(tiles.count), l.value(tiles.rows));
  // (total - 1) * stride + extent
  Value covered =
      l.add(b.createOrFold<arith::MulIOp>(total, l.index(first.stride)),
            l.value(l.materialize(first.extent() - first.stride)));
  covered = l.maximum(covered, l.index(0));
  Value padded = padToWindows(l, c.x, {c.batch(), in}, c.windows,
                              l.number(type, 0), getAsOpFoldResult(covered));
  Value taps = layOutTaps(l, c, padded, tiles, in);

  auto range = [](int64_t begin, int64_t end) {
    return llvm::to_vector<2>(llvm::seq(begin, end));
  };
  SmallVector<ReassociationIndices> merge{
      {0}, {1}, range(2, 3 + spatial), range(3 + spatial, 3 + 2 * spatial)};
  Value columns = tensor::CollapseShapeOp::create(b, taps, merge);
  DimExpr depth = onnx::product(ArrayRef(c.wDims).drop_front()),
          perGroup = *c.channels().dividedBy(c.group);
  OpFoldResult places = tensor::getMixedSize(b, b.getLoc(), columns, 3);
  SmallVector<OpFoldResult> grouped{l.materialize(c.batch()), tiles.count,
                                    b.getIndexAttr(c.group),
                                    l.materialize(depth), places};
  SmallVector<ReassociationIndices> split{{0}, {1}, {2, 3}, {4}};
  columns = tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(staticSizes(grouped), type), columns, split,
      grouped);
  Exprs matrix{c.group, perGroup, depth};
  Value w = reshape(l, c.w, c.wDims, matrix, materialize(l, matrix));

  // Loops: n, g, m, tile, column, k.
  Contraction product;
  product.a = w;
  product.b = columns;
  product.aMap = mapOnto(context, 6, {1, 2, 5});
  product.bMap = mapOnto(context, 6, {0, 3, 1, 5, 4});
  product.resultMap = mapOnto(context, 6, {0, 1, 2, 3, 4});
  product.loops = parallelLoops(5);
  product.loops.push_back(utils::IteratorType::reduction);
  product.dims = {grouped[0], grouped[2], l.materialize(perGroup), tiles.count,
                  places};
  Value sums = contract(l, product, type, {}, {},
                        [](ImplicitLocOpBuilder &inner, ValueRange a) {
                          return multiply(inner, a[0], a[1]);
                        });

  // [n, g, m, tile, rows * ..] to [n, g * m, tile * rows, ..].
  SmallVector<OpFoldResult> open(product.dims);
  open.pop_back();
  open.push_back(tiles.rows);
  for (const Window &window : ArrayRef(c.windows).drop_front())
    open.push_back(l.materialize(window.count));
  SmallVector<ReassociationIndices> widen{
      {0}, {1}, {2}, {3}, range(4, 4 + spatial)};
  sums = tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(staticSizes(open), type), sums, widen, open);
  SmallVector<ReassociationIndices> join{{0}, {1, 2}, {3, 4}};
  for (int64_t i = 1; i < spatial; ++i)
    join.push_back({4 + i});
  sums = tensor::CollapseShapeOp::create(b, sums, join);
  SmallVector<OpFoldResult> sizes{l.materialize(c.batch()),
                                  l.materialize(c.channels())};
  llvm::append_range(sizes, materialize(l, countsOf(c)));
  if (isEqualConstantIntOrValue(getAsOpFoldResult(total), sizes[2]))
    return sums;
  SmallVector<OpFoldResult> zeros(sizes.size(), b.getIndexAttr(0)),
      ones(sizes.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, sums, zeros, sizes, ones);
}

Value qopt::convolve(Lowering &l, const Convolution &c) {
  // The weight says how many channels there are; that x agrees was checked.
  DimExpr in = c.wDims[1] * c.group;
  bool pointwise = true;
  for (const Window &window : c.windows)
    pointwise &= window.kernel.isConstant(1) && window.stride == 1;
  bool perChannel = c.group > 1 && c.wDims[1].isConstant(1);
  if (!pointwise && !perChannel)
    return convolveTiles(l, c, in);
  Value padded = padToWindows(l, c.x, {c.batch(), in}, c.windows,
                              l.number(elementTypeOf(c.x), 0));
  if (perChannel)
    return convolveChannels(l, c, padded);
  Exprs dims{c.batch(), in};
  llvm::append_range(dims, countsOf(c));
  return convolveTaps(l, c, padded, dims);
}

LogicalResult qopt::finishConvolution(Lowering &l, Value sums, Value bias,
                                      Value result) {
  Type element = l.typeOf(result).getElementType();
  if (!l.present(bias)) {
    l.set(result, convertTensor(l, sums, element));
    return success();
  }
  if (failed(l.requireEqual(bias, 0, result, 1, "channels of bias and result")))
    return failure();
  int64_t rank = l.rankOf(result);
  l.set(result,
        l.parallel(l.dims(result), element, {sums, l.get(bias)},
                   {l.b.getMultiDimIdentityMap(rank),
                    mapOnto(l.b.getContext(), rank, {1})},
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     return convertFloat(
                         b, arith::AddFOp::create(b, a[0], extendHalf(b, a[1])),
                         element);
                   }));
  return success();
}

Convolution qopt::describeConvolution(Lowering &l, Operation *op, Value x,
                                      Value w) {
  Convolution c;
  c.xDims = Exprs(l.shapes.getShape(x));
  c.wDims = Exprs(l.shapes.getShape(w));
  auto group = op->getAttrOfType<IntegerAttr>("group");
  c.group = group ? group.getInt() : 1;
  requireDim(l, x, 1, c.wDims[1] * c.group);
  c.wDims[0] = divideExactly(l, c.wDims[0], c.group) * c.group;
  SmallVector<DimExpr> kernel = onnx::kernelOf(op, c.wDims);
  for (auto [i, size] : llvm::enumerate(kernel)) {
    requireDim(l, w, i + 2, size);
    c.wDims[i + 2] = size;
  }
  c.windows = onnx::slideWindows(l.shapes.getSymbols(), op,
                                 ArrayRef(c.xDims).drop_front(2), kernel);
  requireNonNegative(l, op->getResult(0));
  return c;
}

static LogicalResult lowerConv(onnx::ConvOp op, Lowering &l) {
  Convolution c = describeConvolution(l, op, op.getX(), op.getW());
  Type type = computeType(l.typeOf(op.getX()).getElementType());
  c.x = convertTensor(l, l.get(op.getX()), type);
  c.w = convertTensor(l, l.get(op.getW()), type);
  return finishConvolution(l, convolve(l, c), op.getB(), op.getY());
}

void qopt::registerConvolution(Registry &registry) {
  registry.add(lowerConv);
  registerIntegerConvolution(registry);
}
