//===- ONNXScaleLayouts.cpp - following factors through operations --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layouts are tables over the few axes that matter, so that every movement is
// one rule: which element of the operand is this element of the result?
//===----------------------------------------------------------------------===//

#include "ONNXScaleLayouts.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Dialect/QOpt/Transforms/WeightData.h"

using namespace mlir;

namespace mlir::qopt {

int32_t factorAt(const ScaleLayout &layout, ArrayRef<int64_t> index) {
  int64_t flat = 0;
  for (auto [axis, size] : llvm::zip_equal(layout.axes, layout.sizes))
    flat = flat * size + index[axis];
  return layout.factors[flat];
}

/// Leaves out `axis` (a position in layout.axes) if nothing depends on it.
static bool dropAxis(ScaleLayout &layout, unsigned axis) {
  int64_t inner = 1, size = layout.sizes[axis];
  for (int64_t other : ArrayRef(layout.sizes).drop_front(axis + 1))
    inner *= other;
  ScaleLayout rest = layout;
  rest.axes.erase(rest.axes.begin() + axis);
  rest.sizes.erase(rest.sizes.begin() + axis);
  rest.factors.clear();
  for (int64_t i = 0, e = layout.factors.size(); i < e; ++i) {
    int64_t first = i - i / inner % size * inner;
    if (layout.factors[i] != layout.factors[first])
      return false;
    if (i == first)
      rest.factors.push_back(layout.factors[i]);
  }
  layout = std::move(rest);
  return true;
}

ScaleLayout
makeLayout(ArrayRef<int64_t> axes, ArrayRef<int64_t> sizes,
           llvm::function_ref<int32_t(ArrayRef<int64_t>)> factorOf) {
  ScaleLayout layout;
  llvm::append_range(layout.axes, axes);
  llvm::append_range(layout.sizes, sizes);
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  SmallVector<int64_t> index(axes.size());
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (int64_t j = axes.size(); j-- > 0; rest /= sizes[j])
      index[j] = rest % sizes[j];
    layout.factors.push_back(factorOf(index));
  }
  for (unsigned axis = layout.axes.size(); axis-- > 0;)
    if (count)
      dropAxis(layout, axis);
  return layout;
}

bool passAligned(const ScaleLayout &layout, Value operand, OpResult result,
                 ScaledResults &results) {
  auto from = dyn_cast<RankedTensorType>(operand.getType());
  auto to = dyn_cast<RankedTensorType>(result.getType());
  if (!from || !to)
    return false;
  int64_t shift = to.getRank() - from.getRank();
  ScaleLayout moved = layout;
  for (auto [axis, size] : llvm::zip_equal(moved.axes, moved.sizes)) {
    axis += shift;
    if (axis < 0 || to.getDimSize(axis) != size)
      return false;
  }
  results.push_back({result, std::move(moved)});
  return true;
}

Value scaleConstant(OpBuilder &builder, Value constant, int64_t rank,
                    const ScaleLayout &layout, ArrayRef<float> values) {
  ElementsAttr value;
  matchPattern(constant, m_Constant(&value));
  FloatData data = *FloatData::get(value);
  auto type = cast<RankedTensorType>(constant.getType());
  // Shape over all axes of the result, with 1 where nothing depends on them.
  SmallVector<int64_t> old(rank - type.getRank(), 1);
  llvm::append_range(old, type.getShape());
  SmallVector<int64_t> shape(old);
  for (auto [axis, size] : llvm::zip_equal(layout.axes, layout.sizes))
    shape[axis] = size;
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  AsmResourceBlob blob = allocateBlob(count * sizeof(float));
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  SmallVector<int64_t> index(rank);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, source = 0;
    for (int64_t j = rank; j-- > 0; rest /= shape[j])
      index[j] = rest % shape[j];
    for (int64_t j = 0; j < rank; ++j)
      source = source * old[j] + (old[j] == 1 ? 0 : index[j]);
    int32_t factor = factorAt(layout, index);
    out[i] = data[source] * (factor == ScaleLayout::none ? 1 : values[factor]);
  }
  // Leading axes of size 1 that the constant did not have.
  size_t first = 0, least = type.getRank();
  while (shape.size() - first > least && shape[first] == 1)
    ++first;
  Operation *op = constant.getDefiningOp();
  return createConstant(builder, op->getLoc(),
                        RankedTensorType::get(ArrayRef(shape).drop_front(first),
                                              type.getElementType()),
                        (constantName(op) + ".scaled").str(), std::move(blob));
}

} // namespace mlir::qopt
