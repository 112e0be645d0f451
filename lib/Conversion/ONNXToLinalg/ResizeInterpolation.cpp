//===- ResizeInterpolation.cpp - one pass of an interpolating Resize ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reduction.h"
#include "Resizer.h"
#include "ScalarLoops.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;

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
