//===- Reduction.cpp - ONNX Reduce operators ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linalg.generic reduces, with elementwise code in front (squares,
// magnitudes) inside of it, and one finishes (root, quotient, logarithm) where
// the operator has something to finish.
//===----------------------------------------------------------------------===//

#include "Reduction.h"
#include "Elementwise.h"
#include "Indices.h"
#include "RunTimeAxes.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"

using namespace mlir;
using namespace mlir::qopt;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

SmallVector<int64_t> qopt::otherAxes(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      others.push_back(i);
  return others;
}

Value qopt::reduce(Lowering &l, ArrayRef<OpFoldResult> dims,
                   ArrayRef<int64_t> axes, ValueRange inputs,
                   ArrayRef<AffineMap> maps, Value start, Body1 combine) {
  int64_t rank = dims.size();
  SmallVector<int64_t> kept = otherAxes(rank, axes);
  SmallVector<OpFoldResult> sizes;
  for (int64_t axis : kept)
    sizes.push_back(dims[axis]);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  for (int64_t axis : axes)
    loops[axis] = utils::IteratorType::reduction;
  SmallVector<AffineMap> all(maps);
  all.push_back(mapOnto(l.b.getContext(), rank, kept));
  return l
      .generic(inputs, l.filled(sizes, start), all, loops,
               [&](ImplicitLocOpBuilder &b, ValueRange arguments) {
                 return SmallVector<Value>{combine(b, arguments)};
               })
      .front();
}

Value qopt::insertUnitDims(Lowering &l, Value reduced, ArrayRef<int64_t> axes,
                           RankedTensorType type) {
  if (axes.empty())
    return reduced;
  // Each kept dim takes the unit dims behind it, the first also those in front.
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
    bool isUnit = llvm::is_contained(axes, i);
    bool open = !groups.empty() &&
                (isUnit || llvm::all_of(groups.back(), [&](int64_t j) {
                   return llvm::is_contained(axes, j);
                 }));
    if (open || groups.empty()) {
      if (groups.empty())
        groups.emplace_back();
      groups.back().push_back(i);
    } else {
      groups.push_back({i});
    }
  }
  if (cast<RankedTensorType>(reduced.getType()).getRank() == 0)
    groups.clear();
  SmallVector<OpFoldResult> sizes;
  unsigned next = 0;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
    if (llvm::is_contained(axes, i))
      sizes.push_back(l.b.getIndexAttr(1));
    else
      sizes.push_back(tensor::getMixedSize(l.b, l.b.getLoc(), reduced, next++));
  }
  return tensor::ExpandShapeOp::create(l.b, type, reduced, groups, sizes);
}

static arith::FastMathFlagsAttr freeOrder(ImplicitLocOpBuilder &b) {
  return arith::FastMathFlagsAttr::get(b.getContext(),
                                       arith::FastMathFlags::reassoc);
}
Value qopt::sumFreely(ImplicitLocOpBuilder &b, Value a, Value c) {
  return arith::AddFOp::create(b, a, c, freeOrder(b));
}
Value qopt::maximumFreely(ImplicitLocOpBuilder &b, Value a, Value c) {
  return arith::MaximumFOp::create(b, a, c, freeOrder(b));
}

/// A count as a number to divide by.
static Value toNumber(Lowering &l, Value count, Type type) {
  Type i64 = l.b.getI64Type();
  Value integer = arith::IndexCastOp::create(l.b, i64, count);
  if (isa<FloatType>(type))
    return arith::SIToFPOp::create(l.b, type, integer);
  // An integer mean over nothing must not divide by zero.
  integer = l.maximum(integer, l.number(i64, 1));
  return castScalar(l.b, integer, i64, type);
}

Value qopt::countOf(Lowering &l, Value graph, ArrayRef<int64_t> axes,
                    Type type) {
  OpFoldResult count = l.product(graph, axes);
  auto constant = getConstantIntValue(count);
  if (constant && isa<FloatType>(type))
    return l.number(type, *constant);
  return toNumber(l, l.value(count), type);
}

//===----------------------------------------------------------------------===//
// The operators
//===----------------------------------------------------------------------===//

namespace {
/// A reduction as code around a combiner.
struct Plan {
  enum Combiner { Sum, Product, Maximum, Minimum } combiner = Sum;
  enum Before { Nothing, Square, Magnitude } before = Nothing;
  enum After { Keep, Divide, Root, Logarithm } after = Keep;
};
} // namespace

static double startOf(Plan::Combiner combiner) {
  switch (combiner) {
  case Plan::Sum:
    return 0;
  case Plan::Product:
    return 1;
  case Plan::Maximum:
    return -kInfinity;
  case Plan::Minimum:
    return kInfinity;
  }
  llvm_unreachable("all combiners are listed");
}

/// First value of an accumulator; `type` has the signedness of the graph.
static Value startValue(Lowering &l, Plan::Combiner combiner, Type type) {
  if (isa<FloatType>(type))
    return l.number(type, startOf(combiner));
  unsigned width = type.getIntOrFloatBitWidth();
  Type signless = l.b.getIntegerType(width);
  bool isUnsigned = type.isUnsignedInteger() || width == 1;
  switch (combiner) {
  case Plan::Sum:
  case Plan::Product:
    return l.number(signless, startOf(combiner));
  case Plan::Maximum:
    return constantInteger(l.b, signless,
                           isUnsigned ? APInt::getZero(width)
                                      : APInt::getSignedMinValue(width));
  case Plan::Minimum:
    return constantInteger(l.b, signless,
                           isUnsigned ? APInt::getMaxValue(width)
                                      : APInt::getSignedMaxValue(width));
  }
  llvm_unreachable("all combiners are listed");
}

static Value combine(ScalarBuilder &s, Plan::Combiner combiner, Value a,
                     Value c) {
  switch (combiner) {
  case Plan::Sum:
    if (s.isFloat())
      return sumFreely(s.b, a, c);
    return s.make<arith::AddIOp>(a, c);
  case Plan::Product:
    if (s.isFloat())
      return arith::MulFOp::create(s.b, a, c, freeOrder(s.b));
    return s.make<arith::MulIOp>(a, c);
  case Plan::Maximum:
    return s.isFloat() ? maximumFreely(s.b, a, c) : maximum(s, {a, c});
  case Plan::Minimum:
    if (s.isFloat())
      return arith::MinimumFOp::create(s.b, a, c, freeOrder(s.b));
    return minimum(s, {a, c});
  }
  llvm_unreachable("all combiners are listed");
}

static Value before(ScalarBuilder &s, Plan::Before before, Value x) {
  switch (before) {
  case Plan::Nothing:
    return x;
  case Plan::Square:
    return s.make2<arith::MulFOp, arith::MulIOp>({x, x});
  case Plan::Magnitude:
    if (s.isFloat())
      return s.make<math::AbsFOp>(x);
    return s.isUnsigned() ? x : s.make<math::AbsIOp>(x);
  }
  llvm_unreachable("all steps are listed");
}

/// Axes of a Reduce operator, all of them where it names none.
template <typename OpTy>
static FailureOr<SmallVector<int64_t>> axesOf(OpTy op, Lowering &l) {
  int64_t rank = l.rankOf(op.getData());
  SmallVector<int64_t> axes;
  if (l.present(op.getAxes())) {
    auto constant = l.constantInts(op.getAxes());
    if (!constant)
      return l.fail("axes are not constant");
    for (int64_t axis : *constant)
      axes.push_back(wrapAxis(axis, rank));
    llvm::sort(axes);
  }
  if (axes.empty() && !op.getNoopWithEmptyAxes())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  return axes;
}

/// Result of a reduction with the dims of the graph: unit dims back in, element
/// type of the result.
static void setReduced(Lowering &l, Value result, Value reduced,
                       ArrayRef<int64_t> axes, bool keepDims) {
  if (keepDims)
    reduced = insertUnitDims(
        l, reduced, axes,
        l.typeOf(result).clone(
            cast<RankedTensorType>(reduced.getType()).getElementType()));
  l.set(result, reduced);
}

/// Elementwise step on a reduced tensor, into element type `element`.
static Value finish(Lowering &l, Value reduced, Type element, Body1 body) {
  int64_t rank = cast<RankedTensorType>(reduced.getType()).getRank();
  return l.parallel(tensor::getMixedSizes(l.b, l.b.getLoc(), reduced), element,
                    reduced, l.b.getMultiDimIdentityMap(rank), body);
}

/// Axes that the data names: every element goes to the place where the reduced
/// dims are 0, one after the other. `step` combines an element with what is
/// there.
template <typename OpTy>
static FailureOr<Value> reduceAtRunTime(OpTy op, Lowering &l, Value start,
                                        Body1 step, Value &count) {
  Value data = op.getData(), result = op.getReduced();
  int64_t rank = l.rankOf(data);
  if (!op.getKeepdims())
    return l.fail("axes are not constant");
  auto flags = axisFlags(l, op.getAxes(), rank,
                         /*emptyIsAll=*/!op.getNoopWithEmptyAxes());
  if (failed(flags))
    return failure();
  SmallVector<Value> &reduced = *flags;
  Value zero = l.index(0), one = l.index(1);
  SmallVector<Value> sizes;
  count = one;
  for (int64_t i = 0; i < rank; ++i) {
    sizes.push_back(l.dimValue(data, i));
    count =
        arith::MulIOp::create(l.b, count, l.select(reduced[i], sizes[i], one));
    if (l.isOwnDim(result, i))
      l.setDim(result, i, l.select(reduced[i], one, sizes[i]));
  }
  Value tensor = l.get(data);
  return l.loopNest(sizes, l.filled(l.dims(result), start),
                    [&](ArrayRef<Value> at, Value sums) -> Value {
                      SmallVector<Value> to;
                      for (int64_t i = 0; i < rank; ++i)
                        to.push_back(l.select(reduced[i], zero, at[i]));
                      Value next =
                          step(l.b, {l.read(tensor, at), l.read(sums, to)});
                      return tensor::InsertOp::create(l.b, next, sums, to);
                    });
}

template <typename OpTy, Plan::Combiner combiner,
          Plan::Before step = Plan::Nothing, Plan::After after = Plan::Keep>
static LogicalResult lowerReduce(OpTy op, Lowering &l) {
  Value data = op.getData(), result = op.getReduced();
  Type type = computeType(l.elementOf(data));
  Type element = l.typeOf(data).getElementType();
  bool isFloat = isa<FloatType>(type);
  if (!isFloat && (after == Plan::Root || after == Plan::Logarithm))
    return l.fail("not implemented for element type " + toText(type));
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange a) {
    ScalarBuilder s{b, op, type};
    Value x = isFloat ? extendHalf(b, a[0]) : a[0];
    return combine(s, combiner, before(s, step, x), a[1]);
  };
  Value start = startValue(l, combiner, type), reduced, count;
  SmallVector<int64_t> removed;
  bool keepDims = op.getKeepdims();
  if (l.present(op.getAxes()) && !l.constantInts(op.getAxes())) {
    Value number;
    auto tensor = reduceAtRunTime(op, l, start, body, number);
    if (failed(tensor))
      return failure();
    reduced = *tensor;
    count = toNumber(l, number, type);
    keepDims = false; // the unit dims are there already
  } else {
    auto axes = axesOf(op, l);
    if (failed(axes))
      return failure();
    removed = *axes;
    reduced = reduce(l, l.dims(data), removed, l.get(data),
                     l.b.getMultiDimIdentityMap(l.rankOf(data)), start, body);
    count = countOf(l, data, removed, type);
  }
  if (after != Plan::Keep || (isFloat && type != element))
    reduced =
        finish(l, reduced, element, [&](ImplicitLocOpBuilder &b, ValueRange a) {
          Value x = a[0];
          if (after == Plan::Divide && isFloat)
            x = arith::DivFOp::create(b, x, count);
          else if (after == Plan::Divide && type.isUnsignedInteger())
            x = arith::DivUIOp::create(b, x, count);
          else if (after == Plan::Divide)
            x = arith::DivSIOp::create(b, x, count);
          else if (after == Plan::Root)
            x = math::SqrtOp::create(b, x);
          else if (after == Plan::Logarithm)
            x = math::LogOp::create(b, x);
          return isFloat ? convertFloat(b, x, element) : x;
        });
  setReduced(l, result, reduced, removed, keepDims);
  return success();
}

/// log(sum(exp(x))) with the maximum taken out, so that nothing overflows. A
/// maximum that is not finite stays in: its sum is that infinity or NaN anyway.
static LogicalResult lowerLogSumExp(onnx::ReduceLogSumExpOp op, Lowering &l) {
  auto axes = axesOf(op, l);
  if (failed(axes))
    return failure();
  Value data = op.getData();
  Type element = l.typeOf(data).getElementType(), type = computeType(element);
  if (!isa<FloatType>(type))
    return l.fail("not implemented for element type " + toText(type));
  SmallVector<OpFoldResult> dims = l.dims(data);
  int64_t rank = dims.size();
  AffineMap identity = l.b.getMultiDimIdentityMap(rank);
  AffineMap kept = mapOnto(l.b.getContext(), rank, otherAxes(rank, *axes));
  auto finiteOrZero = [&](ImplicitLocOpBuilder &b, Value x) -> Value {
    Value isFinite = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                           math::AbsFOp::create(b, x),
                                           constantNumber(b, type, kInfinity));
    return arith::SelectOp::create(b, isFinite, x, constantNumber(b, type, 0));
  };
  Value largest =
      reduce(l, dims, *axes, l.get(data), identity, l.number(type, -kInfinity),
             [&](ImplicitLocOpBuilder &b, ValueRange a) {
               return maximumFreely(b, extendHalf(b, a[0]), a[1]);
             });
  Value sum =
      reduce(l, dims, *axes, {l.get(data), largest}, {identity, kept},
             l.number(type, 0), [&](ImplicitLocOpBuilder &b, ValueRange a) {
               Value shifted = arith::SubFOp::create(b, extendHalf(b, a[0]),
                                                     finiteOrZero(b, a[1]));
               return sumFreely(b, math::ExpOp::create(b, shifted), a[2]);
             });
  AffineMap all = l.b.getMultiDimIdentityMap(rank - axes->size());
  Value reduced = l.parallel(
      tensor::getMixedSizes(l.b, l.b.getLoc(), sum), element, {sum, largest},
      {all, all}, [&](ImplicitLocOpBuilder &b, ValueRange a) {
        Value result = arith::AddFOp::create(b, math::LogOp::create(b, a[0]),
                                             finiteOrZero(b, a[1]));
        return convertFloat(b, result, element);
      });
  setReduced(l, op.getReduced(), reduced, *axes, op.getKeepdims());
  return success();
}

void qopt::registerReduction(Registry &registry) {
  registry.add(lowerReduce<onnx::ReduceSumOp, Plan::Sum>);
  registry.add(
      lowerReduce<onnx::ReduceMeanOp, Plan::Sum, Plan::Nothing, Plan::Divide>);
  registry.add(lowerReduce<onnx::ReduceMaxOp, Plan::Maximum>);
  registry.add(lowerReduce<onnx::ReduceMinOp, Plan::Minimum>);
  registry.add(lowerReduce<onnx::ReduceProdOp, Plan::Product>);
  registry.add(lowerReduce<onnx::ReduceSumSquareOp, Plan::Sum, Plan::Square>);
  registry.add(lowerReduce<onnx::ReduceL1Op, Plan::Sum, Plan::Magnitude>);
  registry.add(
      lowerReduce<onnx::ReduceL2Op, Plan::Sum, Plan::Square, Plan::Root>);
  registry.add(lowerReduce<onnx::ReduceLogSumOp, Plan::Sum, Plan::Nothing,
                           Plan::Logarithm>);
  registry.add(lowerLogSumExp);
}
