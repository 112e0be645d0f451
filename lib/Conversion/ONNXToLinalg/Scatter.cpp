//===- Scatter.cpp - ScatterElements, ScatterND ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A copy of the data into which updates are written one after the other, in
// loops on tensors: an index may occur twice, so the loops are not parallel.
//===----------------------------------------------------------------------===//

#include "Elementwise.h"
#include "Indices.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// What is written: the update, or the update combined with what is there.
static Value combine(ImplicitLocOpBuilder &b, Operation *op,
                     StringRef reduction, Type graphType, Value there,
                     Value update) {
  Type type = computeType(graphType);
  ScalarBuilder s{b, op, type};
  bool isFloat = isa<FloatType>(type);
  Value x = isFloat ? extendHalf(b, there) : there,
        y = isFloat ? extendHalf(b, update) : update, result;
  if (reduction == "add")
    result = s.make2<arith::AddFOp, arith::AddIOp>({x, y});
  else if (reduction == "mul")
    result = s.make2<arith::MulFOp, arith::MulIOp>({x, y});
  else if (reduction == "max")
    result = maximum(s, {x, y});
  else
    result = minimum(s, {x, y});
  return isFloat ? convertFloat(b, result, there.getType()) : result;
}

/// A tensor that may be overwritten: the data itself may be an input or shared.
static Value copyOf(Lowering &l, Value graph) {
  SmallVector<OpFoldResult> dims = l.dims(graph);
  return l.parallel(dims, l.typeOf(graph).getElementType(), l.get(graph),
                    l.b.getMultiDimIdentityMap(dims.size()),
                    [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
}

static LogicalResult lowerScatterElements(onnx::ScatterElementsOp op,
                                          Lowering &l) {
  Value data = op.getData(), indices = op.getIndices(),
        updates = op.getUpdates();
  int64_t rank = l.rankOf(data), axis = wrapAxis(op.getAxis(), rank);
  if (l.rankOf(indices) != rank || l.rankOf(updates) != rank)
    return l.fail("data, indices and updates must have one rank");
  if (failed(checkIndices(l, indices, l.dim(data, axis))))
    return failure();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < rank; ++i) {
    if (failed(l.requireEqual(indices, i, updates, i, "dims of updates")))
      return failure();
    sizes.push_back(l.dimValue(indices, i));
    const onnx::DimExpr &have = l.expr(data, i), &used = l.expr(indices, i);
    if (i == axis || l.shapes.getSymbols().isNonNegative(have - used))
      continue;
    Value available = l.dimValue(data, i);
    l.require(l.compare(CmpIPredicate::sle, sizes[i], available),
              "{0} indices for a dim of {1}", {sizes[i], available});
  }
  Value positions = l.get(indices), values = l.get(updates),
        length = l.dimValue(data, axis);
  StringRef reduction = op.getReduction();
  l.set(op.getOutput(),
        l.loopNest(sizes, copyOf(l, data),
                   [&](ArrayRef<Value> at, Value tensor) -> Value {
                     SmallVector<Value> to(at);
                     to[axis] = wrapIndex(l.b, l.read(positions, at), length);
                     Value update = l.read(values, at);
                     if (reduction != "none")
                       update = combine(l.b, op, reduction, l.elementOf(data),
                                        l.read(tensor, to), update);
                     return tensor::InsertOp::create(l.b, update, tensor, to);
                   }));
  return success();
}

static LogicalResult lowerScatterND(onnx::ScatterNDOp op, Lowering &l) {
  Value data = op.getData(), indices = op.getIndices(),
        updates = op.getUpdates();
  int64_t rank = l.rankOf(data), outer = l.rankOf(indices) - 1;
  auto length = l.expr(indices, outer).getConstant();
  if (!length) {
    // It follows from the ranks.
    length = outer + rank - l.rankOf(updates);
    Value size = l.dimValue(indices, outer), wanted = l.index(*length);
    l.require(l.compare(arith::CmpIPredicate::eq, size, wanted),
              "index tuples of length {0} in place of {1}", {size, wanted});
  }
  if (*length < 0 || *length > rank)
    return l.fail("the last dim of indices does not fit the data");
  if (l.rankOf(updates) != outer + rank - *length)
    return l.fail("the rank of updates does not fit data and indices");
  for (int64_t i = 0; i < outer; ++i)
    if (failed(l.requireEqual(updates, i, indices, i, "dims of updates")))
      return failure();
  for (int64_t i = *length; i < rank; ++i)
    if (failed(l.requireEqual(updates, outer + i - *length, data, i,
                              "dims of updates")))
      return failure();
  SmallVector<OpFoldResult> limits;
  SmallVector<Value> lengths, sizes;
  for (int64_t k = 0; k < *length; ++k) {
    limits.push_back(l.dim(data, k));
    lengths.push_back(l.value(limits.back()));
  }
  if (failed(checkIndexTuples(l, indices, limits)))
    return failure();
  for (int64_t i = 0; i < outer; ++i)
    sizes.push_back(l.dimValue(indices, i));

  Value tuples = l.get(indices), values = l.get(updates);
  StringRef reduction = op.getReduction();
  SmallVector<OpFoldResult> dataDims = l.dims(data);
  int64_t sliceRank = rank - *length;
  auto sliceType =
      RankedTensorType::get(l.typeOf(data).getShape().drop_front(*length),
                            l.typeOf(data).getElementType());
  OpFoldResult zero = l.b.getIndexAttr(0), one = l.b.getIndexAttr(1);
  auto body = [&](ArrayRef<Value> at, Value tensor) -> Value {
    SmallVector<Value> to;
    for (int64_t k = 0; k < *length; ++k) {
      SmallVector<Value> entry(at);
      entry.push_back(l.index(k));
      to.push_back(wrapIndex(l.b, l.read(tuples, entry), lengths[k]));
    }
    if (sliceRank == 0) {
      Value update = l.read(values, at);
      if (reduction != "none")
        update = combine(l.b, op, reduction, l.elementOf(data),
                         l.read(tensor, to), update);
      return tensor::InsertOp::create(l.b, update, tensor, to);
    }
    // The slice of the updates, and the one of the data that it goes to.
    SmallVector<OpFoldResult> fromOffsets(at.begin(), at.end()),
        fromSizes(outer, one), toOffsets(to.begin(), to.end()),
        toSizes(*length, one);
    for (int64_t i = *length; i < rank; ++i) {
      fromOffsets.push_back(zero);
      toOffsets.push_back(zero);
      fromSizes.push_back(dataDims[i]);
      toSizes.push_back(dataDims[i]);
    }
    SmallVector<OpFoldResult> fromStrides(fromOffsets.size(), one),
        toStrides(rank, one);
    Value update = tensor::ExtractSliceOp::create(
        l.b, sliceType, values, fromOffsets, fromSizes, fromStrides);
    if (reduction != "none") {
      Value there = tensor::ExtractSliceOp::create(
          l.b, sliceType, tensor, toOffsets, toSizes, toStrides);
      AffineMap identity = l.b.getMultiDimIdentityMap(sliceRank);
      SmallVector<OpFoldResult> sliceDims(dataDims.begin() + *length,
                                          dataDims.end());
      update = l.parallel(
          sliceDims, sliceType.getElementType(), {there, update},
          {identity, identity}, [&](ImplicitLocOpBuilder &b, ValueRange a) {
            return combine(b, op, reduction, l.elementOf(data), a[0], a[1]);
          });
    }
    return tensor::InsertSliceOp::create(l.b, update, tensor, toOffsets,
                                         toSizes, toStrides);
  };
  l.set(op.getOutput(), l.loopNest(sizes, copyOf(l, data), body));
  return success();
}

void qopt::registerScatter(Registry &registry) {
  registry.add(lowerScatterElements);
  registry.add(lowerScatterND);
}
