//===- Sampling.cpp - GridSample, AffineGrid, DeformConv ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements at positions that a tensor gives. A sample is a sum over the few
// elements around its position; each is read where it exists and counts nothing
// (or another element, by the padding mode) where it does not.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Convolution.h"
#include "Elementwise.h"
#include "ScalarLoops.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;
using onnx::DimExpr;
using onnx::Window;

/// `number` where `condition` holds (it may be null: always), without reading
/// anything otherwise.
static Value readIf(Scalars &s, Value condition, Value tensor, ValueRange at,
                    Value otherwise, function_ref<Value(Value)> convert) {
  if (!condition)
    return convert(s.read(tensor, at));
  auto branch = scf::IfOp::create(s.b, TypeRange(otherwise.getType()),
                                  condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(s.b);
  s.b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(s.b, convert(s.read(tensor, at)));
  s.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(s.b, otherwise);
  return branch.getResult(0);
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

namespace {
class GridSampler {
public:
  GridSampler(onnx::GridSampleOp op, Lowering &l)
      : op(op), l(l), x(op.getX()), grid(op.getGrid()), result(op.getY()),
        spatial(l.rankOf(x) - 2),
        type(l.elementOf(x).isF64() || l.elementOf(grid).isF64()
                 ? l.b.getF64Type()
                 : l.b.getF32Type()),
        isCubic(op.getMode() == "cubic"), isNearest(op.getMode() == "nearest"),
        zeros(op.getPaddingMode() == "zeros"),
        border(op.getPaddingMode() == "border") {}

  LogicalResult lower();

private:
  /// A spatial dim of one sample: where it lies and between which borders.
  struct Axis {
    Value size, last, position, base, fraction, low, high;
  };
  Value reflect(Scalars &s, const Axis &axis, Value at);
  Axis place(Scalars &s, int64_t i, Value given, Value size);
  Value weight(Scalars &s, const Axis &axis, Value tap);
  Value sample(ImplicitLocOpBuilder &b, ArrayRef<Value> sizes);

  onnx::GridSampleOp op;
  Lowering &l;
  Value x, grid, result;
  int64_t spatial;
  Type type;
  bool isCubic, isNearest, zeros, border;
  Value tensor, positions;
};
} // namespace

/// Folds a position back between the borders, as often as it takes.
Value GridSampler::reflect(Scalars &s, const Axis &axis, Value at) {
  Value width = s.subf(axis.high, axis.low), zero = s.number(type, 0);
  // One element has no width to reflect in.
  Value safe =
      s.pick(s.is(CmpFPredicate::OGT, width, zero), width, s.number(type, 1));
  auto fold = [&](Value beyond, Value near, Value far, bool up) {
    Value times = s.floor(s.divf(beyond, safe));
    Value rest = s.subf(beyond, s.mulf(times, safe));
    Value half = s.mulf(times, s.number(type, 0.5));
    Value even = s.is(CmpFPredicate::OEQ, s.floor(half), half);
    Value fromNear = up ? s.addf(near, rest) : s.subf(near, rest),
          fromFar = up ? s.subf(far, rest) : s.addf(far, rest);
    return s.pick(even, fromNear, fromFar);
  };
  Value below = fold(s.subf(axis.low, at), axis.low, axis.high, true),
        above = fold(s.subf(at, axis.high), axis.high, axis.low, false);
  return s.pick(s.is(CmpFPredicate::OLT, at, axis.low), below,
                s.pick(s.is(CmpFPredicate::OGT, at, axis.high), above, at));
}

GridSampler::Axis GridSampler::place(Scalars &s, int64_t i, Value given,
                                     Value size) {
  Axis axis;
  axis.size = size;
  axis.last = s.subi(size, s.index(1));
  Value length = s.toFloat(size, type), one = s.number(type, 1),
        half = s.number(type, 0.5), last = s.subf(length, one);
  Value shifted = s.addf(given, one);
  bool align = op.getAlignCorners() != 0;
  Value at = align ? s.mulf(s.mulf(shifted, half), last)
                   : s.mulf(s.subf(s.mulf(shifted, length), one), half);
  axis.low = s.number(type, align ? 0 : -0.5);
  axis.high = align ? last : s.subf(length, half);
  if (isNearest)
    at = math::RoundEvenOp::create(s.b, at);
  // Cubic taps beside the border are those of the border one by one, as PyTorch
  // and ONNX Runtime have it; the position stays.
  if (border && !isCubic)
    at = s.pick(s.any(s.is(CmpFPredicate::OLT, at, axis.low),
                      s.is(CmpFPredicate::OGT, at, axis.high)),
                s.maxf(s.minf(at, last), s.number(type, 0)), at);
  else if (!border && !zeros)
    at = reflect(s, axis, at);
  // Far outside, and where the grid holds no number, every tap misses; such
  // positions must not overflow the index.
  Value limit = s.number(type, double(1 << 30));
  at = arith::MaxNumFOp::create(s.b, arith::MinNumFOp::create(s.b, at, limit),
                                s.number(type, -double(1 << 30)));
  Value whole = s.floor(at);
  axis.position = at;
  axis.fraction = s.subf(at, whole);
  axis.base = s.toIndex(whole);
  return axis;
}

/// Weight of tap 0, 1 (linear) or 0..3 (cubic, from one left of the base).
Value GridSampler::weight(Scalars &s, const Axis &axis, Value tap) {
  Value one = s.number(type, 1);
  Value offset = s.toFloat(isCubic ? s.subi(tap, s.index(1)) : tap, type);
  Value d = math::AbsFOp::create(s.b, s.subf(axis.fraction, offset));
  if (!isCubic)
    return s.subf(one, d);
  constexpr double a = -0.75;
  auto polynomial = [&](double c3, double c2, double c1, double c0) {
    Value value = s.number(type, c3);
    for (double c : {c2, c1, c0})
      value = s.addf(s.mulf(value, d), s.number(type, c));
    return value;
  };
  return s.pick(s.is(CmpFPredicate::OLE, d, one),
                polynomial(a + 2, -(a + 3), 0, 1),
                polynomial(a, -5 * a, 8 * a, -4 * a));
}

Value GridSampler::sample(ImplicitLocOpBuilder &b, ArrayRef<Value> sizes) {
  Scalars s{b};
  Value n = s.loop(0), c = s.loop(1);
  SmallVector<Value> at{n};
  for (int64_t i = 0, e = l.rankOf(grid) - 2; i < e; ++i)
    at.push_back(s.loop(2 + i));
  at.push_back(Value());
  SmallVector<Axis> axes;
  for (int64_t i = 0; i < spatial; ++i) {
    at.back() = s.index(spatial - 1 - i);
    Value given = convertFloat(b, s.read(positions, at), type);
    axes.push_back(place(s, i, given, sizes[i]));
  }
  Type stored = l.typeOf(x).getElementType(), element = l.elementOf(x);
  Value count = s.index(isNearest ? 1 : isCubic ? 4 : 2);
  Value zero = isNearest ? Value(s.number(stored, 0)) : s.number(type, 0);
  SmallVector<Value> box(spatial, count);
  return foldBox(
             b, box, zero,
             [&](ArrayRef<Value> tap, ValueRange sum) {
               SmallVector<Value> from{n, c};
               Value inside, product;
               for (auto [axis, t] : llvm::zip(axes, tap)) {
                 Value index = s.addi(axis.base, t);
                 if (isCubic)
                   index = s.subi(index, s.index(1));
                 if (zeros) {
                   Value fits = s.within(index, axis.size);
                   inside = inside ? s.all(inside, fits) : fits;
                 } else if (!border) {
                   // The taps beside a position are reflected as well.
                   Value back = reflect(s, axis, s.toFloat(index, type));
                   index = s.toIndex(back);
                 }
                 from.push_back(zeros ? index
                                      : s.clampi(index, s.index(0), axis.last));
                 if (!isNearest) {
                   Value w = weight(s, axis, t);
                   product = product ? s.mulf(product, w) : w;
                 }
               }
               Value value = readIf(
                   s, inside, tensor, from, zero, [&](Value raw) -> Value {
                     return isNearest ? raw : castScalar(b, raw, element, type);
                   });
               if (isNearest)
                 return SmallVector<Value>{value};
               return SmallVector<Value>{
                   s.addf(sum[0], s.mulf(value, product))};
             })
      .front();
}

LogicalResult GridSampler::lower() {
  if (l.rankOf(grid) != spatial + 2)
    return l.fail("x and grid have different ranks");
  if (failed(l.requireEqual(x, 0, grid, 0, "batches of x and grid")))
    return failure();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < spatial; ++i) {
    sizes.push_back(l.dimValue(x, 2 + i));
    if (!zeros && !l.shapes.getSymbols().isPositive(l.expr(x, 2 + i)))
      l.require(l.compare(CmpIPredicate::sgt, sizes[i], l.index(0)),
                "a dim of {0} elements cannot be sampled", sizes[i]);
  }
  int64_t last = l.rankOf(grid) - 1;
  if (!l.expr(grid, last).isConstant(spatial)) {
    Value have = l.dimValue(grid, last), want = l.index(spatial);
    l.require(l.compare(CmpIPredicate::eq, have, want),
              "the grid has {0} coordinates for {1} dims", {have, want});
  }
  tensor = l.get(x);
  positions = l.get(grid);
  Type element = l.elementOf(x);
  l.set(result, l.parallel(l.dims(result), l.typeOf(x).getElementType(), {}, {},
                           [&](ImplicitLocOpBuilder &b, ValueRange) {
                             Value value = sample(b, sizes);
                             return isNearest
                                        ? value
                                        : castScalar(b, value, type, element);
                           }));
  return success();
}

static LogicalResult lowerGridSample(onnx::GridSampleOp op, Lowering &l) {
  return GridSampler(op, l).lower();
}

//===----------------------------------------------------------------------===//
// AffineGrid
//===----------------------------------------------------------------------===//

/// theta times (position, 1); the last spatial dim comes first.
static LogicalResult lowerAffineGrid(onnx::AffineGridOp op, Lowering &l) {
  Value theta = op.getTheta(), result = op.getGrid();
  int64_t rank = l.rankOf(result), spatial = rank - 2;
  Type element = l.typeOf(theta).getElementType(), type = computeType(element);
  if (l.rankOf(theta) != 3)
    return l.fail("theta is not [N, r, r + 1]");
  auto size = l.indexElements(op.getSize(), rank);
  if (failed(size))
    return failure();
  for (int64_t i = 0; i < rank - 1; ++i)
    if (l.isOwnDim(result, i))
      l.setDim(result, i, l.value((*size)[i == 0 ? 0 : i + 1]));
  requireNonNegative(l, result);
  Value matrix = l.get(theta);
  std::pair<int64_t, int64_t> expected[] = {{1, spatial}, {2, spatial + 1}};
  for (auto [dim, want] : expected) {
    if (l.expr(theta, dim).isConstant(want))
      continue;
    Value have = l.dimValue(theta, dim), wanted = l.index(want);
    l.require(l.compare(CmpIPredicate::eq, have, wanted),
              "a dim of theta is {0} in place of {1}", {have, wanted});
  }
  if (l.expr(theta, 0) != l.expr(result, 0)) {
    Value have = l.dimValue(theta, 0), wanted = l.dimValue(result, 0);
    l.require(l.compare(CmpIPredicate::eq, have, wanted),
              "theta has {0} maps for {1} images", {have, wanted});
  }
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < spatial; ++i)
    sizes.push_back(l.dimValue(result, 1 + i));
  bool align = op.getAlignCorners() != 0;
  l.set(result,
        l.parallel(
            l.dims(result), element, {}, {},
            [&](ImplicitLocOpBuilder &b, ValueRange) {
              Scalars s{b};
              Value n = s.loop(0), row = s.loop(rank - 1);
              auto entry = [&](int64_t column) {
                return extendHalf(b, s.read(matrix, {n, row, s.index(column)}));
              };
              Value sum = entry(spatial), one = s.number(type, 1);
              for (int64_t i = 0; i < spatial; ++i) {
                Value at = s.toFloat(s.loop(1 + i), type),
                      length = s.toFloat(sizes[i], type);
                Value twice = s.addf(at, at), position;
                if (align)
                  position = s.divf(twice, s.maxf(s.subf(length, one), one));
                else
                  position = s.divf(s.addf(twice, one), length);
                position = s.subf(position, one);
                sum = s.addf(sum, s.mulf(entry(spatial - 1 - i), position));
              }
              return convertFloat(b, sum, element);
            }));
  return success();
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

/// The taps are sampled, the rest is a convolution.
static LogicalResult lowerDeformConv(onnx::DeformConvOp op, Lowering &l) {
  Value x = op.getX(), w = op.getW(), result = op.getY();
  Convolution c = describeConvolution(l, op, x, w);
  SmallVector<DimExpr> kernel(ArrayRef(c.wDims).drop_front(2));
  DimExpr in = c.wDims[1] * c.group;
  int64_t offsetGroups = op.getOffsetGroup();
  DimExpr perOffsetGroup = divideExactly(l, in, offsetGroups);
  // What is read by computed indices has to have the dims that they assume.
  DimExpr places = onnx::product(kernel) * offsetGroups;
  auto check = [&](Value operand, ArrayRef<DimExpr> dims) {
    for (auto [i, dim] : llvm::enumerate(dims))
      requireDim(l, operand, i, dim);
  };
  Exprs columns{c.batch(), in};
  llvm::append_range(columns, kernel);
  for (const Window &window : c.windows)
    columns.push_back(window.count);
  DimExpr height = columns[4], width = columns[5];
  Value mask = op.getMask(), offset = op.getOffset();
  if (l.rankOf(offset) != 4 || (l.present(mask) && l.rankOf(mask) != 4))
    return l.fail("offset or mask has another rank than 4");
  check(x, {c.batch(), in});
  check(offset, {c.batch(), places * 2, height, width});
  if (l.present(mask))
    check(mask, {c.batch(), places, height, width});

  Type type = computeType(l.typeOf(x).getElementType());
  Value tensor = l.get(x), moves = l.get(offset),
        factors = l.present(mask) ? l.get(mask) : Value();
  Value channels = l.value(l.materialize(perOffsetGroup));
  SmallVector<Value> sizes{l.dimValue(x, 2), l.dimValue(x, 3)}, begins, taps;
  for (const Window &window : c.windows) {
    begins.push_back(l.value(l.materialize(window.begin)));
    taps.push_back(l.value(l.materialize(window.kernel)));
  }
  Value sampled = l.parallel(
      materialize(l, columns), type, {}, {},
      [&](ImplicitLocOpBuilder &b, ValueRange) {
        Scalars s{b};
        Value n = s.loop(0), channel = s.loop(1), row = s.loop(4),
              column = s.loop(5);
        Value group = arith::DivUIOp::create(b, channel, channels);
        Value tap = group;
        for (int64_t i = 0; i < 2; ++i)
          tap = s.addi(s.muli(tap, taps[i]), s.loop(2 + i));
        Value bases[2], fractions[2];
        for (int64_t i = 0; i < 2; ++i) {
          const Window &window = c.windows[i];
          Value at =
              s.subi(s.addi(s.muli(s.loop(4 + i), s.index(window.stride)),
                            s.muli(s.loop(2 + i), s.index(window.dilation))),
                     begins[i]);
          Value moved = s.addi(s.muli(tap, s.index(2)), s.index(i));
          Value move = extendHalf(b, s.read(moves, {n, moved, row, column}));
          Value position = s.addf(s.toFloat(at, type), move);
          // Far outside all four neighbours miss; no index may overflow.
          position = arith::MaxNumFOp::create(
              b,
              arith::MinNumFOp::create(b, position,
                                       s.number(type, double(1 << 30))),
              s.number(type, -double(1 << 30)));
          Value whole = s.floor(position);
          bases[i] = s.toIndex(whole);
          fractions[i] = s.subf(position, whole);
        }
        Value zero = s.number(type, 0), one = s.number(type, 1), sum = zero;
        for (int64_t corner = 0; corner < 4; ++corner) {
          SmallVector<Value> at{n, channel};
          Value inside, weight;
          for (int64_t i = 0; i < 2; ++i) {
            bool far = i == 0 ? corner / 2 : corner % 2;
            Value index = far ? s.addi(bases[i], s.index(1)) : bases[i];
            Value part = far ? fractions[i] : s.subf(one, fractions[i]);
            Value fits = s.within(index, sizes[i]);
            inside = inside ? s.all(inside, fits) : fits;
            weight = weight ? s.mulf(weight, part) : part;
            at.push_back(index);
          }
          Value value = readIf(s, inside, tensor, at, zero,
                               [&](Value raw) { return extendHalf(b, raw); });
          sum = s.addf(sum, s.mulf(value, weight));
        }
        if (factors)
          sum = s.mulf(sum,
                       extendHalf(b, s.read(factors, {n, tap, row, column})));
        return sum;
      });
  c.w = convertTensor(l, l.get(w), type);
  return finishConvolution(l, convolveTaps(l, c, sampled, columns), op.getB(),
                           result);
}

void qopt::registerSampling(Registry &registry) {
  registry.add(lowerGridSample);
  registry.add(lowerAffineGrid);
  registry.add(lowerDeformConv);
}
