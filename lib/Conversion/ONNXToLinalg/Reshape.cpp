//===- Reshape.cpp - Reshape, Flatten, Squeeze, Unsqueeze -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dims are grouped so that the two sides of a group have provably equal
// products; each group is collapsed, expanded, or both. Where nothing can be
// proved, all dims are one group, and the number of elements is checked.
//===----------------------------------------------------------------------===//

#include "Reshape.h"
#include "RunTimeAxes.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using onnx::DimExpr;

namespace {
/// Dims [begin, end) of each side that hold the same elements.
struct Group {
  int64_t fromBegin, fromEnd, toBegin, toEnd;
};
} // namespace

static bool isUnit(ArrayRef<DimExpr> dims) {
  return llvm::all_of(dims,
                      [](const DimExpr &dim) { return dim.isConstant(1); });
}

/// The finest grouping found from the left, or one group of everything.
static SmallVector<Group> groupDims(ArrayRef<DimExpr> from,
                                    ArrayRef<DimExpr> to) {
  int64_t m = from.size(), n = to.size();
  SmallVector<Group> groups;
  int64_t i = 0, j = 0;
  while (i < m && j < n) {
    // Smallest pair of ends whose products are equal, fewest dims first.
    bool found = false;
    for (int64_t total = 2; total <= m - i + n - j && !found; ++total)
      for (int64_t p = 1; p < total && p <= m - i; ++p) {
        int64_t q = total - p;
        if (q > n - j ||
            onnx::product(from.slice(i, p)) != onnx::product(to.slice(j, q)))
          continue;
        groups.push_back({i, i + p, j, j + q});
        i += p;
        j += q;
        found = true;
        break;
      }
    if (!found)
      return {{0, m, 0, n}};
  }
  if (!isUnit(from.drop_front(i)) || !isUnit(to.drop_front(j)) ||
      (groups.empty() && m + n > 0))
    return {{0, m, 0, n}};
  if (!groups.empty()) {
    groups.back().fromEnd = m;
    groups.back().toEnd = n;
  }
  return groups;
}

/// Type whose dims are constant where all factors of a group are.
static int64_t staticSize(ArrayRef<DimExpr> dims) {
  int64_t size = 1;
  for (const DimExpr &dim : dims) {
    if (!dim.isConstant())
      return ShapedType::kDynamic;
    size *= *dim.getConstant();
  }
  return size;
}

static SmallVector<int64_t> staticSizes(ArrayRef<DimExpr> dims) {
  return llvm::map_to_vector(dims, [](const DimExpr &dim) {
    return dim.getConstant().value_or(ShapedType::kDynamic);
  });
}

Value qopt::reshape(Lowering &l, Value tensor, ArrayRef<DimExpr> from,
                    ArrayRef<DimExpr> to, ArrayRef<OpFoldResult> sizes) {
  auto &b = l.b;
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  auto toType = RankedTensorType::get(staticSizes(to), element);
  if (from == to)
    return l.castTo(tensor, toType);
  // Nothing to move; index arithmetic on views refuses a static 0.
  if (onnx::product(from).isConstant(0) || onnx::product(to).isConstant(0))
    return l.empty(sizes, element);

  // To rank 0 and back there is one element and no group.
  if (to.empty()) {
    SmallVector<int64_t> ones(from.size(), 1);
    Value units = l.castTo(tensor, RankedTensorType::get(ones, element));
    return tensor::CollapseShapeOp::create(b, toType, units,
                                           ArrayRef<ReassociationIndices>{});
  }
  if (from.empty()) {
    SmallVector<int64_t> ones(to.size(), 1);
    Value units =
        tensor::ExpandShapeOp::create(b, RankedTensorType::get(ones, element),
                                      tensor, ArrayRef<ReassociationIndices>{});
    return l.castTo(units, toType);
  }

  SmallVector<Group> groups = groupDims(from, to);
  SmallVector<ReassociationIndices> collapse, expand;
  SmallVector<int64_t> fromStatic, toStatic;
  for (const Group &group : groups) {
    collapse.push_back(
        llvm::to_vector(llvm::seq<int64_t>(group.fromBegin, group.fromEnd)));
    expand.push_back(
        llvm::to_vector(llvm::seq<int64_t>(group.toBegin, group.toEnd)));
    fromStatic.push_back(staticSize(
        from.slice(group.fromBegin, group.fromEnd - group.fromBegin)));
    toStatic.push_back(
        staticSize(to.slice(group.toBegin, group.toEnd - group.toBegin)));
  }
  if (collapse.size() != from.size())
    tensor = tensor::CollapseShapeOp::create(
        b, RankedTensorType::get(fromStatic, element), tensor, collapse);
  // What is static differs between the two sides where a product is known only
  // on one of them.
  tensor = l.castTo(tensor, RankedTensorType::get(toStatic, element));
  if (expand.size() != to.size())
    tensor = tensor::ExpandShapeOp::create(b, toType, tensor, expand, sizes);
  return l.castTo(tensor, toType);
}

/// Reshape of a node's operand to its result, of proved sizes.
static LogicalResult reshapeTo(Lowering &l, Value data, Value result) {
  if (auto elements = l.knownElements(data)) {
    l.setElements(result, *elements);
    return success();
  }
  l.set(result, reshape(l, l.get(data), l.shapes.getShape(data),
                        l.shapes.getShape(result), l.dims(result)));
  return success();
}

/// The dims that `shape` asks for, computed at run time: 0 copies the dim of
/// data, -1 takes what is left.
static LogicalResult computeDims(onnx::ReshapeOp op, Lowering &l) {
  auto &b = l.b;
  Value data = op.getData(), result = op.getReshaped();
  auto wanted = l.indexElements(op.getShape(), l.rankOf(result));
  if (failed(wanted))
    return failure();
  Value total = l.index(1), known = l.index(1), one = l.index(1),
        zero = l.index(0);
  int64_t dataRank = l.rankOf(data);
  for (OpFoldResult size : l.dims(data))
    total = arith::MulIOp::create(b, total, l.value(size));
  auto equals = [&](Value number, Value other) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, other);
  };
  SmallVector<Value> sizes, open;
  Value minusOne = l.index(-1);
  for (auto [i, size] : llvm::enumerate(*wanted)) {
    Value asked = l.value(size);
    if (!op.getAllowzero()) {
      Value copied = int64_t(i) < dataRank ? l.dimValue(data, i) : zero;
      asked = arith::SelectOp::create(b, equals(asked, zero), copied, asked);
    }
    open.push_back(equals(asked, minusOne));
    sizes.push_back(asked);
    known = arith::MulIOp::create(
        b, known, arith::SelectOp::create(b, open.back(), one, asked));
  }
  Value divisor = arith::SelectOp::create(b, equals(known, zero), one, known);
  Value rest = arith::DivSIOp::create(b, total, divisor);
  rest = arith::SelectOp::create(b, equals(known, zero), zero, rest);
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Value own = arith::SelectOp::create(b, open[i], rest, size);
    Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, own, zero);
    l.require(fits, "a dim of {0} is asked for", own);
    if (l.isOwnDim(result, i))
      l.setDim(result, i, own);
    else if (Value proved = l.dimValue(result, i); proved != own)
      l.require(equals(own, proved), "the shape asks for {0} instead of {1}",
                {own, proved});
  }
  return success();
}

static LogicalResult lowerReshape(onnx::ReshapeOp op, Lowering &l) {
  Value data = op.getData(), result = op.getReshaped();
  DimExpr from = onnx::product(l.shapes.getShape(data)),
          to = onnx::product(l.shapes.getShape(result));
  if (from == to)
    return reshapeTo(l, data, result);
  auto have = from.getConstant(), want = to.getConstant();
  if (have && want)
    return l.fail("cannot reshape " + Twine(*have) + " elements to " +
                  Twine(*want));
  for (unsigned i = 0, e = l.rankOf(result); i < e; ++i)
    if (l.isOwnDim(result, i)) {
      if (failed(computeDims(op, l)))
        return failure();
      break;
    }
  auto countAll = [&](Value graph) {
    Value count = l.index(1);
    for (OpFoldResult size : l.dims(graph))
      count = arith::MulIOp::create(l.b, count, l.value(size));
    return count;
  };
  Value elements = countAll(data), asked = countAll(result);
  l.require(
      arith::CmpIOp::create(l.b, arith::CmpIPredicate::eq, elements, asked),
      "cannot reshape {0} elements to {1}", {elements, asked});
  return reshapeTo(l, data, result);
}

template <typename OpTy>
static LogicalResult lowerFixedReshape(OpTy op, Lowering &l) {
  Value data = op->getOperand(0), result = op->getResult(0);
  if (onnx::product(l.shapes.getShape(data)) ==
      onnx::product(l.shapes.getShape(result)))
    return reshapeTo(l, data, result);
  return l.fail("the dims of the result are not known");
}

static SmallVector<Value> sizesOf(Lowering &l, Value graph) {
  return llvm::map_to_vector(l.dims(graph),
                             [&](OpFoldResult size) { return l.value(size); });
}

/// The same elements with other dims, which the node has computed.
static LogicalResult reshapeToSizes(Lowering &l, Value data, Value result,
                                    ArrayRef<Value> sizes) {
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (l.isOwnDim(result, i)) {
      l.setDim(result, i, size);
      continue;
    }
    Value declared = l.dimValue(result, i);
    l.require(l.compare(arith::CmpIPredicate::eq, size, declared),
              "a dim is {0}, declared as {1}", {size, declared});
  }
  l.set(result, reshape(l, l.get(data), l.shapes.getShape(data),
                        l.shapes.getShape(result), l.dims(result)));
  return success();
}

/// Removes the dims whose flags are set; all of them must be 1.
static LogicalResult squeezeFlagged(Lowering &l, Value data, Value result,
                                    ArrayRef<Value> flags) {
  SmallVector<Value> sizes = sizesOf(l, data);
  Value one = l.index(1), yes = l.number(l.b.getI1Type(), 1);
  for (auto [size, flag] : llvm::zip_equal(sizes, flags)) {
    Value stays = arith::XOrIOp::create(l.b, flag, yes);
    l.require(arith::OrIOp::create(
                  l.b, stays, l.compare(arith::CmpIPredicate::eq, size, one)),
              "a dim of {0} cannot be removed", size);
  }
  return reshapeToSizes(l, data, result,
                        keptSizes(l, sizes, flags, l.rankOf(result)));
}

static LogicalResult lowerUnsqueeze(onnx::UnsqueezeOp op, Lowering &l) {
  if (l.constantInts(op.getAxes()))
    return lowerFixedReshape(op, l);
  auto flags = axisFlags(l, op.getAxes(), l.rankOf(op.getExpanded()),
                         /*emptyIsAll=*/false);
  if (failed(flags))
    return failure();
  return reshapeToSizes(l, op.getData(), op.getExpanded(),
                        spreadSizes(l, sizesOf(l, op.getData()), *flags));
}

/// A dim that is squeezed out without being known as 1 is checked.
static LogicalResult lowerSqueeze(onnx::SqueezeOp op, Lowering &l) {
  Value data = op.getData(), result = op.getSqueezed();
  int64_t rank = l.rankOf(data);
  if (l.present(op.getAxes())) {
    auto axes = l.constantInts(op.getAxes());
    if (!axes) {
      auto flags = axisFlags(l, op.getAxes(), rank, /*emptyIsAll=*/false);
      if (failed(flags))
        return failure();
      return squeezeFlagged(l, data, result, *flags);
    }
    for (int64_t axis : *axes) {
      axis = wrapAxis(axis, rank);
      const DimExpr &size = l.expr(data, axis);
      if (size.isConstant(1))
        continue;
      if (auto constant = size.getConstant())
        return l.fail("dim " + Twine(axis) + " is " + Twine(*constant) +
                      ", not 1");
      Value have = l.dimValue(data, axis);
      l.require(arith::CmpIOp::create(l.b, arith::CmpIPredicate::eq, have,
                                      l.index(1)),
                "dim " + Twine(axis) + " is {0}, not 1", have);
    }
  } else if (llvm::any_of(l.shapes.getShape(data), [](const DimExpr &size) {
               return !size.isConstant();
             })) {
    // The file declares how many dims are not 1.
    SmallVector<Value> flags;
    for (Value size : sizesOf(l, data))
      flags.push_back(l.compare(arith::CmpIPredicate::eq, size, l.index(1)));
    return squeezeFlagged(l, data, result, flags);
  }
  return reshapeTo(l, data, result);
}

void qopt::registerReshape(Registry &registry) {
  registry.add(lowerReshape);
  registry.add(lowerSqueeze);
  registry.add(lowerUnsqueeze);
  registry.add(lowerFixedReshape<onnx::FlattenOp>);
}
