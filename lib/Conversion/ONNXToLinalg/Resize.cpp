//===- Resize.cpp - ONNX Resize -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interpolation is separable: along every dim that changes, a small table holds
// which elements each result element reads and with what weights, computed once
// per run; then one pass per dim sums. The nearest element of all dims at once
// is one pass of copies.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Elementwise.h"
#include "Reduction.h"
#include "ScalarLoops.h"
#include "Windows.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
/// One dim that is resized.
struct Axis {
  int64_t axis;
  Value in, out;
  /// Of the type that positions are computed in.
  Value scale, roiBegin, roiEnd;
};

class Resizer {
public:
  Resizer(onnx::ResizeOp op, Lowering &l)
      : op(op), l(l), x(op.getX()), result(op.getY()), rank(l.rankOf(x)),
        type(l.elementOf(x).isF64() ? l.b.getF64Type() : l.b.getF32Type()) {}

  LogicalResult lower();

private:
  LogicalResult findAxes();
  LogicalResult scalesFromSizes(ArrayRef<int64_t> axes);
  LogicalResult readRoi(ArrayRef<int64_t> axes);
  Value position(ImplicitLocOpBuilder &b, const Axis &axis, Value out);
  Value nearest(ImplicitLocOpBuilder &b, const Axis &axis, Value at);
  Value copyNearest();
  Value interpolate(const Axis &axis, Value tensor,
                    SmallVector<OpFoldResult> &dims);
  Value weigh(ImplicitLocOpBuilder &b, Value distance);
  Value fillOutside(Value tensor);

  bool is(StringRef mode) {
    return op.getCoordinateTransformationMode() == mode;
  }
  Value toType(Value scalar) { return convertFloat(l.b, scalar, type); }
  bool isGiven(Value operand) {
    return l.present(operand) && !l.expr(operand, 0).isConstant(0);
  }

  onnx::ResizeOp op;
  Lowering &l;
  Value x, result;
  int64_t rank;
  Type type;
  SmallVector<Axis> resized;
};
} // namespace

LogicalResult Resizer::findAxes() {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (std::optional<ArrayRef<int64_t>> given = op.getAxes();
      given && !given->empty())
    axes = llvm::map_to_vector(
        *given, [&](int64_t axis) { return wrapAxis(axis, rank); });
  for (int64_t axis : axes)
    resized.push_back({axis, l.dimValue(x, axis), {}, {}, {}, {}});
  if (isGiven(op.getSizes())) {
    if (failed(scalesFromSizes(axes)))
      return failure();
  } else {
    Value scales = op.getScales();
    if (failed(l.requireEqual(scales, 0, scales, 0, "scales")))
      return failure();
    Value length = l.dimValue(scales, 0), wanted = l.index(axes.size());
    if (!l.expr(scales, 0).isConstant(axes.size()))
      l.require(l.compare(CmpIPredicate::eq, length, wanted),
                "{0} scales for {1} axes", {length, wanted});
    ElementsAttr constant = l.constantOf(scales);
    SmallVector<float> numbers;
    if (constant)
      for (const APFloat &number : asInline(constant).getValues<APFloat>())
        numbers.push_back(number.convertToFloat());
    for (auto [i, axis] : llvm::enumerate(resized)) {
      axis.scale = constant ? l.number(type, numbers[i])
                            : toType(l.read(l.get(scales), l.index(i)));
      if (!l.isOwnDim(result, axis.axis))
        continue;
      Scalars s{l.b};
      Value positive = s.is(CmpFPredicate::OGT, axis.scale, s.number(type, 0));
      l.require(positive, "a scale is not positive", {});
      l.setDim(result, axis.axis,
               s.toIndex(s.mulf(s.toFloat(axis.in, type), axis.scale)));
    }
  }
  for (Axis &axis : resized)
    axis.out = l.dimValue(result, axis.axis);
  requireNonNegative(l, result);
  if (is("tf_crop_and_resize") && failed(readRoi(axes)))
    return failure();
  // Dims that stay as they are.
  llvm::erase_if(resized, [&](const Axis &axis) {
    bool same = l.expr(x, axis.axis) == l.expr(result, axis.axis);
    FloatAttr scale;
    bool isOne = isGiven(op.getSizes()) ||
                 (matchPattern(axis.scale, m_Constant(&scale)) &&
                  scale.getValueAsDouble() == 1);
    return same && isOne && !is("tf_crop_and_resize");
  });
  // What is read has to exist.
  for (const Axis &axis : resized)
    if (!l.shapes.getSymbols().isPositive(l.expr(x, axis.axis)))
      l.require(l.b.createOrFold<arith::OrIOp>(
                    l.compare(CmpIPredicate::sgt, axis.in, l.index(0)),
                    l.compare(CmpIPredicate::sle, axis.out, l.index(0))),
                "a dim of {0} elements cannot be resized", axis.in);
  return success();
}

LogicalResult Resizer::scalesFromSizes(ArrayRef<int64_t> axes) {
  auto sizes = l.indexElements(op.getSizes(), axes.size());
  if (failed(sizes))
    return failure();
  StringRef policy = op.getKeepAspectRatioPolicy();
  Scalars s{l.b};
  Value common;
  for (auto [axis, size] : llvm::zip(resized, *sizes)) {
    Value out = l.value(size);
    axis.scale = s.divf(s.toFloat(out, type), s.toFloat(axis.in, type));
    if (policy == "stretch") {
      if (l.isOwnDim(result, axis.axis))
        l.setDim(result, axis.axis, out);
    } else if (!common) {
      common = axis.scale;
    } else {
      common = policy == "not_larger" ? s.minf(common, axis.scale)
                                      : s.maxf(common, axis.scale);
    }
  }
  if (common)
    for (Axis &axis : resized) {
      axis.scale = common;
      if (l.isOwnDim(result, axis.axis)) {
        Value size = s.mulf(common, s.toFloat(axis.in, type));
        l.setDim(result, axis.axis,
                 s.toIndex(s.floor(s.addf(size, s.number(type, 0.5)))));
      }
    }
  return success();
}

LogicalResult Resizer::readRoi(ArrayRef<int64_t> axes) {
  Value roi = op.getRoi();
  if (!isGiven(roi))
    return l.fail("tf_crop_and_resize needs a roi");
  int64_t count = axes.size();
  if (l.rankOf(roi) != 1)
    return l.fail("the roi is no vector");
  if (!l.expr(roi, 0).isConstant(2 * count)) {
    Value length = l.dimValue(roi, 0), wanted = l.index(2 * count);
    l.require(l.compare(CmpIPredicate::eq, length, wanted),
              "the roi has {0} entries in place of {1}", {length, wanted});
  }
  Value tensor = l.get(roi);
  for (auto [i, axis] : llvm::enumerate(resized)) {
    axis.roiBegin = toType(l.read(tensor, l.index(i)));
    axis.roiEnd = toType(l.read(tensor, l.index(count + i)));
  }
  return success();
}

/// Where element `out` of the result lies in the operand.
Value Resizer::position(ImplicitLocOpBuilder &b, const Axis &axis, Value out) {
  Scalars s{b};
  Value in = s.toFloat(axis.in, type), o = s.toFloat(out, type);
  Value one = s.number(type, 1), half = s.number(type, 0.5),
        zero = s.number(type, 0);
  Value length = s.mulf(axis.scale, in);
  Value isOne = s.is(CmpFPredicate::OEQ, length, one);
  // The divisor where it is used.
  Value last = s.pick(isOne, one, s.subf(length, one));
  Value inLast = s.subf(in, one);
  Value halfPixel = s.subf(s.divf(s.addf(o, half), axis.scale), half);
  if (is("align_corners"))
    return s.pick(isOne, zero, s.divf(s.mulf(o, inLast), last));
  if (is("asymmetric"))
    return s.divf(o, axis.scale);
  if (is("pytorch_half_pixel"))
    return s.pick(isOne, zero, halfPixel);
  if (is("tf_half_pixel_for_nn"))
    return s.divf(s.addf(o, half), axis.scale);
  if (is("half_pixel_symmetric")) {
    Value adjustment = s.divf(s.toFloat(axis.out, type), length);
    Value offset = s.mulf(s.mulf(in, half), s.subf(one, adjustment));
    return s.addf(offset, halfPixel);
  }
  if (is("tf_crop_and_resize")) {
    Value width = s.mulf(s.subf(axis.roiEnd, axis.roiBegin), inLast);
    Value at =
        s.pick(isOne, s.mulf(width, half), s.divf(s.mulf(o, width), last));
    return s.addf(at, s.mulf(axis.roiBegin, inLast));
  }
  return halfPixel;
}

Value Resizer::nearest(ImplicitLocOpBuilder &b, const Axis &axis, Value at) {
  Scalars s{b};
  StringRef mode = op.getNearestMode();
  Value half = s.number(type, 0.5), whole;
  if (mode == "round_prefer_floor")
    whole = s.ceil(s.subf(at, half));
  else if (mode == "round_prefer_ceil")
    whole = s.floor(s.addf(at, half));
  else if (mode == "floor")
    whole = s.floor(at);
  else if (mode == "ceil")
    whole = s.ceil(at);
  else
    whole = s.pick(s.is(CmpFPredicate::OLT, axis.scale, s.number(type, 1)),
                   s.ceil(at), s.floor(at));
  return s.clampi(s.toIndex(whole), s.index(0), s.subi(axis.in, s.index(1)));
}

Value Resizer::copyNearest() {
  Type i64 = l.b.getI64Type();
  SmallVector<Value> tables;
  for (const Axis &axis : resized)
    tables.push_back(l.parallel(
        {l.dim(result, axis.axis)}, i64, {}, {},
        [&](ImplicitLocOpBuilder &b, ValueRange) {
          Value at = position(b, axis, linalg::IndexOp::create(b, 0));
          return arith::IndexCastOp::create(b, i64, nearest(b, axis, at));
        }));
  Value tensor = l.get(x);
  SmallVector<AffineMap> maps;
  for (const Axis &axis : resized)
    maps.push_back(mapOnto(l.b.getContext(), rank, {axis.axis}));
  return l.parallel(l.dims(result), l.typeOf(result).getElementType(), tables,
                    maps, [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                      SmallVector<Value> from;
                      for (int64_t i = 0; i < rank; ++i)
                        from.push_back(linalg::IndexOp::create(b, i));
                      for (auto [axis, place] : llvm::zip(resized, a))
                        from[axis.axis] = arith::IndexCastOp::create(
                            b, b.getIndexType(), place);
                      return tensor::ExtractOp::create(b, tensor, from);
                    });
}

/// The interpolation kernel at a distance of at least 0.
Value Resizer::weigh(ImplicitLocOpBuilder &b, Value distance) {
  Scalars s{b};
  Value one = s.number(type, 1), zero = s.number(type, 0), d = distance;
  if (op.getMode() == "linear")
    return s.maxf(s.subf(one, d), zero);
  double a = op.getCubicCoeffA().convertToFloat();
  // Horner's form of the inner and outer part.
  auto polynomial = [&](double c3, double c2, double c1, double c0) {
    Value value = s.number(type, c3);
    for (double c : {c2, c1, c0})
      value = s.addf(s.mulf(value, d), s.number(type, c));
    return value;
  };
  Value inner = polynomial(a + 2, -(a + 3), 0, 1),
        outer = polynomial(a, -5 * a, 8 * a, -4 * a);
  return s.pick(
      s.is(CmpFPredicate::OLE, d, one), inner,
      s.pick(s.is(CmpFPredicate::OLT, d, s.number(type, 2)), outer, zero));
}

/// One pass: dim `axis` of `tensor` becomes that of the result.
Value Resizer::interpolate(const Axis &axis, Value tensor,
                           SmallVector<OpFoldResult> &dims) {
  MLIRContext *context = l.b.getContext();
  Type i64 = l.b.getI64Type();
  Scalars s{l.b};
  // Taps reach `reach` to both sides, more where a shrinking dim is smoothed.
  double reach = op.getMode() == "linear" ? 1 : 2;
  Value shrink = l.number(type, 1), start;
  OpFoldResult taps;
  if (op.getAntialias()) {
    shrink = s.minf(axis.scale, shrink);
    Value low = s.floor(s.divf(l.number(type, -reach), shrink));
    start = s.addi(s.toIndex(low), l.index(1));
    taps = l.subtract(l.index(2), s.muli(l.index(2), start));
  } else {
    start = l.index(1 - int64_t(reach));
    taps = l.b.getIndexAttr(2 * int64_t(reach));
  }
  OpFoldResult out = l.dim(result, axis.axis);
  // First tap and distance to it: the base lies left of the position.
  auto base = [&](ImplicitLocOpBuilder &b) -> std::pair<Value, Value> {
    Scalars inner{b};
    Value at = position(b, axis, inner.loop(1));
    Value left = inner.subf(inner.ceil(at), inner.number(type, 1));
    Value tap = inner.addi(start, inner.loop(0));
    Value distance = math::AbsFOp::create(
        b, inner.subf(inner.toFloat(tap, type), inner.subf(at, left)));
    return {inner.addi(inner.toIndex(left), tap), inner.mulf(distance, shrink)};
  };
  Value last = l.subtract(axis.in, l.index(1));
  Value places = l.parallel(
      {taps, out}, i64, {}, {}, [&](ImplicitLocOpBuilder &b, ValueRange) {
        Scalars inner{b};
        return arith::IndexCastOp::create(
            b, i64, inner.clampi(base(b).first, inner.index(0), last));
      });
  bool exclude = op.getExcludeOutside() != 0;
  Value weights = l.parallel(
      {taps, out}, type, {}, {}, [&](ImplicitLocOpBuilder &b, ValueRange) {
        Scalars inner{b};
        auto [place, distance] = base(b);
        Value weight = weigh(b, distance);
        return exclude ? inner.pick(inner.within(place, axis.in), weight,
                                    inner.number(type, 0))
                       : weight;
      });
  if (exclude || op.getAntialias()) {
    AffineMap identity = l.b.getMultiDimIdentityMap(2);
    Value sums =
        qopt::reduce(l, {taps, out}, {0}, weights, identity, l.number(type, 0),
                     [](ImplicitLocOpBuilder &b, ValueRange a) {
                       return sumFreely(b, a[1], a[0]);
                     });
    weights = l.parallel({taps, out}, type, {weights, sums},
                         {identity, mapOnto(context, 2, {1})},
                         [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                           return arith::DivFOp::create(b, a[0], a[1]);
                         });
  }

  // Loops: the dims, then the taps.
  dims[axis.axis] = out;
  AffineMap table = mapOnto(context, rank + 1, {rank, axis.axis});
  SmallVector<utils::IteratorType> loops = parallelLoops(rank);
  loops.push_back(utils::IteratorType::reduction);
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  return l
      .generic({places, weights}, l.filled(dims, l.number(type, 0)),
               {table, table, mapOnto(context, rank + 1, all)}, loops,
               [&](ImplicitLocOpBuilder &b, ValueRange a) {
                 Scalars inner{b};
                 SmallVector<Value> from;
                 for (int64_t i = 0; i < rank; ++i)
                   from.push_back(i == axis.axis
                                      ? Value(arith::IndexCastOp::create(
                                            b, b.getIndexType(), a[0]))
                                      : inner.loop(i));
                 Value product = inner.mulf(inner.read(tensor, from), a[1]);
                 return SmallVector<Value>{sumFreely(b, a[2], product)};
               })
      .front();
}

/// tf_crop_and_resize: what lies outside of the operand has a value of its own.
Value Resizer::fillOutside(Value tensor) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  double value = op.getExtrapolationValue().convertToFloat();
  return l.parallel(
      l.dims(result), element, tensor, l.b.getMultiDimIdentityMap(rank),
      [&](ImplicitLocOpBuilder &b, ValueRange a) {
        Scalars s{b};
        Value chosen = a[0];
        for (const Axis &axis : resized) {
          Value at = position(b, axis, s.loop(axis.axis));
          Value last = s.toFloat(s.subi(axis.in, s.index(1)), type);
          Value outside = s.any(s.is(CmpFPredicate::OLT, at, s.number(type, 0)),
                                s.is(CmpFPredicate::OGT, at, last));
          chosen = s.pick(outside, s.number(element, value), chosen);
        }
        return chosen;
      });
}

LogicalResult Resizer::lower() {
  if (failed(findAxes()))
    return failure();
  if (resized.empty()) {
    l.set(result, l.get(x));
    return success();
  }
  Value tensor;
  if (op.getMode() == "nearest") {
    tensor = copyNearest();
    l.set(result, is("tf_crop_and_resize") ? fillOutside(tensor) : tensor);
    return success();
  }
  Type element = l.elementOf(x), stored = l.typeOf(x).getElementType();
  auto convert = [&](Value from, ArrayRef<OpFoldResult> dims, Type a, Type c,
                     Type to) {
    return l.parallel(dims, to, from, l.b.getMultiDimIdentityMap(rank),
                      [&](ImplicitLocOpBuilder &b, ValueRange v) {
                        return castScalar(b, v[0], a, c);
                      });
  };
  tensor = l.get(x);
  SmallVector<OpFoldResult> dims = l.dims(x);
  if (stored != type)
    tensor = convert(tensor, dims, element, type, type);
  for (const Axis &axis : resized)
    tensor = interpolate(axis, tensor, dims);
  if (is("tf_crop_and_resize"))
    tensor = fillOutside(tensor);
  if (stored != type)
    tensor = convert(tensor, dims, type, element, stored);
  l.set(result, tensor);
  return success();
}

static LogicalResult lowerResize(onnx::ResizeOp op, Lowering &l) {
  return Resizer(op, l).lower();
}

void qopt::registerResize(Registry &registry) { registry.add(lowerResize); }
