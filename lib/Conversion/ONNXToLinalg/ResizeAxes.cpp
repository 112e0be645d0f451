//===- ResizeAxes.cpp - the dims that Resize changes ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes or scales, the policy for both, and the region of tf_crop_and_resize;
// dims that stay as they are drop out.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Resizer.h"
#include "ScalarLoops.h"
#include "Windows.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

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
