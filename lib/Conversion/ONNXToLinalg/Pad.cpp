//===- Pad.cpp - ONNX Pad -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant padding is a filled tensor with the data written into it; the other
// modes read the data at a computed index. Negative pads cut.
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

using Pads = SmallVector<std::pair<OpFoldResult, OpFoldResult>>;

/// Axes that are data: each dim adds up the pads of the axes that name it.
static FailureOr<Pads> padsAtRunTime(onnx::PadOp op, Lowering &l) {
  int64_t rank = l.rankOf(op.getData());
  if (l.rankOf(op.getAxes()) != 1 || l.rankOf(op.getPads()) != 1)
    return l.fail("pads or axes are no vectors");
  Value axes = l.get(op.getAxes()), numbers = l.get(op.getPads());
  Value count = l.dimValue(op.getAxes(), 0),
        given = l.dimValue(op.getPads(), 0);
  l.require(l.compare(CmpIPredicate::eq, given, l.add(count, count)),
            "{0} pads for {1} axes", {given, count});
  Value zero = l.index(0), bound = l.index(rank), minus = l.index(-rank);
  l.require(l.compare(CmpIPredicate::sle, count, bound),
            "{0} axes for {1} dims", {count, bound});
  // Fronts, backs, and the least and the greatest axis.
  SmallVector<Value> start(2 * rank, zero);
  llvm::append_values(start, zero, zero);
  auto loop = scf::ForOp::create(l.b, zero, count, l.index(1), start);
  {
    OpBuilder::InsertionGuard guard(l.b);
    l.b.setInsertionPointToStart(loop.getBody());
    auto read = [&](Value tensor, Value at) {
      return arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                        l.read(tensor, at));
    };
    Value i = loop.getInductionVar(), axis = read(axes, i);
    Value front = read(numbers, i), back = read(numbers, l.add(i, count));
    SmallVector<Value> next(loop.getRegionIterArgs());
    next[2 * rank] = l.minimum(next[2 * rank], axis);
    next[2 * rank + 1] = l.maximum(next[2 * rank + 1], axis);
    axis = l.select(l.compare(CmpIPredicate::slt, axis, zero),
                    l.add(axis, bound), axis);
    for (int64_t dim = 0; dim < rank; ++dim) {
      Value hit = l.compare(CmpIPredicate::eq, axis, l.index(dim));
      next[dim] = l.add(next[dim], l.select(hit, front, zero));
      next[rank + dim] = l.add(next[rank + dim], l.select(hit, back, zero));
    }
    scf::YieldOp::create(l.b, next);
  }
  Value least = loop.getResult(2 * rank), most = loop.getResult(2 * rank + 1);
  l.require(arith::AndIOp::create(l.b,
                                  l.compare(CmpIPredicate::sge, least, minus),
                                  l.compare(CmpIPredicate::slt, most, bound)),
            "an axis is outside the {0} dims", bound);
  Pads pads;
  for (int64_t dim = 0; dim < rank; ++dim)
    pads.push_back({loop.getResult(dim), loop.getResult(rank + dim)});
  return pads;
}

/// Elements added in front of and behind each dim.
static FailureOr<Pads> padsOf(onnx::PadOp op, Lowering &l) {
  int64_t rank = l.rankOf(op.getData());
  OpFoldResult zero = l.b.getIndexAttr(0);
  Pads pads(rank, {zero, zero});
  if (l.present(op.getAxes()) && !l.constantInts(op.getAxes()))
    return padsAtRunTime(op, l);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (l.present(op.getAxes()))
    axes = *l.constantInts(op.getAxes());
  auto numbers = l.indexElements(op.getPads(), 2 * axes.size());
  if (failed(numbers))
    return failure();
  for (auto [i, axis] : llvm::enumerate(axes))
    pads[wrapAxis(axis, rank)] = {(*numbers)[i], (*numbers)[i + axes.size()]};
  return pads;
}

/// Number modulo a positive size, never negative.
static Value floorMod(ImplicitLocOpBuilder &b, Value number, Value size) {
  Value rest = arith::RemSIOp::create(b, number, size);
  Value isNegative = arith::CmpIOp::create(
      b, CmpIPredicate::slt, rest, arith::ConstantIndexOp::create(b, 0));
  return arith::SelectOp::create(b, isNegative,
                                 arith::AddIOp::create(b, rest, size), rest);
}

/// Index into a dim of `size` elements for a position that may lie outside.
static Value sourceIndex(ImplicitLocOpBuilder &b, StringRef mode,
                         Value position, Value size) {
  Value zero = arith::ConstantIndexOp::create(b, 0),
        one = arith::ConstantIndexOp::create(b, 1);
  Value last = arith::SubIOp::create(b, size, one);
  if (mode == "edge")
    return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, position, zero),
                                  last);
  if (mode == "wrap")
    return floorMod(b, position, size);
  // reflect: up and down again, without the last element twice
  Value period = arith::AddIOp::create(b, last, last);
  Value within = floorMod(b, position, arith::MaxSIOp::create(b, period, one));
  return arith::MinSIOp::create(b, within,
                                arith::SubIOp::create(b, period, within));
}

static LogicalResult lowerPad(onnx::PadOp op, Lowering &l) {
  auto pads = padsOf(op, l);
  if (failed(pads))
    return failure();
  Value data = op.getData(), result = op.getOutput(), zero = l.index(0);
  int64_t rank = l.rankOf(data);
  SmallVector<OpFoldResult> dims = l.dims(data);
  for (int64_t i = 0; i < rank; ++i) {
    if (l.isOwnDim(result, i))
      l.setDim(result, i,
               l.add(l.value(dims[i]), l.add(l.value((*pads)[i].first),
                                             l.value((*pads)[i].second))));
    Value size = l.dimValue(result, i);
    if (!l.shapes.getSymbols().isNonNegative(l.expr(result, i)))
      l.require(l.compare(CmpIPredicate::sge, size, zero),
                "a dim of the result has {0} elements", size);
  }
  SmallVector<OpFoldResult> sizes = l.dims(result);
  Type element = l.typeOf(result).getElementType();
  Value tensor = l.get(data);

  if (op.getMode() == "constant") {
    Value fill = l.number(element, 0);
    if (l.present(op.getConstantValue())) {
      auto given = l.scalarOf(op.getConstantValue());
      if (failed(given))
        return failure();
      fill = *given;
    }
    if (llvm::is_contained(l.typeOf(data).getShape(), 0)) {
      l.set(result, l.filled(sizes, fill));
      return success();
    }
    // What negative pads leave of the data, and where it goes.
    SmallVector<OpFoldResult> from, kept, to,
        strides(rank, l.b.getIndexAttr(1));
    for (auto [i, pad] : llvm::enumerate(*pads)) {
      Value front = l.value(pad.first), back = l.value(pad.second);
      Value cutFront = l.maximum(l.subtract(zero, front), zero);
      Value cutBack = l.maximum(l.subtract(zero, back), zero);
      Value left = l.subtract(l.subtract(l.value(dims[i]), cutFront), cutBack);
      from.push_back(getAsOpFoldResult(cutFront));
      kept.push_back(getAsOpFoldResult(left));
      to.push_back(getAsOpFoldResult(l.maximum(front, zero)));
      if (!getConstantIntValue(cutFront) || !getConstantIntValue(cutBack) ||
          *getConstantIntValue(cutFront) + *getConstantIntValue(cutBack) > 0)
        l.require(l.compare(CmpIPredicate::sge, left, zero),
                  "pads cut {0} and {1} elements from a dim",
                  {cutFront, cutBack});
    }
    Value part =
        tensor::ExtractSliceOp::create(l.b, tensor, from, kept, strides);
    l.set(result, tensor::InsertSliceOp::create(
                      l.b, part, l.filled(sizes, fill), to, kept, strides));
    return success();
  }

  SmallVector<Value> fronts, lengths;
  for (int64_t i = 0; i < rank; ++i) {
    fronts.push_back(l.value((*pads)[i].first));
    lengths.push_back(l.value(dims[i]));
    if (!l.shapes.getSymbols().isPositive(l.expr(data, i)) &&
        l.expr(data, i) != l.expr(result, i))
      l.require(l.compare(CmpIPredicate::sgt, lengths[i], zero),
                "a dim of {0} elements cannot be padded", lengths[i]);
  }
  l.set(result,
        l.parallel(sizes, element, {}, {},
                   [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                     SmallVector<Value> indices;
                     for (int64_t i = 0; i < rank; ++i) {
                       Value position = arith::SubIOp::create(
                           b, linalg::IndexOp::create(b, i), fronts[i]);
                       indices.push_back(
                           sourceIndex(b, op.getMode(), position, lengths[i]));
                     }
                     return tensor::ExtractOp::create(b, tensor, indices);
                   }));
  return success();
}

void qopt::registerPad(Registry &registry) { registry.add(lowerPad); }
