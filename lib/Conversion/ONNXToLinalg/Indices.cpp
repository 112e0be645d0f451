//===- Indices.cpp - indices that come from data --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An empty index tensor has the range [max, min], which passes every check.
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "ConstantData.h"
#include "Reduction.h"

using namespace mlir;
using namespace mlir::qopt;
using arith::CmpIPredicate;

static Value toI64(ImplicitLocOpBuilder &b, Value element) {
  if (element.getType().isInteger(64))
    return element;
  return arith::ExtSIOp::create(b, b.getI64Type(), element);
}

/// Smallest and largest along all dims but those in `kept`.
static SmallVector<Value> reduceRange(Lowering &l, Value graph,
                                      ArrayRef<int64_t> kept) {
  int64_t rank = l.rankOf(graph);
  SmallVector<OpFoldResult> dims = l.dims(graph), sizes;
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::reduction);
  for (int64_t axis : kept) {
    loops[axis] = utils::IteratorType::parallel;
    sizes.push_back(dims[axis]);
  }
  Type type = l.b.getI64Type();
  Value low =
      l.filled(sizes, constantInteger(l.b, type, APInt::getSignedMaxValue(64)));
  Value high =
      l.filled(sizes, constantInteger(l.b, type, APInt::getSignedMinValue(64)));
  AffineMap out = mapOnto(l.b.getContext(), rank, kept);
  return l.generic(
      l.get(graph), {low, high}, {l.b.getMultiDimIdentityMap(rank), out, out},
      loops, [](ImplicitLocOpBuilder &b, ValueRange a) {
        Value element = toI64(b, a[0]);
        return SmallVector<Value>{arith::MinSIOp::create(b, element, a[1]),
                                  arith::MaxSIOp::create(b, element, a[2])};
      });
}

std::pair<Value, Value> qopt::rangeOf(Lowering &l, Value graph) {
  auto [it, isNew] = l.ranges.try_emplace(graph);
  if (isNew) {
    SmallVector<Value> range = reduceRange(l, graph, {});
    it->second = {l.read(range[0], {}), l.read(range[1], {})};
  }
  return it->second;
}

/// Requires low and high (i64) to lie in [-size, size).
static void requireRange(Lowering &l, Value low, Value high, Value size) {
  Value limit = arith::IndexCastOp::create(l.b, l.b.getI64Type(), size);
  Value least = l.subtract(l.number(l.b.getI64Type(), 0), limit);
  Value above = l.compare(CmpIPredicate::sge, low, least);
  Value below = l.compare(CmpIPredicate::slt, high, limit);
  Value culprit = arith::IndexCastOp::create(l.b, l.b.getIndexType(),
                                             l.select(above, high, low));
  l.require(arith::AndIOp::create(l.b, above, below),
            "index {0} is outside [-{1}, {1})", {culprit, size});
}

/// Whether the analysis proves that a number lies in [-size, size).
static bool provedInside(Lowering &l, const onnx::DimExpr &number,
                         const onnx::DimExpr &size) {
  const onnx::DimSymbols &symbols = l.shapes.getSymbols();
  return symbols.isPositive(size - number) &&
         symbols.isNonNegative(size + number);
}

static std::optional<onnx::DimExpr> exprOf(OpFoldResult size) {
  if (auto constant = getConstantIntValue(size))
    return onnx::DimExpr(*constant);
  return std::nullopt;
}

/// Smallest and largest element of a constant index tensor, if it has any.
static std::optional<std::pair<int64_t, int64_t>> constantRange(Lowering &l,
                                                                Value indices) {
  SmallVector<int64_t> numbers;
  if (auto known = l.constantInts(indices)) {
    numbers = *known;
  } else if (ElementsAttr constant = l.constantOf(indices)) {
    for (const APInt &number : asInline(constant).getValues<APInt>())
      numbers.push_back(number.getSExtValue());
  }
  if (numbers.empty())
    return std::nullopt;
  auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  return std::pair(*low, *high);
}

LogicalResult qopt::checkIndices(Lowering &l, Value indices,
                                 OpFoldResult size) {
  auto constant = constantRange(l, indices);
  auto limit = getConstantIntValue(size);
  if (constant && limit) {
    auto [low, high] = *constant;
    if (low >= -*limit && high < *limit)
      return success();
    return l.fail("index " + Twine(low < -*limit ? low : high) +
                  " is outside [-" + Twine(*limit) + ", " + Twine(*limit) +
                  ")");
  }
  if (l.unsafeIndices)
    return success();
  if (auto elements = l.shapes.getElements(indices))
    if (auto expr = exprOf(size))
      if (llvm::all_of(*elements, [&](const onnx::DimExpr &element) {
            return provedInside(l, element, *expr);
          }))
        return success();
  if (constant) {
    Type type = l.b.getI64Type();
    requireRange(l,
                 constantInteger(l.b, type, APInt(64, constant->first, true)),
                 constantInteger(l.b, type, APInt(64, constant->second, true)),
                 l.value(size));
    return success();
  }
  auto [low, high] = rangeOf(l, indices);
  requireRange(l, low, high, l.value(size));
  return success();
}

LogicalResult qopt::checkIndexTuples(Lowering &l, Value indices,
                                     ArrayRef<OpFoldResult> sizes) {
  if (l.unsafeIndices || sizes.empty())
    return success();
  SmallVector<Value> range = reduceRange(l, indices, {l.rankOf(indices) - 1});
  for (auto [k, size] : llvm::enumerate(sizes)) {
    Value position = l.index(k);
    requireRange(l, l.read(range[0], position), l.read(range[1], position),
                 l.value(size));
  }
  return success();
}

Value qopt::wrapIndex(ImplicitLocOpBuilder &b, Value element, Value size) {
  Value number =
      element.getType().isIndex()
          ? element
          : Value(arith::IndexCastOp::create(b, b.getIndexType(), element));
  Value isNegative = arith::CmpIOp::create(
      b, CmpIPredicate::slt, number, arith::ConstantIndexOp::create(b, 0));
  return arith::SelectOp::create(
      b, isNegative, arith::AddIOp::create(b, number, size), number);
}
