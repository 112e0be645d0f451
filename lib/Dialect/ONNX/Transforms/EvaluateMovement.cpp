//===- EvaluateMovement.cpp - ops that move constants --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Evaluate.h"

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

#include <algorithm>

using namespace mlir;
using namespace mlir::onnx;

RankedTensorType mlir::onnx::staticResultType(Operation *op, unsigned result) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(result).getType());
  if (!type || !type.hasStaticShape() ||
      !HostTensor::isSupported(type.getElementType()))
    return {};
  return type;
}

SmallVector<int64_t> mlir::onnx::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

SmallVector<int64_t> mlir::onnx::toInts(const HostTensor &tensor) {
  SmallVector<int64_t> numbers;
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    numbers.push_back(tensor.getInt(i));
  return numbers;
}

void mlir::onnx::copyStrided(const HostTensor &from, int64_t start,
                             ArrayRef<int64_t> strides, HostTensor &to) {
  ArrayRef<int64_t> shape = to.getShape();
  unsigned bytes = to.getElementBytes();
  int64_t rank = shape.size(), count = to.getNumElements();
  if (count == 0)
    return;
  int64_t row = rank ? shape.back() : 1, step = rank ? strides.back() : 1;
  SmallVector<int64_t> index(rank, 0);
  int64_t position = start;
  for (int64_t i = 0; i < count; i += row) {
    if (step == 1 && !from.isSplat())
      std::memcpy(to.writableAt(i), from.at(position), row * bytes);
    else
      for (int64_t j = 0; j < row; ++j)
        std::memcpy(to.writableAt(i + j), from.at(position + j * step), bytes);
    for (int64_t d = rank - 2; d >= 0; --d) {
      position += strides[d];
      if (++index[d] < shape[d])
        break;
      position -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

namespace {

// The result as a strided view of the operand; a splat stays a splat.
HostResults stridedView(const HostTensor &from, int64_t start,
                        ArrayRef<int64_t> strides, RankedTensorType type) {
  HostTensor to = HostTensor::create(type, from.isSplat());
  if (from.isSplat())
    std::memcpy(to.writableAt(0), from.at(0), to.getElementBytes());
  else
    copyStrided(from, start, strides, to);
  return single(std::move(to));
}

HostResults transpose(TransposeOp op, HostOperands in, RankedTensorType type) {
  SmallVector<int64_t> own = rowMajorStrides(in[0]->getShape()), strides;
  for (int64_t i : op.getPermutation(own.size()))
    strides.push_back(own[i]);
  return stridedView(*in[0], 0, strides, type);
}

// Same elements in the same order.
HostResults reshape(HostOperands in, RankedTensorType type) {
  if (type.getNumElements() != in[0]->getNumElements())
    return {};
  HostTensor to = HostTensor::create(type, in[0]->isSplat());
  int64_t count = in[0]->isSplat() ? 1 : type.getNumElements();
  if (count)
    std::memcpy(to.writableAt(0), in[0]->at(0), count * to.getElementBytes());
  return single(std::move(to));
}

HostResults slice(SliceOp op, HostOperands in, RankedTensorType type) {
  const HostTensor &data = *in[0];
  int64_t rank = data.getShape().size();
  SmallVector<int64_t> starts = toInts(*in[1]);
  SmallVector<int64_t> strides = rowMajorStrides(data.getShape());
  int64_t offset = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = in[3] ? in[3]->getInt(i) : i;
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank)
      return {};
    int64_t step = in[4] ? in[4]->getInt(i) : 1, dim = data.getShape()[axis];
    int64_t start = starts[i] < 0 ? starts[i] + dim : starts[i];
    start = std::clamp<int64_t>(start, 0, step > 0 ? dim : dim - 1);
    offset += start * strides[axis];
    strides[axis] *= step;
  }
  return stridedView(data, offset, strides, type);
}

// The result broadcast from the operand.
HostResults expand(HostOperands in, RankedTensorType type) {
  SmallVector<int64_t> own = rowMajorStrides(in[0]->getShape());
  SmallVector<int64_t> strides(type.getRank() - own.size(), 0);
  for (auto [size, stride] : llvm::zip(in[0]->getShape(), own))
    strides.push_back(size == 1 ? 0 : stride);
  if (in[0]->getNumElements() != 1)
    return stridedView(*in[0], 0, strides, type);
  HostTensor to = HostTensor::create(type, /*splat=*/true);
  std::memcpy(to.writableAt(0), in[0]->at(0), to.getElementBytes());
  return single(std::move(to));
}

// Copies `from` into the box of `to` that starts at `offset` (in elements).
void insertBox(const HostTensor &from, HostTensor &to, int64_t offset) {
  SmallVector<int64_t> strides = rowMajorStrides(to.getShape());
  ArrayRef<int64_t> shape = from.getShape();
  int64_t rank = shape.size(), count = from.getNumElements();
  SmallVector<int64_t> index(rank, 0);
  int64_t position = offset;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to.writableAt(position), from.at(i), to.getElementBytes());
    for (int64_t d = rank - 1; d >= 0; --d) {
      position += strides[d];
      if (++index[d] < shape[d])
        break;
      position -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

HostResults concat(ConcatOp op, HostOperands in, RankedTensorType type) {
  int64_t axis =
      op.getAxis() < 0 ? op.getAxis() + type.getRank() : op.getAxis();
  HostTensor to = HostTensor::create(type);
  int64_t offset = 0, stride = rowMajorStrides(type.getShape())[axis];
  for (const HostTensor *part : in) {
    insertBox(*part, to, offset);
    offset += part->getShape()[axis] * stride;
  }
  return single(std::move(to));
}

HostResults split(SplitOp op, HostOperands in) {
  const HostTensor &data = *in[0];
  int64_t rank = data.getShape().size();
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
  SmallVector<int64_t> strides = rowMajorStrides(data.getShape());
  HostResults results;
  int64_t offset = 0;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    RankedTensorType type = staticResultType(op, i);
    if (!type)
      return {};
    HostResults part = stridedView(data, offset, strides, type);
    results.push_back(std::move(part.front()));
    offset += type.getDimSize(axis) * strides[axis];
  }
  return results;
}

HostResults tile(HostOperands in, RankedTensorType type) {
  if (in[0]->isSplat())
    return expand(in, type);
  const HostTensor &data = *in[0];
  HostTensor to = HostTensor::create(type);
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<int64_t> strides = rowMajorStrides(data.getShape());
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t position = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      position += index[d] % data.getShape()[d] * strides[d];
    std::memcpy(to.writableAt(i), data.at(position), to.getElementBytes());
    for (int64_t d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d)
      index[d] = 0;
  }
  return single(std::move(to));
}

HostResults constantOfShape(ConstantOfShapeOp op, RankedTensorType type) {
  HostTensor to = HostTensor::create(type, /*splat=*/true);
  if (ElementsAttr value = op.getValueAttr()) {
    std::optional<HostTensor> element = HostTensor::read(value);
    if (!element)
      return {};
    std::memcpy(to.writableAt(0), element->at(0), to.getElementBytes());
  }
  return single(std::move(to));
}

HostResults range(HostOperands in, RankedTensorType type) {
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    if (to.isFloat())
      to.setFloat(i, in[0]->getFloat(0) + i * in[2]->getFloat(0));
    else
      to.setInt(i, in[0]->getInt(0) + i * in[2]->getInt(0));
  }
  return single(std::move(to));
}

HostResults trilu(TriluOp op, HostOperands in, RankedTensorType type) {
  int64_t rank = type.getRank(), k = in[1] ? in[1]->getInt(0) : 0;
  if (rank < 2)
    return {};
  int64_t rows = type.getDimSize(rank - 2), columns = type.getDimSize(rank - 1);
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t row = i / columns % rows, column = i % columns;
    if (op.getUpper() ? column - row >= k : column - row <= k)
      std::memcpy(to.writableAt(i), in[0]->at(i), to.getElementBytes());
  }
  return single(std::move(to));
}

} // namespace

HostResults mlir::onnx::evaluateMovement(Operation *op, HostOperands in) {
  RankedTensorType type = staticResultType(op);
  if (!type)
    return {};
  if (auto transposeOp = dyn_cast<TransposeOp>(op))
    return transpose(transposeOp, in, type);
  if (isa<IdentityOp, ReshapeOp, FlattenOp, SqueezeOp, UnsqueezeOp>(op))
    return reshape(in, type);
  if (auto sliceOp = dyn_cast<SliceOp>(op))
    return slice(sliceOp, in, type);
  if (isa<ExpandOp>(op))
    return expand(in, type);
  if (auto concatOp = dyn_cast<ConcatOp>(op))
    return concat(concatOp, in, type);
  if (auto splitOp = dyn_cast<SplitOp>(op))
    return split(splitOp, in);
  if (isa<TileOp>(op))
    return tile(in, type);
  if (auto constantOp = dyn_cast<ConstantOfShapeOp>(op))
    return constantOfShape(constantOp, type);
  if (isa<RangeOp>(op))
    return range(in, type);
  if (auto triluOp = dyn_cast<TriluOp>(op))
    return trilu(triluOp, in, type);
  return {};
}
