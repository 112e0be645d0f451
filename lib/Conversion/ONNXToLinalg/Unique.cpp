//===- Unique.cpp - Unique ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The slices are sorted, so that equal ones are neighbours and each group gets
// a number: its place among the groups. Where the order of first occurrence is
// wanted, the groups are renumbered by a walk over the slices.
//===----------------------------------------------------------------------===//

#include "Argsort.h"
#include "Loops.h"
#include "Reshape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXSelection.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

namespace {
class Grouping {
public:
  Grouping(Lowering &l, onnx::UniqueOp op) : l(l), b(l.b), op(op) {}
  LogicalResult run();

private:
  /// Whether slice a is less than slice c (`isLess`), or differs from it.
  Value compareSlices(Value a, Value c, bool isLess);
  Value isBefore(Value a, Value c);
  Value element(Value slice, Value place);
  Value read(Value positions, Value place) {
    return readIndex(l, positions, place);
  }
  Value insert(Value index, Value into, Value at) {
    return insertIndex(l, index, into, at);
  }

  Lowering &l;
  ImplicitLocOpBuilder &b;
  onnx::UniqueOp op;
  /// [outer, slices, inner], the slices along the middle dim.
  Value data;
  Type type;
  Value slices, inner, sliceSize;
};
} // namespace

Value Grouping::element(Value slice, Value place) {
  Value outer = arith::DivUIOp::create(b, place, inner);
  Value rest = arith::RemUIOp::create(b, place, inner);
  return l.read(data, {outer, slice, rest});
}

Value Grouping::isBefore(Value a, Value c) {
  if (isa<FloatType>(type)) {
    // NaN behind everything, as NumPy sorts it.
    Value less = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, a, c);
    auto isNan = [&](Value v) -> Value {
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, v, v);
    };
    Value number = arith::XOrIOp::create(b, isNan(a),
                                         arith::ConstantIntOp::create(b, 1, 1));
    Value beforeNan = arith::AndIOp::create(b, number, isNan(c));
    return arith::OrIOp::create(b, less, beforeNan);
  }
  bool isUnsigned =
      type.isInteger(1) || l.elementOf(op.getX()).isUnsignedInteger();
  return l.compare(isUnsigned ? CmpIPredicate::ult : CmpIPredicate::slt, a, c);
}

Value Grouping::compareSlices(Value a, Value c, bool isLess) {
  // Skips the places at which the slices agree.
  Value zero = l.index(0), no = arith::ConstantIntOp::create(b, 0, 1);
  auto walk = scf::WhileOp::create(b, TypeRange(b.getIndexType()), zero);
  {
    OpBuilder::InsertionGuard guard(b);
    Block *before =
        b.createBlock(&walk.getBefore(), {}, b.getIndexType(), b.getLoc());
    Value place = before->getArgument(0);
    Value inside = l.compare(CmpIPredicate::slt, place, sliceSize);
    Value same = ifThen(l, inside, no, [&]() -> SmallVector<Value> {
      Value x = element(a, place), y = element(c, place);
      Value differs = arith::OrIOp::create(b, isBefore(x, y), isBefore(y, x));
      return {arith::XOrIOp::create(b, differs,
                                    arith::ConstantIntOp::create(b, 1, 1))};
    })[0];
    scf::ConditionOp::create(b, same, place);
    Block *after =
        b.createBlock(&walk.getAfter(), {}, b.getIndexType(), b.getLoc());
    scf::YieldOp::create(b,
                         ValueRange{l.add(after->getArgument(0), l.index(1))});
  }
  Value place = walk.getResult(0);
  Value differ = l.compare(CmpIPredicate::slt, place, sliceSize);
  if (!isLess)
    return differ;
  return ifThen(l, differ, no, [&]() -> SmallVector<Value> {
    return {isBefore(element(a, place), element(c, place))};
  })[0];
}

static Value toIndex(ImplicitLocOpBuilder &b, Value number) {
  return arith::IndexCastOp::create(b, b.getIndexType(), number);
}

LogicalResult Grouping::run() {
  Value x = op.getX();
  ArrayRef<onnx::DimExpr> shape = l.shapes.getShape(x);
  int64_t rank = shape.size();
  type = l.typeOf(x).getElementType();
  onnx::DimExpr one(1);
  int64_t axis = op.getAxis() ? wrapAxis(*op.getAxis(), rank) : 0;
  SmallVector<onnx::DimExpr> parts{one, onnx::product(shape), one};
  if (op.getAxis())
    parts = {onnx::product(shape.take_front(axis)), shape[axis],
             onnx::product(shape.drop_front(axis + 1))};
  SmallVector<OpFoldResult> dims;
  for (const onnx::DimExpr &part : parts)
    dims.push_back(l.materialize(part));
  data = reshape(l, l.get(x), shape, parts, dims);
  slices = l.value(dims[1]);
  inner = l.maximum(l.value(dims[2]), l.index(1));
  sliceSize = arith::MulIOp::create(b, l.value(dims[0]), l.value(dims[2]));

  Value order = argsort(l, slices, [&](Value a, Value c) {
    return compareSlices(a, c, /*isLess=*/true);
  });
  // The sort is stable: the first of a group occurs first in x.
  Type i64 = b.getI64Type();
  Value zero = l.index(0), next = l.index(1);
  auto blank = [&] { return l.filled({dims[1]}, l.number(i64, 0)); };
  auto groups =
      forLoop(l, zero, slices, {blank(), blank(), blank(), zero},
              [&](Value i, ValueRange s) -> SmallVector<Value> {
                Value slice = read(order, i);
                Value previous =
                    read(order, l.maximum(l.subtract(i, next), zero));
                Value isFirst = arith::OrIOp::create(
                    b, l.compare(CmpIPredicate::eq, i, zero),
                    compareSlices(slice, previous, /*isLess=*/false));
                Value number = l.select(isFirst, l.add(s[3], next), s[3]);
                Value group = l.subtract(number, next);
                Value first = l.select(isFirst, slice, read(s[0], group));
                Value count = l.add(read(s[1], group), next);
                return {insert(first, s[0], group), insert(count, s[1], group),
                        insert(group, s[2], slice), number};
              });
  Value firsts = groups[0], counts = groups[1], inverse = groups[2],
        number = groups[3];
  OpFoldResult numberSize = number;
  if (!op.getSorted()) {
    // The group of each first occurrence, in the order of x.
    Value all = firsts;
    Value byFirst = argsort(l, number, [&](Value a, Value c) {
      return l.compare(CmpIPredicate::slt, read(all, a), read(all, c));
    });
    auto renumbered = forLoop(l, zero, number, blank(),
                              [&](Value i, ValueRange s) -> SmallVector<Value> {
                                return {insert(i, s[0], read(byFirst, i))};
                              })[0];
    auto pick = [&](Value from, Value by, OpFoldResult size) {
      return l.parallel(size, i64, by, b.getMultiDimIdentityMap(1),
                        [&](ImplicitLocOpBuilder &in, ValueRange a) -> Value {
                          return tensor::ExtractOp::create(in, from,
                                                           toIndex(in, a[0]));
                        });
    };
    firsts = pick(firsts, byFirst, numberSize);
    counts = pick(counts, byFirst, numberSize);
    inverse = pick(renumbered, inverse, dims[1]);
  }

  int64_t along = op.getAxis() ? axis : 0;
  if (l.isOwnDim(op.getY(), along))
    l.setDim(op.getY(), along, number);
  for (Value result : {Value(op.getIndices()), Value(op.getCounts())})
    if (l.isOwnDim(result, 0))
      l.setDim(result, 0, number);
  // Groups are fewer than slices.
  auto front = [&](Value positions) -> Value {
    OpFoldResult from = b.getIndexAttr(0), step = b.getIndexAttr(1);
    return tensor::ExtractSliceOp::create(b, positions, from, numberSize, step);
  };
  l.set(op.getIndices(), front(firsts));
  l.set(op.getInverseIndices(), inverse);
  l.set(op.getCounts(), front(counts));
  Value tensor = l.get(x), from = firsts;
  if (!op.getAxis()) {
    l.set(op.getY(),
          l.parallel(numberSize, type, {}, {},
                     [&](ImplicitLocOpBuilder &in, ValueRange) -> Value {
                       Value i = linalg::IndexOp::create(in, 0);
                       Value slice =
                           toIndex(in, tensor::ExtractOp::create(in, from, i));
                       Value none = arith::ConstantIndexOp::create(in, 0);
                       return tensor::ExtractOp::create(
                           in, data, ValueRange{none, slice, none});
                     }));
    return success();
  }
  l.set(op.getY(),
        l.parallel(l.dims(op.getY()), type, {}, {},
                   [&](ImplicitLocOpBuilder &in, ValueRange) -> Value {
                     SmallVector<Value> at;
                     for (int64_t i = 0; i < rank; ++i)
                       at.push_back(linalg::IndexOp::create(in, i));
                     at[axis] = toIndex(
                         in, tensor::ExtractOp::create(in, from, at[axis]));
                     return tensor::ExtractOp::create(in, tensor, at);
                   }));
  return success();
}

static LogicalResult lowerUnique(onnx::UniqueOp op, Lowering &l) {
  return Grouping(l, op).run();
}

void qopt::registerUnique(Registry &registry) { registry.add(lowerUnique); }
