//===- Gather.cpp - Gather, GatherElements, GatherND, ReverseSequence -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A gather with one index is a slice. Others are loops over the result that
// read the data at computed indices, after a check of the index tensor.
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

/// The data of a gather. A table in half precision that the graph widens is
/// read as it is, so that only the rows that are wanted are widened.
static Value tableOf(Lowering &l, Value data) {
  if (!l.constantOf(data))
    if (ElementsAttr stored = l.storedConstantOf(data))
      return l.constantTensor(stored);
  return l.get(data);
}

/// Reads one element and widens it to the type of the result.
static Value readAs(ImplicitLocOpBuilder &b, Value table, ValueRange indices,
                    Type element) {
  Value number = tensor::ExtractOp::create(b, table, indices);
  return isa<FloatType>(element) ? convertFloat(b, number, element) : number;
}

static SmallVector<Value> loopIndices(ImplicitLocOpBuilder &b, int64_t count) {
  SmallVector<Value> indices;
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(linalg::IndexOp::create(b, i));
  return indices;
}

/// One index: the slice at that index. `indices` has rank 0 or 1.
static LogicalResult lowerAsSlice(onnx::GatherOp op, Lowering &l,
                                  int64_t axis) {
  Value data = op.getData(), result = op.getOutput();
  int64_t rank = l.rankOf(data);
  OpFoldResult position;
  auto constant = l.constantInts(op.getIndices());
  if (constant && constant->front() >= 0)
    position = l.b.getIndexAttr(constant->front());
  else if (constant)
    position = l.materialize(l.expr(data, axis) + constant->front());
  else
    position =
        wrapIndex(l.b, *l.scalarOf(op.getIndices()), l.dimValue(data, axis));
  SmallVector<OpFoldResult> offsets(rank, l.b.getIndexAttr(0)),
      sizes = l.dims(data), strides(rank, l.b.getIndexAttr(1));
  offsets[axis] = position;
  sizes[axis] = l.b.getIndexAttr(1);
  l.set(result,
        tensor::ExtractSliceOp::create(l.b, l.typeOf(result), l.get(data),
                                       offsets, sizes, strides));
  return success();
}

static LogicalResult lowerGather(onnx::GatherOp op, Lowering &l) {
  Value data = op.getData(), indices = op.getIndices(), result = op.getOutput();
  int64_t rank = l.rankOf(data), axis = wrapAxis(op.getAxis(), rank),
          indexRank = l.rankOf(indices);
  if (failed(checkIndices(l, indices, l.dim(data, axis))))
    return failure();
  RankedTensorType indexType = l.typeOf(indices);
  bool widened = !l.constantOf(data) && l.storedConstantOf(data);
  if (indexRank <= 1 && indexType.hasStaticShape() &&
      indexType.getNumElements() == 1 && !widened)
    return lowerAsSlice(op, l, axis);

  Value table = tableOf(l, data), size = l.dimValue(data, axis);
  Type element = l.typeOf(result).getElementType();
  int64_t loops = l.rankOf(result);
  l.set(result,
        l.parallel(l.dims(result), element, l.get(indices),
                   mapOnto(l.b.getContext(), loops,
                           llvm::to_vector(llvm::seq(axis, axis + indexRank))),
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     SmallVector<Value> position = loopIndices(b, loops), from;
                     for (int64_t i = 0; i < rank; ++i) {
                       if (i == axis)
                         from.push_back(wrapIndex(b, a[0], size));
                       else
                         from.push_back(
                             position[i < axis ? i : i + indexRank - 1]);
                     }
                     return readAs(b, table, from, element);
                   }));
  return success();
}

static LogicalResult lowerGatherElements(onnx::GatherElementsOp op,
                                         Lowering &l) {
  Value data = op.getData(), indices = op.getIndices(), result = op.getOutput();
  int64_t rank = l.rankOf(data), axis = wrapAxis(op.getAxis(), rank);
  if (failed(checkIndices(l, indices, l.dim(data, axis))))
    return failure();
  for (int64_t i = 0; i < rank; ++i) {
    const onnx::DimExpr &have = l.expr(data, i), &read = l.expr(indices, i);
    if (i == axis || have == read ||
        l.shapes.getSymbols().isNonNegative(have - read))
      continue;
    Value available = l.dimValue(data, i), wanted = l.dimValue(indices, i);
    l.require(l.compare(CmpIPredicate::sle, wanted, available),
              "{0} indices for a dim of {1}", {wanted, available});
  }
  Value table = l.get(data), size = l.dimValue(data, axis);
  l.set(result, l.parallel(l.dims(result), l.typeOf(result).getElementType(),
                           l.get(indices), l.b.getMultiDimIdentityMap(rank),
                           [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                             SmallVector<Value> from = loopIndices(b, rank);
                             from[axis] = wrapIndex(b, a[0], size);
                             return tensor::ExtractOp::create(b, table, from);
                           }));
  return success();
}

static LogicalResult lowerGatherND(onnx::GatherNDOp op, Lowering &l) {
  Value data = op.getData(), indices = op.getIndices(), result = op.getOutput();
  int64_t batch = op.getBatchDims(), outer = l.rankOf(indices) - 1,
          loops = l.rankOf(result);
  auto length = l.expr(indices, outer).getConstant();
  if (!length) {
    // It follows from the ranks.
    length = outer + l.rankOf(data) - batch - loops;
    Value size = l.dimValue(indices, outer), wanted = l.index(*length);
    l.require(l.compare(CmpIPredicate::eq, size, wanted),
              "index tuples of length {0} in place of {1}", {size, wanted});
  }
  if (batch + *length > l.rankOf(data))
    return l.fail("indices name more dims than the data has");
  for (int64_t i = 0; i < batch; ++i)
    if (failed(l.requireEqual(data, i, indices, i, "batch dims")))
      return failure();
  SmallVector<OpFoldResult> limits;
  SmallVector<Value> sizes;
  for (int64_t k = 0; k < *length; ++k) {
    limits.push_back(l.dim(data, batch + k));
    sizes.push_back(l.value(limits.back()));
  }
  if (failed(checkIndexTuples(l, indices, limits)))
    return failure();
  Value table = l.get(data), tuples = l.get(indices);
  l.set(result,
        l.parallel(l.dims(result), l.typeOf(result).getElementType(), {}, {},
                   [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
                     SmallVector<Value> position = loopIndices(b, loops);
                     SmallVector<Value> from(position.begin(),
                                             position.begin() + batch);
                     for (int64_t k = 0; k < *length; ++k) {
                       SmallVector<Value> at(position.begin(),
                                             position.begin() + outer);
                       at.push_back(arith::ConstantIndexOp::create(b, k));
                       Value entry = tensor::ExtractOp::create(b, tuples, at);
                       from.push_back(wrapIndex(b, entry, sizes[k]));
                     }
                     from.append(position.begin() + outer, position.end());
                     return tensor::ExtractOp::create(b, table, from);
                   }));
  return success();
}

/// Position t of a sequence of length n is read from n - 1 - t if t < n.
static LogicalResult lowerReverseSequence(onnx::ReverseSequenceOp op,
                                          Lowering &l) {
  Value input = op.getInput(), lengths = op.getSequenceLens();
  int64_t rank = l.rankOf(input), time = wrapAxis(op.getTimeAxis(), rank),
          batch = wrapAxis(op.getBatchAxis(), rank);
  if (failed(l.requireEqual(lengths, 0, input, batch, "batch dims")))
    return failure();
  auto [low, high] = rangeOf(l, lengths);
  Value steps = l.dimValue(input, time);
  Value limit = arith::IndexCastOp::create(l.b, l.b.getI64Type(), steps);
  Value above =
      l.compare(CmpIPredicate::sge, low, l.number(l.b.getI64Type(), 0));
  Value fits = arith::AndIOp::create(
      l.b, above, l.compare(CmpIPredicate::sle, high, limit));
  Value culprit = arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                             l.select(above, high, low));
  l.require(fits, "a sequence of {0} elements in a dim of {1}",
            {culprit, steps});
  Value table = l.get(input);
  l.set(op.getY(),
        l.parallel(l.dims(input), l.typeOf(input).getElementType(),
                   l.get(lengths), mapOnto(l.b.getContext(), rank, {batch}),
                   [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     SmallVector<Value> from = loopIndices(b, rank);
                     Value length =
                         arith::IndexCastOp::create(b, b.getIndexType(), a[0]);
                     Value last = arith::SubIOp::create(
                         b, length, arith::ConstantIndexOp::create(b, 1));
                     Value inside = arith::CmpIOp::create(b, CmpIPredicate::slt,
                                                          from[time], length);
                     from[time] = arith::SelectOp::create(
                         b, inside, arith::SubIOp::create(b, last, from[time]),
                         from[time]);
                     return tensor::ExtractOp::create(b, table, from);
                   }));
  return success();
}

void qopt::registerGather(Registry &registry) {
  registry.add(lowerGather);
  registry.add(lowerGatherElements);
  registry.add(lowerGatherND);
  registry.add(lowerReverseSequence);
}
