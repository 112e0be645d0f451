//===- Regions.cpp - RoiAlign, MaxRoiPool ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every region of an image becomes a small image of fixed size. Which pixels a
// region covers is data, so that the loops over them are inside the body.
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "ScalarLoops.h"
#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

/// Requires as many columns as a region has numbers.
static void requireColumns(Lowering &l, Value rois, int64_t columns) {
  if (l.expr(rois, 1).isConstant(columns))
    return;
  Value have = l.dimValue(rois, 1), want = l.index(columns);
  l.require(l.compare(CmpIPredicate::eq, have, want),
            "a region has {0} numbers in place of {1}", {have, want});
}

namespace {
/// One spatial dim of a region: `grid` samples in each part of size `bin`.
struct Extent {
  Value start, bin, grid, size, part;
};
} // namespace

static LogicalResult lowerRoiAlign(onnx::RoiAlignOp op, Lowering &l) {
  Value x = op.getX(), rois = op.getRois(), batch = op.getBatchIndices(),
        result = op.getY();
  Type element = l.typeOf(x).getElementType(), type = computeType(element);
  requireColumns(l, rois, 4);
  if (failed(l.requireEqual(rois, 0, batch, 0, "numbers of regions")) ||
      failed(checkIndices(l, batch, l.dim(x, 0))))
    return failure();
  bool halfPixel = op.getCoordinateTransformationMode() == "half_pixel";
  bool isMean = op.getMode() == "avg";
  Value tensor = l.get(x), regions = l.get(rois), images = l.get(batch);
  Value batches = l.dimValue(x, 0),
        sizes[] = {l.dimValue(x, 2), l.dimValue(x, 3)};
  int64_t parts[] = {op.getOutputHeight(), op.getOutputWidth()};
  double scale = op.getSpatialScale().convertToFloat();

  auto body = [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
    Scalars s{b};
    Value region = s.loop(0), channel = s.loop(1), zero = s.number(type, 0),
          one = s.number(type, 1);
    Value image = wrapIndex(b, s.read(images, region), batches);
    auto corner = [&](int64_t i) {
      Value at = extendHalf(b, s.read(regions, {region, s.index(i)}));
      at = s.mulf(convertFloat(b, at, type), s.number(type, scale));
      return halfPixel ? s.subf(at, s.number(type, 0.5)) : at;
    };
    Extent extents[2];
    for (int64_t i = 0; i < 2; ++i) {
      Extent &extent = extents[i];
      extent.start = corner(1 - i);
      Value length = s.subf(corner(3 - i), extent.start);
      if (!halfPixel)
        length = s.maxf(length, one);
      extent.bin = s.divf(length, s.number(type, double(parts[i])));
      extent.size = sizes[i];
      extent.part = s.toFloat(s.loop(2 + i), type);
      extent.grid = op.getSamplingRatio() > 0 ? s.index(op.getSamplingRatio())
                                              : s.toIndex(s.ceil(extent.bin));
    }
    // Where sample `k` of a part lies.
    auto position = [&](int64_t i, Value k) {
      const Extent &extent = extents[i];
      Value part = s.mulf(extent.part, extent.bin);
      Value within = s.divf(
          s.mulf(s.addf(s.toFloat(k, type), s.number(type, 0.5)), extent.bin),
          s.toFloat(extent.grid, type));
      return s.addf(s.addf(extent.start, part), within);
    };
    SmallVector<Value> box{extents[0].grid, extents[1].grid};
    SmallVector<Value> start{isMean ? zero : s.number(type, -INFINITY)};
    auto total = foldBox(b, box, start, [&](ArrayRef<Value> k, ValueRange sum) {
      Value low[2], high[2], fraction[2], outside;
      for (int64_t i = 0; i < 2; ++i) {
        Value at = position(i, k[i]), length = s.toFloat(extents[i].size, type);
        Value misses = s.any(s.is(CmpFPredicate::OLT, at, s.number(type, -1)),
                             s.is(CmpFPredicate::OGT, at, length));
        outside = outside ? s.any(outside, misses) : misses;
        Value last = s.subi(extents[i].size, s.index(1));
        at = s.minf(s.maxf(at, zero), s.toFloat(last, type));
        Value whole = s.floor(at);
        low[i] = s.clampi(s.toIndex(whole), s.index(0), last);
        high[i] = s.clampi(s.addi(low[i], s.index(1)), s.index(0), last);
        fraction[i] = s.subf(at, whole);
      }
      Value sample;
      for (int64_t j = 0; j < 4; ++j) {
        bool down = j / 2, right = j % 2;
        Value weight = s.mulf(down ? fraction[0] : s.subf(one, fraction[0]),
                              right ? fraction[1] : s.subf(one, fraction[1]));
        Value pixel = extendHalf(
            b, s.read(tensor, {image, channel, down ? high[0] : low[0],
                               right ? high[1] : low[1]}));
        Value product = s.pick(outside, zero, s.mulf(weight, pixel));
        if (!sample)
          sample = product;
        else
          sample = isMean ? s.addf(sample, product) : s.maxf(sample, product);
      }
      return SmallVector<Value>{isMean ? s.addf(sum[0], sample)
                                       : s.maxf(sum[0], sample)};
    });
    Value count = s.muli(extents[0].grid, extents[1].grid);
    Value isEmpty = s.is(CmpIPredicate::slt, count, s.index(1));
    Value value = isMean ? s.divf(total[0], s.toFloat(count, type)) : total[0];
    return convertFloat(b, s.pick(isEmpty, zero, value), element);
  };
  // An image without pixels has nothing to sample.
  for (Value size : sizes)
    l.require(l.compare(CmpIPredicate::sgt, size, l.index(0)),
              "a dim of {0} elements cannot be sampled", size);
  l.set(result, l.parallel(l.dims(result), element, {}, {}, body));
  return success();
}

/// The corners of a region are rounded to pixels, both included; its parts
/// overlap where they share a pixel.
static LogicalResult lowerMaxRoiPool(onnx::MaxRoiPoolOp op, Lowering &l) {
  Value x = op.getX(), rois = op.getRois(), result = op.getY();
  Type element = l.typeOf(x).getElementType(), type = computeType(element);
  requireColumns(l, rois, 5);
  Value tensor = l.get(x), regions = l.get(rois);
  Value batches = l.dimValue(x, 0),
        sizes[] = {l.dimValue(x, 2), l.dimValue(x, 3)};
  for (Value size : {batches, sizes[0], sizes[1]})
    l.require(l.compare(CmpIPredicate::sgt, size, l.index(0)),
              "a dim of {0} elements cannot be pooled", size);
  double scale = op.getSpatialScale().convertToFloat();
  l.set(result,
        l.parallel(
            l.dims(result), element, {}, {},
            [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
              Scalars s{b};
              Value region = s.loop(0), channel = s.loop(1);
              auto number = [&](int64_t i) {
                return extendHalf(b, s.read(regions, {region, s.index(i)}));
              };
              auto corner = [&](int64_t i) {
                Value at = s.mulf(number(i), s.number(type, scale));
                return s.toIndex(math::RoundOp::create(b, at));
              };
              Value image = s.clampi(s.toIndex(number(0)), s.index(0),
                                     s.subi(batches, s.index(1)));
              SmallVector<Value> first, count;
              Value isEmpty;
              for (int64_t i = 0; i < 2; ++i) {
                Value begin = corner(2 - i), end = corner(4 - i);
                Value length = arith::MaxSIOp::create(
                    b, s.addi(s.subi(end, begin), s.index(1)), s.index(1));
                Value bin =
                    s.divf(s.toFloat(length, type),
                           s.number(type, double(op.getPooledShape()[i])));
                Value part = s.toFloat(s.loop(2 + i), type);
                Value low = s.toIndex(s.floor(s.mulf(part, bin)));
                Value high = s.toIndex(
                    s.ceil(s.mulf(s.addf(part, s.number(type, 1)), bin)));
                low = s.clampi(s.addi(low, begin), s.index(0), sizes[i]);
                high = s.clampi(s.addi(high, begin), s.index(0), sizes[i]);
                first.push_back(low);
                count.push_back(s.subi(high, low));
                Value none = s.is(CmpIPredicate::sle, high, low);
                isEmpty = isEmpty ? s.any(isEmpty, none) : none;
              }
              Value least = s.number(type, -INFINITY);
              auto most = foldBox(
                  b, count, least, [&](ArrayRef<Value> k, ValueRange best) {
                    Value pixel =
                        extendHalf(b, s.read(tensor, {image, channel,
                                                      s.addi(first[0], k[0]),
                                                      s.addi(first[1], k[1])}));
                    return SmallVector<Value>{s.maxf(best[0], pixel)};
                  });
              return convertFloat(
                  b, s.pick(isEmpty, s.number(type, 0), most[0]), element);
            }));
  return success();
}

void qopt::registerRegions(Registry &registry) {
  registry.add(lowerRoiAlign);
  registry.add(lowerMaxRoiPool);
}
