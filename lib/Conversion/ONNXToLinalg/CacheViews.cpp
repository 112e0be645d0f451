//===- CacheViews.cpp - products that read a cache where it lies ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An exporter writes queries x keys as a product with the transposed, scaled
// and (for grouped queries) repeated keys: up to three copies of all that was
// ever cached, in every step. Here each dim of such an operand is a list of
// atoms, which are dims of the cache and repetitions. A repetition is a loop
// that the cache does not see; a dim of several atoms splits that dim of the
// other operand and of the result, where it costs nothing.
//===----------------------------------------------------------------------===//

#include "CacheViews.h"
#include "Contraction.h"
#include "Reshape.h"
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::qopt;
using onnx::DimExpr;

namespace {

struct Atom {
  /// Dim of the cache, or -1 for a repetition.
  int64_t dim;
  DimExpr size;
};

/// A tensor whose elements are those of `cache`. A dim without atoms is 1.
struct View {
  Value cache;
  SmallVector<SmallVector<Atom, 2>> dims;
  /// Tensors of one element by which all elements are multiplied.
  SmallVector<Value> factors;
};

} // namespace

static DimExpr sizeOf(ArrayRef<Atom> atoms) {
  DimExpr size(1);
  for (const Atom &atom : atoms)
    size = size * atom.size;
  return size;
}

/// The same atoms, in order, under the dims `to`.
static bool regroup(View &view, ArrayRef<DimExpr> to) {
  SmallVector<Atom> atoms;
  for (ArrayRef<Atom> dim : view.dims)
    llvm::append_range(atoms, dim);
  SmallVector<SmallVector<Atom, 2>> dims;
  size_t next = 0;
  for (const DimExpr &size : to) {
    SmallVector<Atom, 2> &dim = dims.emplace_back();
    while (sizeOf(dim) != size) {
      if (next == atoms.size())
        return false;
      dim.push_back(atoms[next++]);
    }
  }
  if (next != atoms.size())
    return false;
  view.dims = std::move(dims);
  return true;
}

static bool isOneElement(Lowering &l, Value value) {
  return llvm::all_of(l.shapes.getShape(value),
                      [](const DimExpr &dim) { return dim.isConstant(1); });
}

/// A cache, with or without its new rows. Whether it is updated in place or
/// joined anew makes no difference: both compute the same, bit for bit. Without
/// caches in place, an input alone may be anything.
static bool isCache(Lowering &l, Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return !l.caches.empty();
  if (auto scatter = dyn_cast<onnx::TensorScatterOp>(op))
    return isa<BlockArgument>(scatter.getPastCache());
  auto concat = dyn_cast<onnx::ConcatOp>(op);
  return concat && concat.getInputs().size() == 2 &&
         isa<BlockArgument>(concat.getInputs()[0]);
}

static std::optional<View> traceView(Lowering &l, Value value) {
  Operation *op = value.getDefiningOp();
  if (isCache(l, value)) {
    View view{value, {}, {}};
    for (auto [i, size] : llvm::enumerate(l.shapes.getShape(value))) {
      view.dims.emplace_back();
      if (!size.isConstant(1))
        view.dims.back().push_back({int64_t(i), size});
    }
    return view;
  }
  if (!op)
    return std::nullopt;
  auto trace = [&](Value operand) -> std::optional<View> {
    return l.shapes.hasShape(operand) ? traceView(l, operand) : std::nullopt;
  };
  ArrayRef<DimExpr> shape = l.shapes.getShape(value);
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    auto view = trace(transpose.getData());
    if (!view)
      return std::nullopt;
    SmallVector<SmallVector<Atom, 2>> dims;
    for (int64_t axis : transpose.getPermutation(view->dims.size()))
      dims.push_back(view->dims[axis]);
    view->dims = std::move(dims);
    return view;
  }
  if (isa<onnx::ReshapeOp, onnx::UnsqueezeOp, onnx::SqueezeOp>(op)) {
    auto view = trace(op->getOperand(0));
    if (!view || !regroup(*view, shape))
      return std::nullopt;
    return view;
  }
  if (auto expand = dyn_cast<onnx::ExpandOp>(op)) {
    auto view = trace(expand.getInput());
    if (!view || view->dims.size() > shape.size())
      return std::nullopt;
    view->dims.insert(view->dims.begin(), shape.size() - view->dims.size(), {});
    for (auto [dim, size] : llvm::zip(view->dims, shape)) {
      if (dim.empty() && !size.isConstant(1))
        dim.push_back({-1, size});
      if (sizeOf(dim) != size)
        return std::nullopt;
    }
    return view;
  }
  if (auto multiply = dyn_cast<onnx::MulOp>(op)) {
    for (unsigned i : {0, 1}) {
      Value factor = op->getOperand(1 - i), other = op->getOperand(i);
      if (!l.shapes.hasShape(factor) || !l.shapes.hasShape(other) ||
          !isOneElement(l, factor) || l.rankOf(factor) > l.rankOf(other))
        continue;
      auto view = traceView(l, other);
      if (view)
        view->factors.push_back(factor);
      return view;
    }
  }
  return std::nullopt;
}

/// a, multiplied by the factors.
static FailureOr<Value> scaled(Lowering &l, Value a, ArrayRef<Value> factors) {
  Value tensor = l.get(a);
  if (factors.empty())
    return tensor;
  SmallVector<Value> numbers;
  for (Value factor : factors) {
    auto number = l.scalarOf(factor);
    if (failed(number))
      return failure();
    numbers.push_back(*number);
  }
  Type element = l.typeOf(a).getElementType();
  return l.parallel(
      l.dims(a), element, tensor, l.b.getMultiDimIdentityMap(l.rankOf(a)),
      [&](ImplicitLocOpBuilder &b, ValueRange arguments) {
        Value product = extendHalf(b, arguments[0]);
        for (Value number : numbers)
          product = arith::MulFOp::create(b, product, extendHalf(b, number));
        return convertFloat(b, product, element);
      });
}

FailureOr<Value> qopt::multiplyByCache(Lowering &l, Value a, Value b,
                                       Value result) {
  Type element = l.typeOf(result).getElementType(), sum = computeType(element);
  int64_t aRank = l.rankOf(a), rank = l.rankOf(result);
  // The cache itself needs no view.
  if (isCache(l, b) || !isa<FloatType>(element) || aRank < 2 || l.rankOf(b) < 2)
    return Value();
  std::optional<View> view = traceView(l, b);
  if (!view)
    return Value();

  int64_t batch = rank - 2, viewBatch = int64_t(view->dims.size()) - 2,
          aBatch = aRank - 2;
  ArrayRef<Atom> contracted = view->dims[viewBatch],
                 columns = view->dims[viewBatch + 1];
  if (contracted.size() != 1 || contracted[0].dim < 0 || columns.size() != 1 ||
      columns[0].dim < 0)
    return Value();

  // Per dim of the result its loops, with the dim of the cache that each reads.
  SmallVector<DimExpr> loopSizes, aSplit;
  SmallVector<int64_t> cacheLoops(l.rankOf(view->cache), -1), aLoops;
  for (int64_t i = 0; i < batch; ++i) {
    const DimExpr &size = l.expr(result, i);
    SmallVector<Atom, 2> atoms;
    if (i >= batch - viewBatch)
      atoms = view->dims[i - (batch - viewBatch)];
    bool shared = !atoms.empty();
    if (shared && sizeOf(atoms) != size)
      return Value();
    if (!shared)
      atoms.push_back({-1, size});
    int64_t j = i - (batch - aBatch);
    bool inA = j >= 0 && l.expr(a, j) == size;
    if (j >= 0 && !inA && !l.expr(a, j).isConstant(1))
      return Value();
    for (const Atom &atom : atoms) {
      int64_t loop = loopSizes.size();
      loopSizes.push_back(atom.size);
      if (atom.dim >= 0)
        cacheLoops[atom.dim] = loop;
      if (inA) {
        aSplit.push_back(atom.size);
        aLoops.push_back(loop);
      }
    }
    if (j >= 0 && !inA) {
      aSplit.push_back(1);
      aLoops.push_back(-1);
    }
  }
  int64_t row = loopSizes.size(), column = row + 1, depth = row + 2,
          count = row + 3;
  loopSizes.push_back(l.expr(a, aRank - 2));
  loopSizes.push_back(columns[0].size);
  aSplit.push_back(l.expr(a, aRank - 2));
  aSplit.push_back(l.expr(a, aRank - 1));
  aLoops.append({row, depth});
  cacheLoops[columns[0].dim] = column;
  cacheLoops[contracted[0].dim] = depth;
  if (failed(
          l.requireEqual(a, aRank - 1, b, l.rankOf(b) - 2, "contracted dims")))
    return failure();

  auto factored = scaled(l, a, view->factors);
  if (failed(factored))
    return failure();
  MLIRContext *context = l.b.getContext();
  auto mapOf = [&](ArrayRef<int64_t> loops) {
    SmallVector<AffineExpr> exprs;
    for (int64_t loop : loops)
      exprs.push_back(loop < 0 ? getAffineConstantExpr(0, context)
                               : getAffineDimExpr(loop, context));
    return AffineMap::get(count, 0, exprs, context);
  };
  auto sizes = [&](ArrayRef<DimExpr> dims) {
    return llvm::map_to_vector(
        dims, [&](const DimExpr &dim) { return l.materialize(dim); });
  };
  Contraction c;
  c.a = reshape(l, *factored, l.shapes.getShape(a), aSplit, sizes(aSplit));
  c.b = l.get(view->cache);
  c.aMap = mapOf(aLoops);
  c.bMap = mapOf(cacheLoops);
  c.resultMap =
      AffineMap::getMultiDimIdentityMap(count, context).dropResult(depth);
  c.loops = parallelLoops(count - 1);
  c.loops.push_back(utils::IteratorType::reduction);
  c.dims = sizes(loopSizes);
  Value product = contract(
      l, c, sum, {}, {},
      [&](ImplicitLocOpBuilder &nested, ValueRange arguments) -> Value {
        return arith::MulFOp::create(nested, extendHalf(nested, arguments[0]),
                                     extendHalf(nested, arguments[1]));
      });
  product =
      reshape(l, product, loopSizes, l.shapes.getShape(result), l.dims(result));
  return convertTensor(l, product, element);
}
