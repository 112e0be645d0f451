//===- EvaluateQuantization.cpp - weights in few bits to floats ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Evaluate.h"

#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"

using namespace mlir;
using namespace mlir::onnx;

// (x - zero point) * scale. The difference is exact, and its product with the
// scale too, in double.
HostResults mlir::onnx::evaluateQuantization(Operation *op, HostOperands in) {
  auto dequantize = dyn_cast<DequantizeLinearOp>(op);
  RankedTensorType type = staticResultType(op);
  if (!dequantize || !type || in[0]->isFloat())
    return {};
  const HostTensor &x = *in[0], &scale = *in[1];
  const HostTensor *zero = in[2];
  int64_t rank = type.getRank(), block = dequantize.getBlockSize();
  int64_t axis = dequantize.getAxis();
  axis = axis < 0 ? axis + rank : axis;

  // The stride of each dim in the parameters.
  ArrayRef<int64_t> shape = scale.getShape();
  SmallVector<int64_t> strides(rank, 0);
  if (block > 0) {
    if (static_cast<int64_t>(shape.size()) != rank || axis < 0 || axis >= rank)
      return {};
    for (int64_t i = 0; i < rank; ++i) {
      int64_t size = type.getDimSize(i);
      if (shape[i] != (i == axis ? (size + block - 1) / block : size))
        return {};
    }
    strides = rowMajorStrides(shape);
  } else if (scale.getNumElements() != 1) {
    if (shape.size() != 1 || axis < 0 || axis >= rank ||
        shape[0] != type.getDimSize(axis))
      return {};
    strides[axis] = 1;
  }
  if (zero && zero->getShape() != shape)
    return {};

  HostTensor to = HostTensor::create(type);
  SmallVector<int64_t> index(rank, 0);
  for (int64_t i = 0, e = to.getNumElements(); i < e; ++i) {
    int64_t at = 0;
    for (int64_t d = 0; d < rank; ++d)
      at += strides[d] * (block > 0 && d == axis ? index[d] / block : index[d]);
    int64_t number = x.getInt(i) - (zero ? zero->getInt(at) : 0);
    to.setFloat(i, static_cast<double>(number) * scale.getFloat(at));
    for (int64_t d = rank - 1; d >= 0 && ++index[d] == type.getDimSize(d); --d)
      index[d] = 0;
  }
  return single(std::move(to));
}
