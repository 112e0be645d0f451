//===- EvaluateIndexing.cpp - gather, scatter and selection --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An index outside its dim leaves the op alone; it is an error when the model
// runs.
//===----------------------------------------------------------------------===//

#include "Evaluate.h"

#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"

using namespace mlir;
using namespace mlir::onnx;

namespace {

int64_t productOf(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

// Index into a dim, counted from its end if negative.
std::optional<int64_t> wrapIndex(int64_t index, int64_t dim) {
  if (index < -dim || index >= dim)
    return std::nullopt;
  return index < 0 ? index + dim : index;
}

HostResults gather(GatherOp op, HostOperands in, RankedTensorType type) {
  ArrayRef<int64_t> shape = in[0]->getShape();
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + shape.size() : op.getAxis();
  int64_t outer = productOf(shape.take_front(axis)),
          inner = productOf(shape.drop_front(axis + 1)), dim = shape[axis];
  int64_t picks = in[1]->getNumElements(), next = 0;
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < outer; ++i) {
    for (int64_t j = 0; j < picks; ++j) {
      std::optional<int64_t> index = wrapIndex(in[1]->getInt(j), dim);
      if (!index)
        return {};
      for (int64_t k = 0; k < inner; ++k)
        std::memcpy(to.writableAt(next++),
                    in[0]->at((i * dim + *index) * inner + k),
                    to.getElementBytes());
    }
  }
  return single(std::move(to));
}

HostResults gatherElements(GatherElementsOp op, HostOperands in,
                           RankedTensorType type) {
  ArrayRef<int64_t> shape = in[0]->getShape();
  int64_t rank = shape.size();
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
  SmallVector<int64_t> strides = rowMajorStrides(shape), index(rank, 0);
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    std::optional<int64_t> pick = wrapIndex(in[1]->getInt(i), shape[axis]);
    if (!pick)
      return {};
    int64_t position = 0;
    for (int64_t d = 0; d < rank; ++d)
      position += (d == axis ? *pick : index[d]) * strides[d];
    std::memcpy(to.writableAt(i), in[0]->at(position), to.getElementBytes());
    for (int64_t d = rank - 1; d >= 0 && ++index[d] == type.getDimSize(d); --d)
      index[d] = 0;
  }
  return single(std::move(to));
}

// Start of the slice of `shape` behind `skip` dims that tuple t of `indices`
// names.
std::optional<int64_t> tuplePosition(const HostTensor &indices, int64_t t,
                                     ArrayRef<int64_t> shape, int64_t skip) {
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t length = indices.getShape().back(), position = 0;
  for (int64_t d = 0; d < length; ++d) {
    std::optional<int64_t> index =
        wrapIndex(indices.getInt(t * length + d), shape[skip + d]);
    if (!index)
      return std::nullopt;
    position += *index * strides[skip + d];
  }
  return position;
}

HostResults gatherND(GatherNDOp op, HostOperands in, RankedTensorType type) {
  ArrayRef<int64_t> shape = in[0]->getShape();
  int64_t batch = op.getBatchDims(), length = in[1]->getShape().back();
  int64_t inner = productOf(shape.drop_front(batch + length));
  int64_t tuples = productOf(in[1]->getShape().drop_back());
  int64_t batches = productOf(shape.take_front(batch));
  int64_t batchSize = productOf(shape.drop_front(batch));
  HostTensor to = HostTensor::create(type);
  for (int64_t t = 0; t < tuples; ++t) {
    std::optional<int64_t> position = tuplePosition(*in[1], t, shape, batch);
    if (!position)
      return {};
    int64_t start = t / (tuples / batches) * batchSize + *position;
    for (int64_t k = 0; k < inner; ++k)
      std::memcpy(to.writableAt(t * inner + k), in[0]->at(start + k),
                  to.getElementBytes());
  }
  return single(std::move(to));
}

HostTensor copyOf(const HostTensor &from, RankedTensorType type) {
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    std::memcpy(to.writableAt(i), from.at(i), to.getElementBytes());
  return to;
}

HostResults scatterND(ScatterNDOp op, HostOperands in, RankedTensorType type) {
  if (op.getReduction() != "none")
    return {};
  ArrayRef<int64_t> shape = in[0]->getShape();
  int64_t length = in[1]->getShape().back();
  int64_t inner = productOf(shape.drop_front(length));
  int64_t tuples = productOf(in[1]->getShape().drop_back());
  if (in[2]->getNumElements() != tuples * inner)
    return {};
  HostTensor to = copyOf(*in[0], type);
  for (int64_t t = 0; t < tuples; ++t) {
    std::optional<int64_t> position = tuplePosition(*in[1], t, shape, 0);
    if (!position)
      return {};
    for (int64_t k = 0; k < inner; ++k)
      std::memcpy(to.writableAt(*position + k), in[2]->at(t * inner + k),
                  to.getElementBytes());
  }
  return single(std::move(to));
}

// The number of columns depends on the data, and so does the type.
HostResults nonZero(HostOperands in) {
  const HostTensor &x = *in[0];
  SmallVector<int64_t> found;
  for (int64_t i = 0; i < x.getNumElements(); ++i)
    if (x.isFloat() ? x.getFloat(i) != 0 : x.getInt(i) != 0)
      found.push_back(i);
  int64_t rank = x.getShape().size(), count = found.size();
  auto i64 = IntegerType::get(x.getType().getContext(), 64);
  HostTensor to = HostTensor::create(RankedTensorType::get({rank, count}, i64));
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  for (int64_t j = 0; j < count; ++j)
    for (int64_t d = 0; d < rank; ++d)
      to.setInt(d * count + j, found[j] / strides[d] % x.getShape()[d]);
  return single(std::move(to));
}

} // namespace

HostResults mlir::onnx::evaluateIndexing(Operation *op, HostOperands in) {
  if (isa<NonZeroOp>(op))
    return nonZero(in);
  RankedTensorType type = staticResultType(op);
  if (!type)
    return {};
  if (auto gatherOp = dyn_cast<GatherOp>(op))
    return gather(gatherOp, in, type);
  if (auto gatherOp = dyn_cast<GatherElementsOp>(op))
    return gatherElements(gatherOp, in, type);
  if (auto gatherOp = dyn_cast<GatherNDOp>(op))
    return gatherND(gatherOp, in, type);
  if (auto scatterOp = dyn_cast<ScatterNDOp>(op))
    return scatterND(scatterOp, in, type);
  return {};
}
