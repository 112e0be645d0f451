//===- Generate.cpp - tensors made from numbers ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape, Size, Range, ConstantOfShape, EyeLike, Trilu, OneHot: elements follow
// from the position. Shapes that the analysis knows never reach this code.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

static Value toI64(Lowering &l, OpFoldResult number) {
  return l.b.createOrFold<arith::IndexCastOp>(l.b.getI64Type(),
                                              l.value(number));
}

static LogicalResult lowerShape(onnx::ShapeOp op, Lowering &l) {
  int64_t rank = l.rankOf(op.getData());
  auto bound = [&](int64_t number) {
    return std::clamp<int64_t>(wrapAxis(number, rank), 0, rank);
  };
  int64_t end = op.getEnd() ? bound(*op.getEnd()) : rank;
  SmallVector<Value> elements;
  for (int64_t i = bound(op.getStart()); i < end; ++i)
    elements.push_back(toI64(l, l.dim(op.getData(), i)));
  l.setElements(op.getShape(), elements);
  return success();
}

static LogicalResult lowerSize(onnx::SizeOp op, Lowering &l) {
  int64_t rank = l.rankOf(op.getData());
  OpFoldResult count =
      l.product(op.getData(), llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  l.setElements(op.getSize(), toI64(l, count));
  return success();
}

//===----------------------------------------------------------------------===//
// Range
//===----------------------------------------------------------------------===//

/// max(ceil((limit - start) / delta), 0)
static Value rangeLength(Lowering &l, Value start, Value limit, Value delta) {
  auto &b = l.b;
  Type type = start.getType();
  Value count;
  if (isa<FloatType>(type)) {
    Value quotient =
        arith::DivFOp::create(b, arith::SubFOp::create(b, limit, start), delta);
    count =
        castScalar(b, math::CeilOp::create(b, quotient), type, b.getI64Type());
  } else {
    // Both signs of delta, on numbers that are not negative.
    Value zero = l.number(type, 0), one = l.number(type, 1);
    Value forward = l.compare(CmpIPredicate::sgt, delta, zero);
    Value distance =
        l.select(forward, l.subtract(limit, start), l.subtract(start, limit));
    Value step = l.select(forward, delta, l.subtract(zero, delta));
    Value divisor = l.maximum(step, one);
    Value quotient =
        arith::CeilDivSIOp::create(b, l.maximum(distance, zero), divisor);
    count = castScalar(b, quotient, type, b.getI64Type());
  }
  count = l.maximum(count, l.number(b.getI64Type(), 0));
  return arith::IndexCastOp::create(b, b.getIndexType(), count);
}

static LogicalResult lowerRange(onnx::RangeOp op, Lowering &l) {
  Value result = op.getOutput();
  Type element = l.typeOf(result).getElementType(), type = computeType(element);
  SmallVector<Value> numbers;
  for (Value operand : op->getOperands()) {
    auto number = l.scalarOf(operand);
    if (failed(number))
      return failure();
    numbers.push_back(isa<FloatType>(type) ? convertFloat(l.b, *number, type)
                                           : *number);
  }
  Value start = numbers[0], limit = numbers[1], delta = numbers[2];
  if (l.isOwnDim(result, 0)) {
    Value zero = l.number(type, 0);
    Value isZero = isa<FloatType>(type)
                       ? Value(arith::CmpFOp::create(
                             l.b, arith::CmpFPredicate::UEQ, delta, zero))
                       : l.compare(CmpIPredicate::eq, delta, zero);
    Value moves = arith::XOrIOp::create(
        l.b, isZero, arith::ConstantOp::create(l.b, l.b.getBoolAttr(true)));
    l.require(moves, "delta is 0", {});
    l.setDim(result, 0, rangeLength(l, start, limit, delta));
  }
  l.set(result,
        l.parallel(l.dims(result), element, {}, {},
                   [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                     Value i = arith::IndexCastOp::create(
                         b, b.getI64Type(), linalg::IndexOp::create(b, 0));
                     Value step = castScalar(b, i, b.getI64Type(), type);
                     if (!isa<FloatType>(type))
                       return arith::AddIOp::create(
                           b, start, arith::MulIOp::create(b, step, delta));
                     Value number = arith::AddFOp::create(
                         b, start, arith::MulFOp::create(b, step, delta));
                     return convertFloat(b, number, element);
                   }));
  return success();
}

//===----------------------------------------------------------------------===//
// Filled tensors
//===----------------------------------------------------------------------===//

static LogicalResult lowerConstantOfShape(onnx::ConstantOfShapeOp op,
                                          Lowering &l) {
  Value result = op.getOutput();
  Type element = l.typeOf(result).getElementType();
  Value fill = l.number(element, 0);
  if (op.getValue())
    fill = arith::ConstantOp::create(
        l.b,
        cast<TypedAttr>(*asInline(*op.getValue()).value_begin<Attribute>()));
  SmallVector<OpFoldResult> asked;
  for (int64_t i = 0, e = l.rankOf(result); i < e; ++i) {
    bool own = l.isOwnDim(result, i);
    if (own && asked.empty()) {
      auto elements = l.indexElements(op.getInput(), e);
      if (failed(elements))
        return failure();
      asked = *elements;
    }
    if (own)
      l.setDim(result, i, l.value(asked[i]));
    else if (l.shapes.getSymbols().isNonNegative(l.expr(result, i)))
      continue;
    Value size = l.dimValue(result, i);
    l.require(l.compare(CmpIPredicate::sge, size, l.index(0)),
              "a dim of {0} is asked for", size);
  }
  l.set(result, l.filled(l.dims(result), fill));
  return success();
}

/// An element by its place relative to a diagonal: `inside` where
/// column - row - k satisfies the predicate, else zero.
static Value byDiagonal(ImplicitLocOpBuilder &b, int64_t rank, Value k,
                        CmpIPredicate predicate, Value inside) {
  Value row = linalg::IndexOp::create(b, rank - 2),
        column = linalg::IndexOp::create(b, rank - 1);
  Value difference = arith::SubIOp::create(b, column, row);
  Value holds = arith::CmpIOp::create(b, predicate, difference, k);
  return arith::SelectOp::create(b, holds, inside,
                                 constantNumber(b, inside.getType(), 0));
}

static LogicalResult lowerEyeLike(onnx::EyeLikeOp op, Lowering &l) {
  Value result = op.getOutput(), k = l.index(op.getK());
  Type element = l.typeOf(result).getElementType();
  l.set(result, l.parallel(l.dims(result), element, {}, {},
                           [&](ImplicitLocOpBuilder &b, ValueRange) {
                             return byDiagonal(b, 2, k, CmpIPredicate::eq,
                                               constantNumber(b, element, 1));
                           }));
  return success();
}

static LogicalResult lowerTrilu(onnx::TriluOp op, Lowering &l) {
  Value input = op.getInput();
  int64_t rank = l.rankOf(input);
  if (rank < 2)
    return l.fail("the operand has no matrices");
  Value k = l.index(0);
  if (l.present(op.getK())) {
    auto given = l.indexElements(op.getK(), 1);
    if (failed(given))
      return failure();
    k = l.value(given->front());
  }
  CmpIPredicate predicate =
      op.getUpper() ? CmpIPredicate::sge : CmpIPredicate::sle;
  l.set(op.getOutput(),
        l.parallel(l.dims(input), l.typeOf(input).getElementType(),
                   l.get(input), l.b.getMultiDimIdentityMap(rank),
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     return byDiagonal(b, rank, k, predicate, a[0]);
                   }));
  return success();
}

/// Indices and depth may be floats; they are truncated.
static LogicalResult lowerOneHot(onnx::OneHotOp op, Lowering &l) {
  Value indices = op.getIndices(), result = op.getOutput();
  int64_t rank = l.rankOf(result), axis = wrapAxis(op.getAxis(), rank);
  Type i64 = l.b.getI64Type();
  auto given = l.scalarOf(op.getDepth());
  if (failed(given))
    return failure();
  Value depth = castScalar(l.b, *given, l.elementOf(op.getDepth()), i64);
  if (l.isOwnDim(result, axis)) {
    Value size = arith::IndexCastOp::create(l.b, l.b.getIndexType(), depth);
    l.require(l.compare(CmpIPredicate::sge, size, l.index(0)), "depth is {0}",
              size);
    l.setDim(result, axis, size);
  }
  Value values = l.get(op.getValues());
  Value off = l.read(values, l.index(0)), on = l.read(values, l.index(1));
  SmallVector<int64_t> outer;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      outer.push_back(i);
  l.set(result,
        l.parallel(
            l.dims(result), l.typeOf(result).getElementType(), l.get(indices),
            mapOnto(l.b.getContext(), rank, outer),
            [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
              Value index = castScalar(b, a[0], l.elementOf(indices), i64);
              Value isNegative = arith::CmpIOp::create(
                  b, CmpIPredicate::slt, index, constantNumber(b, i64, 0));
              index = arith::SelectOp::create(
                  b, isNegative, arith::AddIOp::create(b, index, depth), index);
              Value here = arith::IndexCastOp::create(
                  b, i64, linalg::IndexOp::create(b, axis));
              Value isHot =
                  arith::CmpIOp::create(b, CmpIPredicate::eq, here, index);
              return arith::SelectOp::create(b, isHot, on, off);
            }));
  return success();
}

void qopt::registerGenerate(Registry &registry) {
  registry.add(lowerShape);
  registry.add(lowerSize);
  registry.add(lowerRange);
  registry.add(lowerConstantOfShape);
  registry.add(lowerEyeLike);
  registry.add(lowerTrilu);
  registry.add(lowerOneHot);
}
