//===- Slice.cpp - ONNX Slice ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds that the shape analysis brings into closed form become a
// tensor.extract_slice; others are clamped at run time by the same rules. A
// slice that runs backwards reads its elements one by one.
//===----------------------------------------------------------------------===//

#include "Loops.h"
#include "Lowering.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

namespace {
/// Slice of one dim.
struct DimRange {
  OpFoldResult start, step;
};

/// Operands of a slice as index values; one entry per sliced axis.
struct Bounds {
  SmallVector<OpFoldResult> starts, ends, axes, steps;
};
} // namespace

static Value clamp(Lowering &l, Value number, Value low, Value high) {
  return l.minimum(l.maximum(number, low), high);
}

/// Start, end and step of each dim where not even the number of sliced axes is
/// known: the entries are read in a loop.
static FailureOr<SmallVector<Value>> readBounds(Lowering &l, onnx::SliceOp op) {
  int64_t rank = l.rankOf(op.getData());
  SmallVector<Value> given = {op.getStarts(), op.getEnds()};
  bool hasAxes = l.present(op.getAxes()), hasSteps = l.present(op.getSteps());
  if (hasAxes)
    given.push_back(op.getAxes());
  if (hasSteps)
    given.push_back(op.getSteps());
  Value count;
  SmallVector<Value> tensors;
  for (Value value : given) {
    if (l.rankOf(value) != 1)
      return l.fail("bounds are not vectors");
    Value length = l.dimValue(value, 0);
    if (count)
      l.require(l.compare(CmpIPredicate::eq, length, count),
                "{0} and {1} bounds", {count, length});
    else
      count = length;
    tensors.push_back(l.get(value));
  }
  SmallVector<Value> all;
  for (int64_t axis = 0; axis < rank; ++axis)
    all.append({l.index(0), l.dimValue(op.getData(), axis), l.index(1)});
  return forLoop(
      l, l.index(0), count, all,
      [&](Value i, ValueRange carried) -> SmallVector<Value> {
        auto entry = [&](unsigned list) -> Value {
          return arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                            l.read(tensors[list], i));
        };
        Value axis = hasAxes ? entry(2) : i,
              step = hasSteps ? entry(2 + hasAxes) : l.index(1),
              start = entry(0), end = entry(1), bound = l.index(rank);
        Value fits = arith::AndIOp::create(
            l.b, l.compare(CmpIPredicate::sge, axis, l.index(-rank)),
            l.compare(CmpIPredicate::slt, axis, bound));
        l.require(fits, "axis {0} is outside [-{1}, {1})", {axis, bound});
        axis = l.select(l.compare(CmpIPredicate::slt, axis, l.index(0)),
                        l.add(axis, bound), axis);
        SmallVector<Value> next;
        for (int64_t dim = 0; dim < rank; ++dim) {
          Value here = l.compare(CmpIPredicate::eq, axis, l.index(dim));
          next.append({l.select(here, start, carried[3 * dim]),
                       l.select(here, end, carried[3 * dim + 1]),
                       l.select(here, step, carried[3 * dim + 2])});
        }
        return next;
      });
}

/// The range of dim `axis` at run time; computes the size of the result. `read`
/// has the bounds of all dims, or nothing.
static DimRange computeRange(Lowering &l, onnx::SliceOp op,
                             const Bounds &bounds, ArrayRef<Value> read,
                             int64_t axis) {
  Value zero = l.index(0), one = l.index(1), minusOne = l.index(-1);
  Value dim = l.dimValue(op.getData(), axis);
  Value start = zero, end = dim, step = one;
  int64_t rank = l.rankOf(op.getData());
  if (!read.empty()) {
    start = read[3 * axis];
    end = read[3 * axis + 1];
    step = read[3 * axis + 2];
  }
  for (unsigned i = 0; i < bounds.starts.size(); ++i) {
    Value newStart = l.value(bounds.starts[i]),
          newEnd = l.value(bounds.ends[i]), newStep = l.value(bounds.steps[i]);
    if (auto known = getConstantIntValue(bounds.axes[i])) {
      if (wrapAxis(*known, rank) == axis)
        std::tie(start, end, step) = std::tie(newStart, newEnd, newStep);
      continue;
    }
    Value given = l.value(bounds.axes[i]);
    Value here = arith::OrIOp::create(
        l.b, l.compare(CmpIPredicate::eq, given, l.index(axis)),
        l.compare(CmpIPredicate::eq, given, l.index(axis - rank)));
    start = l.select(here, newStart, start);
    end = l.select(here, newEnd, end);
    step = l.select(here, newStep, step);
  }
  if (getConstantIntValue(step).value_or(0) == 0)
    l.require(l.compare(CmpIPredicate::ne, step, zero), "a step is 0", {});
  Value forward = l.compare(CmpIPredicate::sgt, step, zero);
  auto absolute = [&](Value bound) {
    return l.select(l.compare(CmpIPredicate::slt, bound, zero),
                    l.add(bound, dim), bound);
  };
  Value last = l.subtract(dim, one);
  start = clamp(l, absolute(start), zero, l.select(forward, dim, last));
  end = clamp(l, absolute(end), l.select(forward, zero, minusOne),
              l.select(forward, dim, last));
  Value length =
      l.select(forward, l.subtract(end, start), l.subtract(start, end));
  Value stride = l.select(forward, step, l.subtract(zero, step));
  stride = l.maximum(stride, one);
  Value size = arith::CeilDivSIOp::create(l.b, l.maximum(length, zero), stride);
  if (l.isOwnDim(op.getOutput(), axis))
    l.setDim(op.getOutput(), axis, size);
  return {start, step};
}

static LogicalResult lowerSlice(onnx::SliceOp op, Lowering &l) {
  Value data = op.getData(), result = op.getOutput();
  int64_t rank = l.rankOf(data);
  auto known = l.shapes.getSliceRanges(op);
  if (int64_t(known.size()) != rank)
    return l.fail("axes, starts, ends and steps do not fit the operand");

  Bounds bounds;
  SmallVector<Value> read;
  SmallVector<DimRange> ranges;
  bool isSlice = true;
  for (int64_t i = 0; i < rank; ++i) {
    if (known[i]) {
      ranges.push_back(
          {l.materialize(known[i]->start), l.b.getIndexAttr(known[i]->step)});
      isSlice &= known[i]->step > 0;
      continue;
    }
    if (!l.typeOf(op.getStarts()).hasStaticShape() ||
        !l.typeOf(op.getEnds()).hasStaticShape()) {
      if (read.empty()) {
        auto all = readBounds(l, op);
        if (failed(all))
          return failure();
        read = *all;
      }
    } else if (bounds.starts.empty()) {
      auto starts = l.indexElements(op.getStarts());
      if (failed(starts))
        return failure();
      int64_t count = starts->size();
      auto ends = l.indexElements(op.getEnds(), count);
      if (failed(ends))
        return failure();
      bounds = {*starts, *ends, {}, {}};
      if (l.present(op.getAxes())) {
        auto axes = l.indexElements(op.getAxes(), count);
        if (failed(axes))
          return failure();
        bounds.axes = *axes;
      } else {
        for (int64_t axis = 0; axis < count; ++axis)
          bounds.axes.push_back(l.b.getIndexAttr(axis));
      }
      bounds.steps.assign(count, l.b.getIndexAttr(1));
      if (l.present(op.getSteps())) {
        auto steps = l.indexElements(op.getSteps(), count);
        if (failed(steps))
          return failure();
        bounds.steps = *steps;
      }
    }
    ranges.push_back(computeRange(l, op, bounds, read, i));
    auto step = getConstantIntValue(ranges.back().step);
    isSlice &= step && *step > 0;
  }

  Value tensor = l.get(data);
  SmallVector<OpFoldResult> sizes = l.dims(result);
  if (isSlice) {
    SmallVector<OpFoldResult> offsets, strides;
    for (DimRange range : ranges) {
      offsets.push_back(range.start);
      strides.push_back(getAsIndexOpFoldResult(
          l.b.getContext(), *getConstantIntValue(range.step)));
    }
    l.set(result, tensor::ExtractSliceOp::create(l.b, l.typeOf(result), tensor,
                                                 offsets, sizes, strides));
    return success();
  }
  SmallVector<std::pair<Value, Value>> steps;
  for (DimRange range : ranges)
    steps.push_back({l.value(range.start), l.value(range.step)});
  l.set(result,
        l.parallel(sizes, l.typeOf(result).getElementType(), {}, {},
                   [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                     SmallVector<Value> indices;
                     for (auto [i, range] : llvm::enumerate(steps)) {
                       Value loop = linalg::IndexOp::create(b, i);
                       Value offset =
                           arith::MulIOp::create(b, loop, range.second);
                       indices.push_back(
                           arith::AddIOp::create(b, range.first, offset));
                     }
                     return tensor::ExtractOp::create(b, tensor, indices);
                   }));
  return success();
}

void qopt::registerSlice(Registry &registry) { registry.add(lowerSlice); }
