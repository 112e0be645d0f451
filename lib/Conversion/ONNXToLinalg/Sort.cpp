//===- Sort.cpp - ArgMax, ArgMin, TopK ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An element beats another if it is larger (smaller), NaN beating everything as
// in NumPy; of equal ones the position decides. TopK takes the best element
// that comes after the one before, k times, where k is a small constant; else
// it sorts the positions of each row.
//===----------------------------------------------------------------------===//

#include "Argsort.h"
#include "Elementwise.h"
#include "Indices.h"
#include "Loops.h"
#include "Reduction.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
/// The order of elements.
struct Order {
  Type type;
  bool largest;

  bool isFloat() const { return isa<FloatType>(type); }
  /// Whether a comes before c by value.
  Value before(ImplicitLocOpBuilder &b, Value a, Value c) const {
    if (!isFloat()) {
      bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
      CmpIPredicate predicate =
          largest ? (isUnsigned ? CmpIPredicate::ugt : CmpIPredicate::sgt)
                  : (isUnsigned ? CmpIPredicate::ult : CmpIPredicate::slt);
      return arith::CmpIOp::create(b, predicate, a, c);
    }
    Value beyond = arith::CmpFOp::create(
        b, largest ? CmpFPredicate::OGT : CmpFPredicate::OLT, a, c);
    Value aNaN = arith::CmpFOp::create(b, CmpFPredicate::UNO, a, a);
    Value cNumber = arith::CmpFOp::create(b, CmpFPredicate::ORD, c, c);
    return arith::OrIOp::create(b, beyond,
                                arith::AndIOp::create(b, aNaN, cNumber));
  }
  /// Neither comes before the other.
  Value same(ImplicitLocOpBuilder &b, Value a, Value c) const {
    Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
    return arith::XOrIOp::create(
        b, arith::OrIOp::create(b, before(b, a, c), before(b, c, a)), yes);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin
//===----------------------------------------------------------------------===//

template <typename OpTy, bool largest>
static LogicalResult lowerArg(OpTy op, Lowering &l) {
  Value data = op.getData(), result = op.getReduced();
  int64_t rank = l.rankOf(data), axis = wrapAxis(op.getAxis(), rank);
  bool last = op.getSelectLastIndex();
  Type element = l.typeOf(data).getElementType(), i64 = l.b.getI64Type();
  Order order{computeType(l.elementOf(data)), largest};
  SmallVector<OpFoldResult> dims = l.dims(data), outer(dims);
  outer.erase(outer.begin() + axis);
  if (!l.shapes.getSymbols().isPositive(l.expr(data, axis))) {
    Value size = l.value(dims[axis]);
    l.require(l.compare(CmpIPredicate::sgt, size, l.index(0)),
              "a dim of {0} has no largest or smallest element", size);
  }
  // Position -1 says that there is nothing yet.
  Value bestValue = l.filled(outer, l.number(element, 0)),
        bestIndex = l.filled(outer, l.number(i64, -1));
  AffineMap identity = l.b.getMultiDimIdentityMap(rank);
  AffineMap kept = mapOnto(l.b.getContext(), rank, otherAxes(rank, {axis}));
  SmallVector<utils::IteratorType> loops = parallelLoops(rank);
  loops[axis] = utils::IteratorType::reduction;
  SmallVector<Value> best = l.generic(
      l.get(data), {bestValue, bestIndex}, {identity, kept, kept}, loops,
      [&](ImplicitLocOpBuilder &b, ValueRange a) {
        Value here = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, axis));
        Value isFirst = arith::CmpIOp::create(b, CmpIPredicate::slt, a[2],
                                              constantNumber(b, i64, 0));
        Value x = a[0], y = a[1];
        if (order.isFloat()) {
          x = extendHalf(b, x);
          y = extendHalf(b, y);
        }
        Value beats = order.before(b, x, y);
        if (last)
          beats = arith::OrIOp::create(b, beats, order.same(b, x, y));
        Value take = arith::OrIOp::create(b, isFirst, beats);
        return SmallVector<Value>{arith::SelectOp::create(b, take, a[0], a[1]),
                                  arith::SelectOp::create(b, take, here, a[2])};
      });
  Value index = best[1];
  if (op.getKeepdims())
    index = insertUnitDims(l, index, {axis}, l.typeOf(result));
  l.set(result, index);
  return success();
}

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

/// More passes than this over a row cost more than sorting it.
static constexpr int64_t kMostPasses = 16;

/// Sorts every row and takes the first k of it.
static void sortRows(onnx::TopKOp op, Lowering &l, const Order &order, Value k,
                     int64_t axis, ArrayRef<OpFoldResult> wanted) {
  auto &b = l.b;
  int64_t rank = l.rankOf(op.getX());
  Value data = l.get(op.getX());
  SmallVector<Value> at(rank), start;
  start.push_back(l.empty(wanted, l.typeOf(op.getValues()).getElementType()));
  start.push_back(l.empty(wanted, b.getI64Type()));
  auto readAt = [&](Value place) {
    SmallVector<Value> here(at);
    here[axis] = place;
    return l.read(data, here);
  };
  auto comparable = [&](Value place) {
    Value x = readAt(place);
    return order.isFloat() ? extendHalf(b, x) : x;
  };
  auto row = [&](ValueRange carried) {
    Value positions =
        argsort(l, l.dimValue(op.getX(), axis), [&](Value a, Value c) {
          return order.before(b, comparable(a), comparable(c));
        });
    return forLoop(
        l, l.index(0), k, carried,
        [&](Value i, ValueRange tensors) -> SmallVector<Value> {
          SmallVector<Value> to(at);
          to[axis] = i;
          Value place = readIndex(l, positions, i);
          Value number = arith::IndexCastOp::create(b, b.getI64Type(), place);
          return {tensor::InsertOp::create(b, readAt(place), tensors[0], to),
                  tensor::InsertOp::create(b, number, tensors[1], to)};
        });
  };
  std::function<SmallVector<Value>(int64_t, ValueRange)> rows =
      [&](int64_t dim, ValueRange carried) -> SmallVector<Value> {
    if (dim == rank)
      return row(carried);
    if (dim == axis)
      return rows(dim + 1, carried);
    return forLoop(l, l.index(0), l.dimValue(op.getX(), dim), carried,
                   [&](Value i, ValueRange tensors) {
                     at[dim] = i;
                     return rows(dim + 1, tensors);
                   });
  };
  SmallVector<Value> sorted = rows(0, start);
  l.set(op.getValues(), sorted[0]);
  l.set(op.getIndices(), sorted[1]);
}

static LogicalResult lowerTopK(onnx::TopKOp op, Lowering &l) {
  auto &b = l.b;
  Value x = op.getX(), values = op.getValues(), indices = op.getIndices();
  int64_t rank = l.rankOf(x), axis = wrapAxis(op.getAxis(), rank);
  Type element = l.typeOf(x).getElementType(), i64 = b.getI64Type();
  Order order{computeType(l.elementOf(x)), bool(op.getLargest())};
  auto given = l.indexElements(op.getK(), 1);
  if (failed(given))
    return failure();
  Value k = l.value(given->front());
  Value size = l.dimValue(x, axis);
  Value fits =
      arith::AndIOp::create(b, l.compare(CmpIPredicate::sge, k, l.index(0)),
                            l.compare(CmpIPredicate::sle, k, size));
  l.require(fits, "k is {0} for a dim of {1}", {k, size});
  for (Value result : op.getResults())
    if (l.isOwnDim(result, axis))
      l.setDim(result, axis, k);

  SmallVector<OpFoldResult> dims = l.dims(x), outer(dims), wanted(dims);
  outer.erase(outer.begin() + axis);
  wanted[axis] = l.dim(values, axis);
  auto fewPasses = getConstantIntValue(wanted[axis]);
  if (!fewPasses || *fewPasses > kMostPasses) {
    sortRows(op, l, order, k, axis, wanted);
    return success();
  }
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  AffineMap kept = mapOnto(b.getContext(), rank, otherAxes(rank, {axis}));
  SmallVector<utils::IteratorType> loops = parallelLoops(rank);
  loops[axis] = utils::IteratorType::reduction;
  Value data = l.get(x);
  Value none = l.number(i64, -1), noValue = l.number(element, 0);

  // Position -1 as the previous one: everything comes after it.
  SmallVector<Value> start{l.empty(wanted, element), l.empty(wanted, i64),
                           l.filled(outer, noValue), l.filled(outer, none)};
  auto loop = scf::ForOp::create(b, l.index(0), l.value(wanted[axis]),
                                 l.index(1), start);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    ValueRange carried = loop.getRegionIterArgs();
    SmallVector<Value> best = l.generic(
        {data, carried[2], carried[3]},
        {l.filled(outer, noValue), l.filled(outer, none)},
        {identity, kept, kept, kept, kept}, loops,
        [&](ImplicitLocOpBuilder &inner, ValueRange a) {
          Value zero = constantNumber(inner, i64, 0);
          Value here = arith::IndexCastOp::create(
              inner, i64, linalg::IndexOp::create(inner, axis));
          auto wide = [&](Value number) {
            return order.isFloat() ? extendHalf(inner, number) : number;
          };
          Value candidate = wide(a[0]), previous = wide(a[1]),
                bestYet = wide(a[3]);
          Value isFirst =
              arith::CmpIOp::create(inner, CmpIPredicate::slt, a[2], zero);
          Value behind = arith::AndIOp::create(
              inner, order.same(inner, previous, candidate),
              arith::CmpIOp::create(inner, CmpIPredicate::slt, a[2], here));
          Value after = arith::OrIOp::create(
              inner, isFirst,
              arith::OrIOp::create(
                  inner, order.before(inner, previous, candidate), behind));
          Value isEmpty =
              arith::CmpIOp::create(inner, CmpIPredicate::slt, a[4], zero);
          Value better = arith::OrIOp::create(
              inner, isEmpty, order.before(inner, candidate, bestYet));
          Value take = arith::AndIOp::create(inner, after, better);
          return SmallVector<Value>{
              arith::SelectOp::create(inner, take, a[0], a[3]),
              arith::SelectOp::create(inner, take, here, a[4])};
        });
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
        strides(rank, b.getIndexAttr(1)), sizes(dims);
    offsets[axis] = loop.getInductionVar();
    sizes[axis] = b.getIndexAttr(1);
    Value nextValues = tensor::InsertSliceOp::create(b, best[0], carried[0],
                                                     offsets, sizes, strides);
    Value nextIndices = tensor::InsertSliceOp::create(b, best[1], carried[1],
                                                      offsets, sizes, strides);
    scf::YieldOp::create(b,
                         ValueRange{nextValues, nextIndices, best[0], best[1]});
  }
  l.set(values, loop.getResult(0));
  l.set(indices, loop.getResult(1));
  return success();
}

void qopt::registerSort(Registry &registry) {
  registry.add(lowerArg<onnx::ArgMaxOp, true>);
  registry.add(lowerArg<onnx::ArgMinOp, false>);
  registry.add(lowerTopK);
}
