//===- ControlFlow.cpp - If and Loop to scf on tensors --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A Loop is an scf.while: scf.for stands for loops that kernels are made of,
// and a condition may end an ONNX loop early. What a branch yields and what a
// loop starts from are tensors of their own, so that every buffer which crosses
// the border of a region has the plain layout and one owner.
//
// Values that a loop collects go into a tensor made before it where the number
// of iterations is known, else into one that doubles when it is full.
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"

using namespace mlir;
using namespace mlir::qopt;

/// A copy in memory of its own.
static Value copyOf(Lowering &l, Value tensor) {
  return bufferization::AllocTensorOp::create(
      l.b, cast<RankedTensorType>(tensor.getType()), ValueRange(), tensor);
}

/// `tensor`, or a copy where it is not certain to be a whole buffer made in
/// this block for it alone.
static Value ownIn(Lowering &l, Value tensor, Block *block,
                   llvm::SmallPtrSetImpl<void *> &taken) {
  Value root = tensor;
  while (auto cast = root.getDefiningOp<tensor::CastOp>())
    root = cast.getSource();
  Operation *def = root.getDefiningOp();
  bool own = def && def->getBlock() == block &&
             isa<DestinationStyleOpInterface, tensor::FromElementsOp,
                 tensor::GenerateOp, bufferization::AllocTensorOp>(def) &&
             !isa<tensor::InsertSliceOp>(def);
  if (own && taken.insert(root.getAsOpaquePointer()).second)
    return tensor;
  return copyOf(l, tensor);
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

static LogicalResult lowerIf(onnx::IfOp op, Lowering &l) {
  FailureOr<Value> condition = l.scalarOf(op.getCond());
  if (failed(condition))
    return failure();
  SmallVector<Type> types;
  for (Value result : op.getResults())
    types.push_back(l.typeOf(result));
  auto choice =
      scf::IfOp::create(l.b, types, *condition, /*withElseRegion=*/true);
  std::pair<Region *, Block *> branches[] = {
      {&op.getThenBranch(), choice.thenBlock()},
      {&op.getElseBranch(), choice.elseBlock()}};
  for (auto [graph, block] : branches) {
    OpBuilder::InsertionGuard guard(l.b);
    l.b.setInsertionPointToStart(block);
    Block *target = block;
    auto leave = [&, graph = graph] {
      SmallVector<Value> values;
      llvm::SmallPtrSet<void *, 8> taken;
      for (auto [value, type] :
           llvm::zip(graph->front().getTerminator()->getOperands(), types))
        values.push_back(
            ownIn(l, l.castTo(l.get(value), cast<RankedTensorType>(type)),
                  target, taken));
      scf::YieldOp::create(l.b, values);
      return success();
    };
    if (failed(l.lowerInner(graph->front(), [] {}, leave)))
      return failure();
  }
  for (auto [result, value] : llvm::zip(op.getResults(), choice.getResults()))
    l.set(result, value);
  return success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

namespace {
/// A value of each iteration, joined along a new first dim.
struct Collector {
  Lowering &l;
  Value yielded, result;
  /// Whether all sizes are known before the loop.
  bool sized;

  Value start() {
    if (sized)
      return l.emptyFor(result);
    SmallVector<OpFoldResult> sizes = {l.value(l.b.getIndexAttr(0))};
    RankedTensorType element = l.typeOf(yielded);
    for (int64_t i = 0; i < element.getRank(); ++i) {
      if (!element.isDynamicDim(i))
        sizes.push_back(l.b.getIndexAttr(element.getDimSize(i)));
      else if (l.isOwnDim(result, i + 1))
        sizes.push_back(l.index(0));
      else
        sizes.push_back(l.dimValue(result, i + 1));
    }
    return l.castTo(l.empty(sizes, element.getElementType()), carriedType());
  }

  RankedTensorType carriedType() {
    if (sized)
      return l.typeOf(result);
    RankedTensorType element = l.typeOf(yielded);
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, element.getShape());
    return RankedTensorType::get(shape, element.getElementType());
  }

  /// Writes the value of iteration `i`.
  Value insert(Value carried, Value i) {
    SmallVector<OpFoldResult> inner = l.dims(yielded);
    if (!sized) {
      checkSizes(carried, inner, i);
      carried = grow(carried, inner, i);
    }
    SmallVector<OpFoldResult> offsets(inner.size() + 1, l.b.getIndexAttr(0)),
        sizes = {l.b.getIndexAttr(1)},
        strides(inner.size() + 1, l.b.getIndexAttr(1));
    offsets[0] = i;
    llvm::append_range(sizes, inner);
    return tensor::InsertSliceOp::create(l.b, l.get(yielded), carried, offsets,
                                         sizes, strides);
  }

  Value finish(Value carried, Value count) {
    if (sized)
      return carried;
    return copyOf(l, firstRows(carried, count));
  }

private:
  /// carried[0:count]
  Value firstRows(Value carried, Value count) {
    auto type = cast<RankedTensorType>(carried.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), l.b.getIndexAttr(0)),
        strides(type.getRank(), l.b.getIndexAttr(1)), sizes = {count};
    for (int64_t i = 1; i < type.getRank(); ++i)
      sizes.push_back(tensor::getMixedSize(l.b, l.b.getLoc(), carried, i));
    return tensor::ExtractSliceOp::create(l.b, carried, offsets, sizes,
                                          strides);
  }

  void checkSizes(Value carried, ArrayRef<OpFoldResult> inner, Value i) {
    Value first = l.compare(arith::CmpIPredicate::eq, i, l.index(0));
    for (auto [j, size] : llvm::enumerate(inner)) {
      if (isa<Attribute>(size))
        continue;
      Value before = tensor::DimOp::create(l.b, carried, j + 1),
            now = cast<Value>(size);
      Value same = l.compare(arith::CmpIPredicate::eq, before, now);
      l.require(arith::OrIOp::create(l.b, first, same),
                "values to join have dims {0} and {1}", {before, now});
    }
  }

  /// A loop of one iteration or none: its buffer changes hands as that of any
  /// loop does, where a branch would have to copy.
  Value grow(Value carried, ArrayRef<OpFoldResult> inner, Value used) {
    Type type = carried.getType();
    auto loop = scf::WhileOp::create(l.b, TypeRange(type), ValueRange(carried));
    OpBuilder::InsertionGuard guard(l.b);
    Block *before = l.b.createBlock(&loop.getBefore(), {}, type, l.b.getLoc());
    Value capacity = tensor::DimOp::create(l.b, before->getArgument(0), 0);
    scf::ConditionOp::create(
        l.b, l.compare(arith::CmpIPredicate::eq, capacity, used),
        before->getArguments());
    Block *after = l.b.createBlock(&loop.getAfter(), {}, type, l.b.getLoc());
    Value old = after->getArgument(0);
    Value size = l.maximum(l.index(8), l.add(used, used));
    SmallVector<OpFoldResult> sizes = {size};
    llvm::append_range(sizes, inner);
    Value fresh =
        l.castTo(l.empty(sizes, cast<ShapedType>(type).getElementType()),
                 cast<RankedTensorType>(type));
    SmallVector<OpFoldResult> zeros(sizes.size(), l.b.getIndexAttr(0)),
        ones(sizes.size(), l.b.getIndexAttr(1));
    sizes[0] = used;
    Value rows = tensor::ExtractSliceOp::create(l.b, old, zeros, sizes, ones);
    Value next =
        tensor::InsertSliceOp::create(l.b, rows, fresh, zeros, sizes, ones);
    scf::YieldOp::create(l.b, next);
    return loop.getResult(0);
  }
};
} // namespace

static LogicalResult lowerLoop(onnx::LoopOp op, Lowering &l) {
  ImplicitLocOpBuilder &b = l.b;
  Block &body = op.getBody().front();
  bool counted = op.isCounted();
  Value count;
  if (l.present(op.getM())) {
    auto elements = l.indexElements(op.getM(), 1);
    if (failed(elements))
      return failure();
    count = l.value(elements->front());
  }
  if (counted && !count)
    return l.fail("the loop has no end");

  // Carried: iteration, condition (unless counted), states, collections.
  SmallVector<Value> initial = {l.index(0)};
  if (!counted) {
    Value condition = l.number(b.getI1Type(), 1);
    if (l.present(op.getCond())) {
      FailureOr<Value> given = l.scalarOf(op.getCond());
      if (failed(given))
        return failure();
      condition = *given;
    }
    initial.push_back(condition);
  }
  unsigned firstState = initial.size(), numStates = op.getNumCarried();
  for (auto [value, argument] :
       llvm::zip(op.getInitial(), op.getCarriedArguments())) {
    if (!l.shapes.hasShape(argument))
      return l.fail("a carried value changes its rank");
    initial.push_back(copyOf(l, l.castTo(l.get(value), l.typeOf(argument))));
  }
  SmallVector<Collector> collectors;
  for (unsigned i = numStates; i < op->getNumResults(); ++i) {
    Value result = op.getResult(i);
    bool sized = counted;
    for (unsigned j = 0, e = l.rankOf(result); j < e; ++j)
      sized &= !l.isOwnDim(result, j);
    collectors.push_back({l, op.getYielded()[i + 1], result, sized});
    initial.push_back(collectors.back().start());
  }

  SmallVector<Type> types(ValueRange(initial).getTypes());
  SmallVector<Location> locs(types.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, initial);
  {
    OpBuilder::InsertionGuard guard(b);
    Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
    Value more;
    if (count)
      more =
          l.compare(arith::CmpIPredicate::slt, before->getArgument(0), count);
    if (!counted) {
      Value condition = before->getArgument(1);
      more =
          more ? Value(arith::AndIOp::create(b, more, condition)) : condition;
    }
    scf::ConditionOp::create(b, more, before->getArguments());

    Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
    Value i = after->getArgument(0);
    auto enter = [&] {
      l.setElements(body.getArgument(0),
                    {arith::IndexCastOp::create(b, b.getI64Type(), i)});
      l.setElements(body.getArgument(1), {l.number(b.getI1Type(), 1)});
      for (unsigned k = 0; k < numStates; ++k)
        l.set(op.getCarriedArguments()[k], after->getArgument(firstState + k));
    };
    auto leave = [&]() -> LogicalResult {
      SmallVector<Value> next = {l.add(i, l.index(1))};
      if (!counted) {
        FailureOr<Value> condition = l.scalarOf(op.getYielded()[0]);
        if (failed(condition))
          return failure();
        next.push_back(*condition);
      }
      for (unsigned k = 0; k < numStates; ++k)
        next.push_back(l.castTo(l.get(op.getYielded()[k + 1]),
                                l.typeOf(op.getCarriedArguments()[k])));
      for (auto [k, collector] : llvm::enumerate(collectors))
        next.push_back(collector.insert(
            after->getArgument(firstState + numStates + k), i));
      scf::YieldOp::create(b, next);
      return success();
    };
    for (Value value : op.getYielded())
      if (!l.shapes.hasShape(value))
        return l.fail("the rank of a value that the body yields is not known");
    if (failed(l.lowerInner(body, enter, leave)))
      return failure();
  }

  for (unsigned k = 0; k < numStates; ++k)
    l.set(op.getResult(k), loop.getResult(firstState + k));
  for (auto [k, collector] : llvm::enumerate(collectors))
    l.set(collector.result,
          collector.finish(loop.getResult(firstState + numStates + k),
                           loop.getResult(0)));
  return success();
}

void qopt::registerControlFlow(Registry &registry) {
  registry.add<onnx::IfOp>(lowerIf);
  registry.add<onnx::LoopOp>(lowerLoop);
}
