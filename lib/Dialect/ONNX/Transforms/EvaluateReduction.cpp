//===- EvaluateReduction.cpp - reductions of constants -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Evaluate.h"

#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::onnx;

namespace {

template <typename T> T combine(Operation *op, T acc, T value) {
  if (isa<ReduceProdOp>(op))
    return acc * value;
  if (isa<ReduceMaxOp>(op))
    return acc < value || value != value ? value : acc;
  if (isa<ReduceMinOp>(op))
    return value < acc || value != value ? value : acc;
  return acc + value;
}

HostResults reduce(Operation *op, HostOperands in, RankedTensorType type) {
  const HostTensor &data = *in[0];
  int64_t rank = data.getShape().size();
  SmallVector<bool> reduced(rank, false);
  int64_t numAxes = in[1] ? in[1]->getNumElements() : 0;
  for (int64_t i = 0; i < numAxes; ++i) {
    int64_t axis = in[1]->getInt(i);
    reduced[axis < 0 ? axis + rank : axis] = true;
  }
  if (numAxes == 0) {
    auto noop = op->getAttrOfType<IntegerAttr>("noop_with_empty_axes");
    if (noop && noop.getInt())
      return {};
    reduced.assign(rank, true);
  }

  // Position in the result of each dim of the operand; reduced dims do not move
  // it.
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < rank; ++d)
    if (!reduced[d])
      kept.push_back(data.getShape()[d]);
  SmallVector<int64_t> keptStrides = rowMajorStrides(kept), strides(rank, 0);
  for (int64_t d = 0, k = 0; d < rank; ++d)
    if (!reduced[d])
      strides[d] = keptStrides[k++];

  HostTensor to = HostTensor::create(type);
  int64_t outputs = to.getNumElements(), inputs = data.getNumElements();
  if (outputs == 0 || inputs == 0)
    return {};
  std::vector<double> floats(outputs, 0.0);
  std::vector<uint64_t> ints(outputs, 0);
  std::vector<int64_t> seen(outputs, 0);
  SmallVector<int64_t> index(rank, 0);
  for (int64_t i = 0; i < inputs; ++i) {
    int64_t position = 0;
    for (int64_t d = 0; d < rank; ++d)
      position += index[d] * strides[d];
    bool first = seen[position]++ == 0;
    if (data.isFloat()) {
      double value = data.getFloat(i);
      floats[position] = first ? value : combine(op, floats[position], value);
    } else if (isa<ReduceMaxOp, ReduceMinOp>(op)) {
      int64_t value = data.getInt(i);
      int64_t acc = static_cast<int64_t>(ints[position]);
      ints[position] = first ? value : combine(op, acc, value);
    } else {
      uint64_t value = data.getInt(i);
      ints[position] = first ? value : combine(op, ints[position], value);
    }
    for (int64_t d = rank - 1; d >= 0 && ++index[d] == data.getShape()[d]; --d)
      index[d] = 0;
  }
  for (int64_t i = 0; i < outputs; ++i) {
    if (data.isFloat())
      to.setFloat(i, isa<ReduceMeanOp>(op) ? floats[i] / seen[i] : floats[i]);
    else
      to.setInt(i, static_cast<int64_t>(ints[i]));
  }
  return single(std::move(to));
}

HostResults cumSum(CumSumOp op, HostOperands in, RankedTensorType type) {
  const HostTensor &x = *in[0];
  int64_t rank = x.getShape().size(), axis = in[1]->getInt(0);
  if (axis < -rank || axis >= rank)
    return {};
  axis = axis < 0 ? axis + rank : axis;
  int64_t length = x.getShape()[axis];
  int64_t stride = rowMajorStrides(x.getShape())[axis];
  HostTensor to = HostTensor::create(type);
  for (int64_t i = 0; i < x.getNumElements(); ++i) {
    if (i / stride % length != 0)
      continue; // not the first of its line
    double floatSum = 0;
    uint64_t intSum = 0;
    for (int64_t k = 0; k < length; ++k) {
      int64_t at = i + (op.getReverse() ? length - 1 - k : k) * stride;
      auto write = [&] {
        x.isFloat() ? to.setFloat(at, floatSum)
                    : to.setInt(at, static_cast<int64_t>(intSum));
      };
      if (op.getExclusive())
        write();
      if (x.isFloat())
        floatSum += x.getFloat(at);
      else
        intSum += static_cast<uint64_t>(x.getInt(at));
      if (!op.getExclusive())
        write();
    }
  }
  return single(std::move(to));
}

} // namespace

HostResults mlir::onnx::evaluateReduction(Operation *op, HostOperands in) {
  RankedTensorType type = staticResultType(op);
  if (!type || type.getElementType().isUnsignedInteger(64))
    return {};
  if (auto cumSumOp = dyn_cast<CumSumOp>(op))
    return cumSum(cumSumOp, in, type);
  // The mean of integers is rounded in ways that differ between versions.
  if (isa<ReduceSumOp, ReduceMaxOp, ReduceMinOp, ReduceProdOp>(op) ||
      (isa<ReduceMeanOp>(op) && in[0]->isFloat()))
    return reduce(op, in, type);
  return {};
}
