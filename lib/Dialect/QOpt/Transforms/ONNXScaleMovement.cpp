//===- ONNXScaleMovement.cpp - factors through movements of data ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Axes that change places, split, join or lose a part. Where a size that
// matters is not static, factors do not pass.
//===----------------------------------------------------------------------===//

#include "ONNXScaleLayouts.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;

/// Longest table of a layout.
static constexpr int64_t maxElements = int64_t(1) << 20;

/// The elements of an integer constant.
static std::optional<SmallVector<int64_t>> constantInts(Value value) {
  DenseIntElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)))
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const APInt &element : elements.getValues<APInt>())
    result.push_back(element.getSExtValue());
  return result;
}

static int64_t wrap(int64_t index, int64_t size) {
  return index < 0 ? index + size : index;
}

namespace {

template <typename Model, typename Op>
struct Movement : PassingModel<Model, Op> {
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    return {&op->getOpOperand(0)};
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    auto from = dyn_cast<RankedTensorType>(operand.get().getType());
    auto to = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    return operand.getOperandNumber() == 0 && from && to &&
           static_cast<const Model *>(this)->pass(cast<Op>(op), from, to,
                                                  layout, results);
  }
};

struct TransposePassing : Movement<TransposePassing, onnx::TransposeOp> {
  bool pass(onnx::TransposeOp op, RankedTensorType from, RankedTensorType,
            const ScaleLayout &layout, ScaledResults &results) const {
    SmallVector<int64_t> perm;
    if (std::optional<ArrayRef<int64_t>> given = op.getPerm())
      llvm::append_range(perm, *given);
    // Without the attribute the axes are reversed.
    if (perm.empty())
      for (int64_t i = from.getRank(); i-- > 0;)
        perm.push_back(i);
    SmallVector<int64_t> axes, sizes, sources;
    for (auto [i, source] : llvm::enumerate(perm)) {
      const auto *found = llvm::find(layout.axes, source);
      if (found == layout.axes.end())
        continue;
      axes.push_back(i);
      sources.push_back(source);
      sizes.push_back(layout.sizes[found - layout.axes.begin()]);
    }
    SmallVector<int64_t> index(from.getRank());
    auto factorOf = [&](ArrayRef<int64_t> result) {
      for (auto [source, i] : llvm::zip_equal(sources, result))
        index[source] = i;
      return factorAt(layout, index);
    };
    results.push_back({op->getResult(0), makeLayout(axes, sizes, factorOf)});
    return true;
  }
};

/// The last `count` elements in row-major order, as axes from the first result
/// or operand axis on; -1 when no such axis has only static ones behind it.
static int64_t suffixOf(ArrayRef<int64_t> shape, int64_t count) {
  int64_t product = 1;
  for (int64_t axis = shape.size(); axis > 0; --axis) {
    if (product == count)
      return axis;
    if (ShapedType::isDynamic(shape[axis - 1]) || product > count)
      return -1;
    product *= shape[axis - 1];
  }
  return product == count ? 0 : -1;
}

/// Reshape, where the axes that matter and those behind them have static sizes
/// and whole axes of the result hold the same elements.
static bool passReshape(RankedTensorType from, OpResult result,
                        const ScaleLayout &layout, ScaledResults &results) {
  auto to = dyn_cast<RankedTensorType>(result.getType());
  if (!to)
    return false;
  if (layout.axes.empty()) {
    results.push_back({result, layout});
    return true;
  }
  // The fewest axes that hold as many elements as some of the result. More than
  // those that matter where heads are joined that all have the same factors.
  int64_t first = from.getRank(), count = 1, start = -1;
  while (start < 0 && first > 0) {
    int64_t size = from.getDimSize(--first);
    if (ShapedType::isDynamic(size) || size == 0 || count > maxElements / size)
      return false;
    count *= size;
    if (first <= layout.axes.front())
      start = suffixOf(to.getShape(), count);
  }
  if (start < 0)
    return false;
  ArrayRef<int64_t> inner = from.getShape().drop_front(first);
  SmallVector<int64_t> axes, index(from.getRank());
  ArrayRef<int64_t> sizes = to.getShape().drop_front(start);
  for (int64_t axis = start; axis < to.getRank(); ++axis)
    axes.push_back(axis);
  auto factorOf = [&](ArrayRef<int64_t> position) {
    int64_t flat = 0;
    for (auto [i, size] : llvm::zip_equal(position, sizes))
      flat = flat * size + i;
    for (int64_t j = inner.size(); j-- > 0; flat /= inner[j])
      index[first + j] = flat % inner[j];
    return factorAt(layout, index);
  };
  results.push_back({result, makeLayout(axes, sizes, factorOf)});
  return true;
}

template <typename Op>
struct ReshapePassing : Movement<ReshapePassing<Op>, Op> {
  bool pass(Op op, RankedTensorType from, RankedTensorType,
            const ScaleLayout &layout, ScaledResults &results) const {
    return passReshape(from, op->getResult(0), layout, results);
  }
};

/// Squeeze and Unsqueeze: `axes` are those of the side with more of them.
template <typename Op, bool inserts>
struct UnitAxes : Movement<UnitAxes<Op, inserts>, Op> {
  bool pass(Op op, RankedTensorType from, RankedTensorType to,
            const ScaleLayout &layout, ScaledResults &results) const {
    std::optional<SmallVector<int64_t>> units = constantInts(op->getOperand(1));
    if (!units)
      return passReshape(from, op->getResult(0), layout, results);
    int64_t rank = std::max(from.getRank(), to.getRank());
    SmallVector<int64_t> kept;
    for (int64_t axis = 0; axis < rank; ++axis)
      if (llvm::none_of(*units,
                        [&](int64_t unit) { return wrap(unit, rank) == axis; }))
        kept.push_back(axis);
    ScaleLayout moved = layout;
    for (int64_t &axis : moved.axes) {
      if (inserts) {
        axis = kept[axis];
        continue;
      }
      const auto *found = llvm::find(kept, axis);
      // Of size 1, with one factor.
      if (found == kept.end())
        return false;
      axis = found - kept.begin();
    }
    results.push_back({op->getResult(0), std::move(moved)});
    return true;
  }
};

struct ExpandPassing : Movement<ExpandPassing, onnx::ExpandOp> {
  bool pass(onnx::ExpandOp op, RankedTensorType, RankedTensorType,
            const ScaleLayout &layout, ScaledResults &results) const {
    return passAligned(layout, op->getOperand(0), op->getResult(0), results);
  }
};

/// Appends `layout` for a result that holds the elements `source(i)` of `axis`.
static bool passPart(const ScaleLayout &layout, OpResult result, int64_t axis,
                     int64_t rank,
                     llvm::function_ref<std::optional<int64_t>(int64_t)> source,
                     ScaledResults &results) {
  auto to = dyn_cast<RankedTensorType>(result.getType());
  if (!to || to.getRank() != rank)
    return false;
  ScaleLayout part = layout;
  const auto *found = llvm::find(layout.axes, axis);
  if (found != layout.axes.end()) {
    size_t position = found - layout.axes.begin();
    if (to.isDynamicDim(axis))
      return false;
    SmallVector<int64_t> sizes(layout.sizes), index(rank);
    sizes[position] = to.getDimSize(axis);
    part = makeLayout(layout.axes, sizes, [&](ArrayRef<int64_t> at) {
      for (auto [entry, i] : llvm::zip_equal(layout.axes, at))
        index[entry] = i;
      std::optional<int64_t> from = source(index[axis]);
      if (!from)
        return ScaleLayout::none;
      index[axis] = *from;
      return factorAt(layout, index);
    });
  }
  results.push_back({result, std::move(part)});
  return true;
}

struct SplitPassing : Movement<SplitPassing, onnx::SplitOp> {
  bool pass(onnx::SplitOp op, RankedTensorType from, RankedTensorType,
            const ScaleLayout &layout, ScaledResults &results) const {
    int64_t rank = from.getRank(), axis = wrap(op.getAxis(), rank), start = 0;
    for (OpResult result : op->getResults()) {
      if (!passPart(
              layout, result, axis, rank, [&](int64_t i) { return start + i; },
              results))
        return false;
      auto type = cast<RankedTensorType>(result.getType());
      start += type.isDynamicDim(axis) ? 0 : type.getDimSize(axis);
    }
    return true;
  }
};

struct SlicePassing : Movement<SlicePassing, onnx::SliceOp> {
  bool pass(onnx::SliceOp op, RankedTensorType from, RankedTensorType,
            const ScaleLayout &layout, ScaledResults &results) const {
    int64_t rank = from.getRank();
    std::optional<SmallVector<int64_t>> axes, starts, steps;
    auto absent = [](Value value) { return isa<NoneType>(value.getType()); };
    if (!absent(op.getAxes()))
      axes = constantInts(op.getAxes());
    starts = constantInts(op.getStarts());
    if (!absent(op.getSteps()))
      steps = constantInts(op.getSteps());
    if ((!axes && !absent(op.getAxes())) || (!steps && !absent(op.getSteps())))
      return false;
    auto count = cast<RankedTensorType>(op.getStarts().getType());
    if (!axes && (count.getRank() != 1 || count.isDynamicDim(0)))
      return false;
    // Of the axes that matter only one may be cut: exporters cut one at a time.
    int64_t cut = -1, start = 0, step = 1;
    int64_t number = axes ? axes->size() : count.getDimSize(0);
    for (int64_t i = 0; i < number; ++i) {
      int64_t axis = wrap(axes ? (*axes)[i] : i, rank);
      if (!llvm::is_contained(layout.axes, axis))
        continue;
      if (cut >= 0 || !starts)
        return false;
      cut = axis;
      step = steps ? (*steps)[i] : 1;
      int64_t size = from.getDimSize(axis);
      start = std::clamp<int64_t>(wrap((*starts)[i], size), 0,
                                  step > 0 ? size : size - 1);
    }
    return passPart(
        layout, op->getResult(0), cut, rank,
        [&](int64_t i) { return start + i * step; }, results);
  }
};

struct GatherPassing : Movement<GatherPassing, onnx::GatherOp> {
  bool pass(onnx::GatherOp op, RankedTensorType from, RankedTensorType to,
            const ScaleLayout &layout, ScaledResults &results) const {
    auto indices = dyn_cast<RankedTensorType>(op.getIndices().getType());
    if (!indices)
      return false;
    int64_t axis = wrap(op.getAxis(), from.getRank());
    int64_t shift = indices.getRank() - 1;
    if (!llvm::is_contained(layout.axes, axis)) {
      ScaleLayout moved = layout;
      for (int64_t &entry : moved.axes)
        entry += entry > axis ? shift : 0;
      results.push_back({op->getResult(0), std::move(moved)});
      return true;
    }
    std::optional<SmallVector<int64_t>> picked = constantInts(op.getIndices());
    if (!picked || shift > 0)
      return false;
    int64_t size = from.getDimSize(axis);
    if (shift == 0)
      return passPart(
          layout, op->getResult(0), axis, from.getRank(),
          [&](int64_t i) { return wrap((*picked)[i], size); }, results);
    // A scalar: the axis is gone.
    SmallVector<int64_t> axes, sizes, sources, index(from.getRank());
    for (auto [entry, length] : llvm::zip_equal(layout.axes, layout.sizes)) {
      if (entry == axis)
        continue;
      sources.push_back(entry);
      axes.push_back(entry - (entry > axis));
      sizes.push_back(length);
    }
    index[axis] = wrap(picked->front(), size);
    auto factorOf = [&](ArrayRef<int64_t> at) {
      for (auto [source, i] : llvm::zip_equal(sources, at))
        index[source] = i;
      return factorAt(layout, index);
    };
    results.push_back({op->getResult(0), makeLayout(axes, sizes, factorOf)});
    return true;
  }
};

/// Other channels stand beside these, without factors.
struct ConcatPassing : PassingModel<ConcatPassing, onnx::ConcatOp> {
  SmallVector<OpOperand *> getScaleSources(Operation *op) const {
    SmallVector<OpOperand *> result;
    for (OpOperand &operand : op->getOpOperands())
      result.push_back(&operand);
    return result;
  }
  bool passScales(Operation *op, OpOperand &operand, const ScaleLayout &layout,
                  ScaledResults &results) const {
    auto concat = cast<onnx::ConcatOp>(op);
    auto to = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!to)
      return false;
    int64_t axis = wrap(concat.getAxis(), to.getRank()), start = 0, size = 0;
    if (!llvm::is_contained(layout.axes, axis))
      return op->getNumOperands() == 1 &&
             passAligned(layout, operand.get(), op->getResult(0), results);
    for (unsigned i = 0; i <= operand.getOperandNumber(); ++i) {
      auto type = dyn_cast<RankedTensorType>(op->getOperand(i).getType());
      if (!type || type.isDynamicDim(axis))
        return false;
      start += size;
      size = type.getDimSize(axis);
    }
    return passPart(
        layout, op->getResult(0), axis, to.getRank(),
        [&](int64_t i) -> std::optional<int64_t> {
          if (i < start || i >= start + size)
            return std::nullopt;
          return i - start;
        },
        results);
  }
};

} // namespace

void qopt::attachONNXScaleMovement(MLIRContext *context) {
  onnx::TransposeOp::attachInterface<TransposePassing>(*context);
  onnx::ReshapeOp::attachInterface<ReshapePassing<onnx::ReshapeOp>>(*context);
  onnx::FlattenOp::attachInterface<ReshapePassing<onnx::FlattenOp>>(*context);
  onnx::SqueezeOp::attachInterface<UnitAxes<onnx::SqueezeOp, false>>(*context);
  onnx::UnsqueezeOp::attachInterface<UnitAxes<onnx::UnsqueezeOp, true>>(
      *context);
  onnx::ExpandOp::attachInterface<ExpandPassing>(*context);
  onnx::SplitOp::attachInterface<SplitPassing>(*context);
  onnx::SliceOp::attachInterface<SlicePassing>(*context);
  onnx::GatherOp::attachInterface<GatherPassing>(*context);
  onnx::ConcatOp::attachInterface<ConcatPassing>(*context);
}
