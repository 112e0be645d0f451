//===- Resize.cpp - ONNX Resize -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Positions in the operand, and Resize by the nearest element.
//===----------------------------------------------------------------------===//

#include "Resizer.h"
#include "ScalarLoops.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;

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
