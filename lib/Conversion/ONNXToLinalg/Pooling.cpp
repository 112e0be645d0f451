//===- Pooling.cpp - MaxPool, AveragePool, LpPool -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One reduction over the taps of windows of a padded tensor. What the padding
// holds does not count: it is the start value of the reduction. Means divide by
// a count that follows from the position of the window alone.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Elementwise.h"
#include "Indices.h"
#include "Reduction.h"
#include "Windows.h"
#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;
using onnx::DimExpr;
using onnx::Window;

namespace {
/// The loop nest of a pooling: n, c, counts.., taps...
struct Nest {
  SmallVector<Window> windows;
  SmallVector<OpFoldResult> dims;
  SmallVector<utils::IteratorType> iterators;
  AffineMap input, tapMap, result;
  Value padded;
  /// A tensor that nobody reads: linalg takes the number of taps from it. Its
  /// last dim is none of the loops, so that these walk along rows.
  Value taps;
  int64_t spatial;
};
} // namespace

static Nest nestOf(Lowering &l, Operation *op, Value x, Value fill) {
  Nest nest;
  Value graph = op->getOperand(0), result = op->getResult(0);
  ArrayRef<DimExpr> shape = l.shapes.getShape(graph);
  Exprs kernel;
  for (int64_t size :
       op->getAttrOfType<DenseI64ArrayAttr>("kernel_shape").asArrayRef())
    kernel.push_back(size);
  nest.windows = onnx::slideWindows(l.shapes.getSymbols(), op,
                                    shape.drop_front(2), kernel);
  requireNonNegative(l, result);
  nest.padded = padToWindows(l, x, {shape[0], shape[1]}, nest.windows, fill);
  nest.spatial = nest.windows.size();
  int64_t rank = 2 + nest.spatial, loops = rank + nest.spatial;
  MLIRContext *context = l.b.getContext();
  SmallVector<int64_t> counts, taps, out{0, 1};
  SmallVector<AffineExpr> tapExprs;
  for (int64_t i = 0; i < nest.spatial; ++i) {
    counts.push_back(2 + i);
    taps.push_back(rank + i);
    tapExprs.push_back(getAffineDimExpr(rank + i, context));
  }
  tapExprs.push_back(getAffineConstantExpr(0, context));
  llvm::append_range(out, counts);
  nest.input = windowMap(context, loops, {0, 1}, counts, taps, nest.windows);
  nest.tapMap = AffineMap::get(loops, 0, tapExprs, context);
  nest.result = mapOnto(context, loops, out);
  nest.iterators = parallelLoops(rank);
  nest.iterators.append(nest.spatial, utils::IteratorType::reduction);
  Exprs tapDims(kernel);
  tapDims.push_back(1);
  nest.taps = l.empty(materialize(l, tapDims), l.b.getI8Type());
  nest.dims = {l.dim(result, 0), l.dim(result, 1)};
  for (const Window &window : nest.windows)
    nest.dims.push_back(l.materialize(window.count));
  return nest;
}

static Value poolOf(Lowering &l, const Nest &nest, Value start, Body1 combine) {
  return l
      .generic({nest.padded, nest.taps}, l.filled(nest.dims, start),
               {nest.input, nest.tapMap, nest.result}, nest.iterators,
               [&](ImplicitLocOpBuilder &b, ValueRange a) {
                 return SmallVector<Value>{combine(b, {a[0], a[2]})};
               })
      .front();
}

/// The least value of a type with the signedness of the graph.
static Value leastOf(Lowering &l, Type element) {
  if (auto type = dyn_cast<FloatType>(element))
    return l.number(type, -std::numeric_limits<double>::infinity());
  unsigned width = element.getIntOrFloatBitWidth();
  return constantInteger(l.b, IntegerType::get(l.b.getContext(), width),
                         element.isUnsignedInteger()
                             ? APInt::getZero(width)
                             : APInt::getSignedMinValue(width));
}

//===----------------------------------------------------------------------===//
// MaxPool
//===----------------------------------------------------------------------===//

/// Coordinate of a tap in the operand, along spatial dim `i`.
static Value coordinate(ImplicitLocOpBuilder &b, const Nest &nest, int64_t i,
                        ArrayRef<Value> begins) {
  auto scaled = [&](int64_t loop, int64_t factor) -> Value {
    return arith::MulIOp::create(b, linalg::IndexOp::create(b, loop),
                                 arith::ConstantIndexOp::create(b, factor));
  };
  Value at = arith::AddIOp::create(
      b, scaled(2 + i, nest.windows[i].stride),
      scaled(2 + nest.spatial + i, nest.windows[i].dilation));
  return arith::SubIOp::create(b, at, begins[i]);
}

/// Maxima with the places of the first of them.
static LogicalResult maximaWithPlaces(onnx::MaxPoolOp op, Lowering &l,
                                      const Nest &nest, Value least) {
  Value x = op.getX();
  Type element = l.elementOf(x), i64 = l.b.getI64Type();
  SmallVector<Value> begins, sizes;
  for (int64_t i = 0; i < nest.spatial; ++i) {
    begins.push_back(l.value(l.materialize(nest.windows[i].begin)));
    sizes.push_back(l.dimValue(x, 2 + i));
  }
  Value channels = l.dimValue(x, 1), none = l.number(i64, -1);
  bool reversed = op.getStorageOrder() != 0;
  auto results = l.generic(
      {nest.padded, nest.taps},
      {l.filled(nest.dims, least), l.filled(nest.dims, none)},
      {nest.input, nest.tapMap, nest.result, nest.result}, nest.iterators,
      [&](ImplicitLocOpBuilder &b, ValueRange a) {
        Value value = a[0], best = a[2], place = a[3];
        Value zero = arith::ConstantIndexOp::create(b, 0), inside;
        Value flat = arith::AddIOp::create(
            b,
            arith::MulIOp::create(b, linalg::IndexOp::create(b, 0), channels),
            linalg::IndexOp::create(b, 1));
        SmallVector<Value> at;
        for (int64_t i = 0; i < nest.spatial; ++i) {
          at.push_back(coordinate(b, nest, i, begins));
          Value fits = arith::AndIOp::create(
              b, arith::CmpIOp::create(b, CmpIPredicate::sge, at[i], zero),
              arith::CmpIOp::create(b, CmpIPredicate::slt, at[i], sizes[i]));
          inside = inside ? arith::AndIOp::create(b, inside, fits) : fits;
        }
        for (int64_t i = 0; i < nest.spatial; ++i) {
          int64_t dim = reversed ? nest.spatial - 1 - i : i;
          flat = arith::AddIOp::create(
              b, arith::MulIOp::create(b, flat, sizes[dim]), at[dim]);
        }
        Value isNew = arith::CmpIOp::create(b, CmpIPredicate::slt, place,
                                            constantNumber(b, i64, 0));
        Value larger;
        if (isa<FloatType>(element))
          larger =
              arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, value, best);
        else
          larger = arith::CmpIOp::create(b,
                                         element.isUnsignedInteger()
                                             ? CmpIPredicate::ugt
                                             : CmpIPredicate::sgt,
                                         value, best);
        Value take = arith::AndIOp::create(
            b, inside, arith::OrIOp::create(b, isNew, larger));
        return SmallVector<Value>{
            arith::SelectOp::create(b, take, value, best),
            arith::SelectOp::create(
                b, take, arith::IndexCastOp::create(b, i64, flat), place)};
      });
  l.set(op.getY(), results[0]);
  l.set(op.getIndices(), results[1]);
  return success();
}

static LogicalResult lowerMaxPool(onnx::MaxPoolOp op, Lowering &l) {
  Value x = op.getX();
  Type element = l.elementOf(x);
  Value least = leastOf(l, element);
  Nest nest = nestOf(l, op, l.get(x), least);
  if (!op.getIndices().use_empty())
    return maximaWithPlaces(op, l, nest, least);
  l.set(op.getY(), poolOf(l, nest, least,
                          [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                            if (isa<FloatType>(element))
                              return maximumFreely(b, a[1], a[0]);
                            if (element.isUnsignedInteger())
                              return arith::MaxUIOp::create(b, a[1], a[0]);
                            return arith::MaxSIOp::create(b, a[1], a[0]);
                          }));
  return success();
}

//===----------------------------------------------------------------------===//
// AveragePool, LpPool
//===----------------------------------------------------------------------===//

/// Taps of the window at `position` that lie in [low, high) of the operand.
static Value countTaps(ImplicitLocOpBuilder &b, Value position,
                       const Window &window, Value begin, Value kernel,
                       Value low, Value high) {
  auto number = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(b, n);
  };
  Value first = arith::SubIOp::create(
      b, arith::MulIOp::create(b, position, number(window.stride)), begin);
  // Number of taps in front of a bound: ceil((bound - first) / dilation).
  auto before = [&](Value bound) -> Value {
    Value room = arith::MaxSIOp::create(
        b, arith::SubIOp::create(b, bound, first), number(0));
    Value taps = arith::DivUIOp::create(
        b, arith::AddIOp::create(b, room, number(window.dilation - 1)),
        number(window.dilation));
    return arith::MinSIOp::create(b, taps, kernel);
  };
  return arith::SubIOp::create(b, before(high), before(low));
}

static LogicalResult lowerAveragePool(onnx::AveragePoolOp op, Lowering &l) {
  Value x = op.getX(), result = op.getY();
  Type element = l.typeOf(result).getElementType(), type = computeType(element);
  Nest nest =
      nestOf(l, op, convertTensor(l, l.get(x), type), l.number(type, 0));
  Value sums = poolOf(l, nest, l.number(type, 0),
                      [](ImplicitLocOpBuilder &b, ValueRange a) {
                        return sumFreely(b, a[1], a[0]);
                      });
  SmallVector<Value> begins, kernels, lows, highs;
  bool padded = op.getCountIncludePad() != 0, whole = true;
  for (const Window &window : nest.windows) {
    DimExpr low = padded ? -window.begin : DimExpr(0),
            high = padded ? window.image + window.end : window.image;
    // Whether no window reaches beyond.
    whole &= low == -window.begin &&
             l.shapes.getSymbols().isNonNegative(high + window.begin -
                                                 window.covered());
    begins.push_back(l.value(l.materialize(window.begin)));
    kernels.push_back(l.value(l.materialize(window.kernel)));
    lows.push_back(l.value(l.materialize(low)));
    highs.push_back(l.value(l.materialize(high)));
  }
  Value full;
  if (whole) {
    double taps = 1;
    for (const Window &window : nest.windows)
      taps *= double(*window.kernel.getConstant());
    full = l.number(type, taps);
  }
  l.set(result,
        l.parallel(
            nest.dims, element, sums,
            l.b.getMultiDimIdentityMap(2 + nest.spatial),
            [&](ImplicitLocOpBuilder &b, ValueRange a) {
              Value divisor = full;
              if (!divisor) {
                Value count;
                for (int64_t i = 0; i < nest.spatial; ++i) {
                  Value taps = countTaps(b, linalg::IndexOp::create(b, 2 + i),
                                         nest.windows[i], begins[i], kernels[i],
                                         lows[i], highs[i]);
                  count = count ? arith::MulIOp::create(b, count, taps) : taps;
                }
                divisor = arith::UIToFPOp::create(
                    b, type,
                    arith::IndexCastOp::create(b, b.getI64Type(), count));
              }
              return convertFloat(b, arith::DivFOp::create(b, a[0], divisor),
                                  element);
            }));
  return success();
}

static LogicalResult lowerLpPool(onnx::LpPoolOp op, Lowering &l) {
  Value x = op.getX(), result = op.getY();
  Type element = l.typeOf(result).getElementType(), type = computeType(element);
  Nest nest =
      nestOf(l, op, convertTensor(l, l.get(x), type), l.number(type, 0));
  int64_t p = op.getP();
  Value sums = poolOf(l, nest, l.number(type, 0),
                      [&](ImplicitLocOpBuilder &b, ValueRange a) {
                        Value power = math::AbsFOp::create(b, a[0]);
                        if (p == 2)
                          power = arith::MulFOp::create(b, power, power);
                        else if (p != 1)
                          power = math::PowFOp::create(
                              b, power, constantNumber(b, type, double(p)));
                        return sumFreely(b, a[1], power);
                      });
  l.set(result, l.parallel(nest.dims, element, sums,
                           l.b.getMultiDimIdentityMap(2 + nest.spatial),
                           [&](ImplicitLocOpBuilder &b, ValueRange a) {
                             Value root = a[0];
                             if (p == 2)
                               root = math::SqrtOp::create(b, root);
                             else if (p != 1)
                               root = math::PowFOp::create(
                                   b, root,
                                   constantNumber(b, type, 1.0 / double(p)));
                             return convertFloat(b, root, element);
                           }));
  return success();
}

//===----------------------------------------------------------------------===//
// MaxUnpool
//===----------------------------------------------------------------------===//

/// Writes one element after the other: an index may occur twice, and the last
/// one wins. With output_shape the indices still count in the tensor that the
/// attributes describe, of which the result is a larger copy.
static LogicalResult lowerMaxUnpool(onnx::MaxUnpoolOp op, Lowering &l) {
  Value x = op.getX(), indices = op.getIndices(), result = op.getOutput();
  int64_t rank = l.rankOf(x);
  Type element = l.typeOf(result).getElementType();
  if (l.rankOf(indices) != rank)
    return l.fail("x and indices have different ranks");
  for (int64_t i = 0; i < rank; ++i)
    if (failed(l.requireEqual(x, i, indices, i, "dims of x and indices")))
      return failure();
  ArrayRef<DimExpr> shape = l.shapes.getShape(x);
  Exprs kernel;
  for (int64_t size : op.getKernelShape())
    kernel.push_back(size);
  if (int64_t(kernel.size()) != rank - 2)
    return l.fail("kernel_shape does not fit the rank");
  Exprs inner{shape[0], shape[1]};
  for (const Window &window : onnx::spreadWindows(l.shapes.getSymbols(), op,
                                                  shape.drop_front(2), kernel))
    inner.push_back(window.image);
  if (l.present(op.getOutputShape())) {
    auto given = l.indexElements(op.getOutputShape(), rank);
    if (failed(given))
      return failure();
    for (int64_t i = 0; i < rank; ++i)
      if (l.isOwnDim(result, i))
        l.setDim(result, i, l.value((*given)[i]));
    requireNonNegative(l, result);
  }
  SmallVector<Value> sizes = llvm::map_to_vector(
      l.dims(x), [&](OpFoldResult size) { return l.value(size); });
  SmallVector<Value> outer = llvm::map_to_vector(
      l.dims(result), [&](OpFoldResult size) { return l.value(size); });
  SmallVector<Value> places = llvm::map_to_vector(
      materialize(l, inner), [&](OpFoldResult size) { return l.value(size); });
  // Every place is inside: checked in front, where an error can still end the
  // run.
  Value room = l.index(1);
  for (int64_t i = 0; i < rank; ++i) {
    room = l.b.createOrFold<arith::MulIOp>(room, places[i]);
    if (inner[i] != l.expr(result, i))
      l.require(l.compare(CmpIPredicate::sge, outer[i], places[i]),
                "a dim of {0} elements does not hold {1}",
                {outer[i], places[i]});
  }
  if (!l.unsafeIndices) {
    auto [low, high] = rangeOf(l, indices);
    Value size = arith::IndexCastOp::create(l.b, low.getType(), room);
    Value zero = l.number(low.getType(), 0);
    l.require(arith::AndIOp::create(
                  l.b, l.compare(CmpIPredicate::sge, low, zero),
                  l.compare(CmpIPredicate::slt, high,
                            l.maximum(size, l.number(low.getType(), 1)))),
              "an index lies outside the {0} elements of the result", room);
  }
  Value data = l.get(x), at = l.get(indices);
  Value filled = l.filled(l.dims(result), l.number(element, 0));
  Type indexType = l.b.getIndexType();
  l.set(result,
        l.loopNest(sizes, filled, [&](ArrayRef<Value> loops, Value tensor) {
          Value flat =
              arith::IndexCastOp::create(l.b, indexType, l.read(at, loops));
          SmallVector<Value> position(rank);
          for (int64_t i = rank; i-- > 0;) {
            position[i] = arith::RemUIOp::create(l.b, flat, places[i]);
            flat = arith::DivUIOp::create(l.b, flat, places[i]);
          }
          return Value(tensor::InsertOp::create(l.b, l.read(data, loops),
                                                tensor, position));
        }));
  return success();
}

void qopt::registerPooling(Registry &registry) {
  registry.add(lowerMaxPool);
  registry.add(lowerAveragePool);
  registry.add(lowerLpPool);
  registry.add(lowerMaxUnpool);
}
