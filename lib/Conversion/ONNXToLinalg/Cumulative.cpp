//===- Cumulative.cpp - CumSum, CumProd -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One loop along the axis; each step is a slice of everything else. Half types
// are accumulated in f32.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Indices.h"
#include "Reduction.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// Running sums or products along one axis.
template <typename OpTy>
static Value cumulate(OpTy op, Lowering &l, int64_t axis) {
  constexpr bool isProduct = std::is_same_v<OpTy, onnx::CumProdOp>;
  auto &b = l.b;
  Value x = op.getX();
  int64_t rank = l.rankOf(x);
  Type element = l.typeOf(x).getElementType(), type = computeType(element);
  bool isFloat = isa<FloatType>(type);
  SmallVector<OpFoldResult> dims = l.dims(x), outer(dims);
  outer.erase(outer.begin() + axis);
  Value size = l.value(dims[axis]), one = l.index(1), data = l.get(x);
  SmallVector<int64_t> outerStatic(l.typeOf(x).getShape());
  outerStatic.erase(outerStatic.begin() + axis);
  auto sliceType = RankedTensorType::get(outerStatic, element);

  SmallVector<Value> start{l.empty(dims, element),
                           l.filled(outer, l.number(type, isProduct))};
  auto loop = scf::ForOp::create(b, l.index(0), size, one, start);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value position = loop.getInductionVar();
    if (op.getReverse())
      position = l.subtract(l.subtract(size, one), position);
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
        strides(rank, b.getIndexAttr(1)), sizes(dims);
    offsets[axis] = position;
    sizes[axis] = b.getIndexAttr(1);
    Value slice = tensor::ExtractSliceOp::create(b, sliceType, data, offsets,
                                                 sizes, strides);
    AffineMap identity = b.getMultiDimIdentityMap(rank - 1);
    Value state = loop.getRegionIterArg(1);
    Value next = l.parallel(
        outer, type, {slice, state}, {identity, identity},
        [&](ImplicitLocOpBuilder &inner, ValueRange a) -> Value {
          Value factor = extendHalf(inner, a[0]);
          if (isProduct)
            return isFloat ? Value(arith::MulFOp::create(inner, factor, a[1]))
                           : Value(arith::MulIOp::create(inner, factor, a[1]));
          return isFloat ? Value(arith::AddFOp::create(inner, factor, a[1]))
                         : Value(arith::AddIOp::create(inner, factor, a[1]));
        });
    Value written = op.getExclusive() ? state : next;
    if (type != element)
      written = l.parallel(outer, element, written, identity,
                           [&](ImplicitLocOpBuilder &inner, ValueRange a) {
                             return convertFloat(inner, a[0], element);
                           });
    Value out = tensor::InsertSliceOp::create(
        b, written, loop.getRegionIterArg(0), offsets, sizes, strides);
    scf::YieldOp::create(b, ValueRange{out, next});
  }
  return loop.getResult(0);
}

/// An axis that is not constant selects among the results along all axes, of
/// which it computes one.
template <typename OpTy>
static LogicalResult lowerCumulative(OpTy op, Lowering &l) {
  auto &b = l.b;
  Value x = op.getX(), data = l.get(x);
  int64_t rank = l.rankOf(x);
  if (rank == 0)
    return l.fail("a scalar has no axis");
  if (auto constant = l.constantInts(op.getAxis())) {
    if (constant->size() != 1 || constant->front() < -rank ||
        constant->front() >= rank)
      return l.fail("the axis is outside the operand");
    l.set(op.getY(), cumulate(op, l, wrapAxis(constant->front(), rank)));
    return success();
  }
  auto given = l.indexElements(op.getAxis(), 1);
  if (failed(given))
    return failure();
  Value axis = l.value(given->front()), bound = l.index(rank);
  Value fits = arith::AndIOp::create(
      b, l.compare(CmpIPredicate::sge, axis, l.index(-rank)),
      l.compare(CmpIPredicate::slt, axis, bound));
  l.require(fits, "axis {0} is outside [-{1}, {1})", {axis, bound});
  axis = wrapIndex(b, axis, bound);
  Value result = data;
  for (int64_t i = 0; i < rank; ++i) {
    Value here = l.compare(CmpIPredicate::eq, axis, l.index(i));
    auto branch = scf::IfOp::create(b, TypeRange(data.getType()), here,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&branch.getThenRegion().front());
    scf::YieldOp::create(b, cumulate(op, l, i));
    b.setInsertionPointToStart(&branch.getElseRegion().front());
    scf::YieldOp::create(b, result);
    result = branch.getResult(0);
  }
  l.set(op.getY(), result);
  return success();
}

void qopt::registerCumulative(Registry &registry) {
  registry.add(lowerCumulative<onnx::CumSumOp>);
  registry.add(lowerCumulative<onnx::CumProdOp>);
}
