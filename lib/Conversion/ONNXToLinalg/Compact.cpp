//===- Compact.cpp - NonZero, Compress ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results whose size depends on the data: one loop counts, the next writes the
// positions in order.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Reduction.h"
#include "Reshape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// How many elements of a tensor are not zero.
static Value countNonZero(Lowering &l, Value graph) {
  SmallVector<OpFoldResult> dims = l.dims(graph);
  int64_t rank = dims.size();
  Type i64 = l.b.getI64Type(), i1 = l.b.getI1Type();
  Value count =
      reduce(l, dims, llvm::to_vector(llvm::seq<int64_t>(0, rank)),
             l.get(graph), l.b.getMultiDimIdentityMap(rank), l.number(i64, 0),
             [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
               Value isSet = castScalar(b, a[0], l.elementOf(graph), i1);
               return arith::AddIOp::create(
                   b, arith::ExtUIOp::create(b, i64, isSet), a[1]);
             });
  return arith::IndexCastOp::create(l.b, l.b.getIndexType(), l.read(count, {}));
}

/// Positions (`rank` indices each, as columns) of the elements that are not
/// zero, in row-major order.
static Value positions(Lowering &l, Value graph, Value count) {
  auto &b = l.b;
  SmallVector<OpFoldResult> dims = l.dims(graph);
  int64_t rank = dims.size();
  Type i64 = b.getI64Type();
  Value data = l.get(graph), zero = l.index(0), one = l.index(1);
  SmallVector<Value> rows;
  for (int64_t i = 0; i < rank; ++i)
    rows.push_back(l.index(i));
  SmallVector<Value> sizes;
  for (OpFoldResult size : dims)
    sizes.push_back(l.value(size));
  SmallVector<Value> carried{
      l.empty({b.getIndexAttr(rank), OpFoldResult(count)}, i64), zero};
  // The position of a scalar has no index.
  if (rank == 0)
    return carried[0];

  OpBuilder::InsertionGuard guard(b);
  SmallVector<scf::ForOp> loops;
  SmallVector<Value> at;
  for (Value size : sizes) {
    auto loop = scf::ForOp::create(b, zero, size, one, carried);
    if (!loops.empty())
      scf::YieldOp::create(b, loop.getResults());
    loops.push_back(loop);
    at.push_back(loop.getInductionVar());
    carried.assign(loop.getRegionIterArgs().begin(),
                   loop.getRegionIterArgs().end());
    b.setInsertionPointToStart(loop.getBody());
  }
  Value isSet =
      castScalar(b, l.read(data, at), l.elementOf(graph), b.getI1Type());
  auto branch = scf::IfOp::create(b, ValueRange(carried).getTypes(), isSet,
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(&branch.getThenRegion().front());
    Value written = carried[0];
    for (auto [row, index] : llvm::zip(rows, at))
      written =
          tensor::InsertOp::create(b, arith::IndexCastOp::create(b, i64, index),
                                   written, ValueRange{row, carried[1]});
    scf::YieldOp::create(
        b, ValueRange{written, arith::AddIOp::create(b, carried[1], one)});
    b.setInsertionPointToStart(&branch.getElseRegion().front());
    scf::YieldOp::create(b, carried);
  }
  scf::YieldOp::create(b, branch.getResults());
  return loops.front().getResult(0);
}

static LogicalResult lowerNonZero(onnx::NonZeroOp op, Lowering &l) {
  Value x = op.getX(), result = op.getY();
  Value count = countNonZero(l, x);
  if (l.isOwnDim(result, 1))
    l.setDim(result, 1, count);
  l.set(result, positions(l, x, count));
  return success();
}

/// The positions of the condition, then a gather.
static LogicalResult lowerCompress(onnx::CompressOp op, Lowering &l) {
  Value input = op.getInput(), condition = op.getCondition(),
        result = op.getOutput();
  int64_t rank = l.rankOf(input);
  Value tensor = l.get(input);
  SmallVector<OpFoldResult> dims = l.dims(input);
  int64_t axis = op.getAxis() ? wrapAxis(*op.getAxis(), rank) : 0;
  if (!op.getAxis()) {
    onnx::DimExpr total = onnx::product(l.shapes.getShape(input));
    dims = {l.materialize(total)};
    tensor = reshape(l, tensor, l.shapes.getShape(input), total, dims);
    rank = 1;
  }
  Value have = l.dimValue(condition, 0), size = l.value(dims[axis]);
  l.require(l.compare(CmpIPredicate::sle, have, size),
            "{0} conditions for a dim of {1}", {have, size});
  Value count = countNonZero(l, condition);
  if (l.isOwnDim(result, axis))
    l.setDim(result, axis, count);
  Value places = positions(l, condition, count);
  l.set(result,
        l.parallel(l.dims(result), l.typeOf(result).getElementType(), {}, {},
                   [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                     SmallVector<Value> from;
                     for (int64_t i = 0; i < rank; ++i)
                       from.push_back(linalg::IndexOp::create(b, i));
                     Value place = tensor::ExtractOp::create(
                         b, places,
                         ValueRange{arith::ConstantIndexOp::create(b, 0),
                                    from[axis]});
                     from[axis] =
                         arith::IndexCastOp::create(b, b.getIndexType(), place);
                     return tensor::ExtractOp::create(b, tensor, from);
                   }));
  return success();
}

void qopt::registerCompact(Registry &registry) {
  registry.add(lowerNonZero);
  registry.add(lowerCompress);
}
