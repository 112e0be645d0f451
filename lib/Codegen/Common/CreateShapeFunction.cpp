//===- CreateShapeFunction.cpp - dims of the results from dims of inputs --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks back from each result dim through the operations that define it and
// rebuilds only the index arithmetic. A clone of the whole function would do
// the same after folding and dead code elimination, but the walk touches
// nothing heavy and says for itself where a size depends on data: it yields -1
// there.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "qopt/Codegen/Passes.h"
#include "qopt/Dialect/QOpt/IR/CacheAttrs.h"

using namespace mlir;

namespace mlir::qopt {
#define GEN_PASS_DEF_CREATESHAPEFUNCTIONPASS
#include "qopt/Codegen/Passes.h.inc"

namespace {

/// Rebuilds index values of one function in another. A null value: depends on
/// data.
class DimRebuilder {
public:
  DimRebuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  void setDim(Value value, int64_t dim, Value known) {
    dims[{value, dim}] = known;
  }

  Value dimOf(Value value, int64_t dim) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || dim < 0 || dim >= type.getRank())
      return {};
    if (!type.isDynamicDim(dim))
      return constant(type.getDimSize(dim));
    auto [it, inserted] = dims.try_emplace({value, dim}, Value());
    if (!inserted)
      return it->second;
    if (++depth > maxDepth)
      return {};
    Value result = computeDim(value, dim);
    --depth;
    dims[{value, dim}] = result;
    return result;
  }

  Value scalar(Value value) {
    auto [it, inserted] = scalars.try_emplace(value, Value());
    if (!inserted)
      return it->second;
    if (++depth > maxDepth)
      return {};
    Value result = computeScalar(value);
    --depth;
    scalars[value] = result;
    return result;
  }

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value size(OpFoldResult size) {
    if (std::optional<int64_t> known = getConstantIntValue(size))
      return constant(*known);
    return scalar(cast<Value>(size));
  }
  template <typename OpT> Value combine(Value a, Value b) {
    return a && b ? OpT::create(builder, loc, a, b).getResult() : Value();
  }

  /// A dim on which both branches agree, or a choice that the sizes decide.
  Value dimOfChoice(scf::IfOp choice, unsigned result, int64_t dim) {
    if (!choice.elseBlock())
      return {};
    Value a = dimOf(choice.thenYield().getOperand(result), dim);
    Value b = dimOf(choice.elseYield().getOperand(result), dim);
    if (!a || !b)
      return {};
    if (isEqualConstantIntOrValue(a, b))
      return a;
    Value condition = scalar(choice.getCondition());
    return condition ? arith::SelectOp::create(builder, loc, condition, a, b)
                           .getResult()
                     : Value();
  }

  /// A dim that each iteration hands on as it found it.
  Value dimOfCarried(scf::WhileOp loop, unsigned result, int64_t dim) {
    // The loop of a graph carries the same values everywhere.
    if (loop.getConditionOp().getArgs() != loop.getBeforeArguments())
      return {};
    Value initial = dimOf(loop.getInits()[result], dim);
    if (!initial)
      return {};
    // What follows from an assumption that proves wrong is forgotten with it.
    auto dimsBefore = dims;
    auto scalarsBefore = scalars;
    dims[{loop.getBeforeArguments()[result], dim}] = initial;
    dims[{loop.getAfterArguments()[result], dim}] = initial;
    Value next = dimOf(loop.getYieldOp().getOperand(result), dim);
    if (next && isEqualConstantIntOrValue(next, initial))
      return initial;
    dims = std::move(dimsBefore);
    scalars = std::move(scalarsBefore);
    return {};
  }

  Value computeDim(Value value, int64_t dim) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return {};
    unsigned number = cast<OpResult>(value).getResultNumber();
    if (auto choice = dyn_cast<scf::IfOp>(op))
      return dimOfChoice(choice, number, dim);
    if (auto loop = dyn_cast<scf::WhileOp>(op))
      return dimOfCarried(loop, number, dim);
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return size(empty.getMixedSizes()[dim]);
    if (auto alloc = dyn_cast<bufferization::AllocTensorOp>(op))
      return alloc.getCopy() ? dimOf(alloc.getCopy(), dim)
                             : scalar(alloc.getDynamicSize(builder, dim));
    if (auto cast = dyn_cast<tensor::CastOp>(op))
      return dimOf(cast.getSource(), dim);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      int64_t position = 0;
      for (int64_t i = 0, e = dropped.size(); i < e; ++i)
        if (!dropped.test(i) && position++ == dim)
          return size(slice.getMixedSizes()[i]);
      return {};
    }
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return size(expand.getMixedOutputShape()[dim]);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      Value product = constant(1);
      SmallVector<ReassociationIndices> groups =
          collapse.getReassociationIndices();
      for (int64_t source : groups[dim])
        product =
            combine<arith::MulIOp>(product, dimOf(collapse.getSrc(), source));
      return product;
    }
    if (auto pad = dyn_cast<tensor::PadOp>(op))
      return combine<arith::AddIOp>(
          combine<arith::AddIOp>(dimOf(pad.getSource(), dim),
                                 size(pad.getMixedLowPad()[dim])),
          size(pad.getMixedHighPad()[dim]));
    if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      if (static_cast<int64_t>(concat.getDim()) != dim)
        return dimOf(concat.getInputs().front(), dim);
      Value sum = dimOf(concat.getInputs().front(), dim);
      for (Value input : concat.getInputs().drop_front())
        sum = combine<arith::AddIOp>(sum, dimOf(input, dim));
      return sum;
    }
    if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      unsigned position = 0;
      for (int64_t i = 0; i < dim; ++i)
        position += generate.getType().isDynamicDim(i);
      return scalar(generate.getDynamicExtents()[position]);
    }
    if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
      auto shape = reshape.getShape().getDefiningOp<tensor::FromElementsOp>();
      return shape ? scalar(shape.getElements()[dim]) : Value();
    }
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return dimOf(insert.getDest(), dim);
    if (auto insert = dyn_cast<tensor::InsertOp>(op))
      return dimOf(insert.getDest(), dim);
    if (auto select = dyn_cast<arith::SelectOp>(op)) {
      Value condition = scalar(select.getCondition()),
            a = dimOf(select.getTrueValue(), dim),
            b = dimOf(select.getFalseValue(), dim);
      return condition && a && b
                 ? arith::SelectOp::create(builder, loc, condition, a, b)
                       .getResult()
                 : Value();
    }
    if (auto kernel = dyn_cast<DestinationStyleOpInterface>(op))
      return dimOf(kernel.getTiedOpOperand(cast<OpResult>(value))->get(), dim);
    return {};
  }

  Value computeScalar(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return {};
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      std::optional<int64_t> index = dim.getConstantIndex();
      return index ? dimOf(dim.getSource(), *index) : Value();
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      auto elements =
          extract.getTensor().getDefiningOp<tensor::FromElementsOp>();
      if (!elements || elements.getType().getRank() > 1)
        return {};
      int64_t position = 0;
      if (elements.getType().getRank() == 1) {
        std::optional<int64_t> index =
            getConstantIntValue(extract.getIndices().front());
        if (!index || *index < 0 ||
            *index >= (int64_t)elements.getElements().size())
          return {};
        position = *index;
      }
      return scalar(elements.getElements()[position]);
    }
    if (!isPure(op) || op->getNumRegions() != 0 || op->getNumResults() != 1 ||
        !value.getType().isIntOrIndex())
      return {};
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      Value mapped =
          operand.getType().isIntOrIndex() ? scalar(operand) : Value();
      if (!mapped)
        return {};
      mapping.map(operand, mapped);
    }
    return builder.clone(*op, mapping)->getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> dims;
  llvm::DenseMap<Value, Value> scalars;
  // A guard of the stack; canonicalized index arithmetic is far shallower.
  static constexpr int maxDepth = 2000;
  int depth = 0;
};

class CreateShapeFunctionPass final
    : public impl::CreateShapeFunctionPassBase<CreateShapeFunctionPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("needs a function @main of one block");
      return signalPassFailure();
    }
    OpBuilder builder(&getContext());
    Location loc = main.getLoc();
    Type index = builder.getIndexType();
    SmallVector<Type> arguments, results;
    for (Type type : main.getArgumentTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor) {
        main.emitError("arguments of @main are ranked tensors");
        return signalPassFailure();
      }
      arguments.append(tensor.getNumDynamicDims(), index);
    }
    for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
      if (main.getResultAttr(i, kCacheAttrName))
        continue;
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor) {
        main.emitError("results of @main are ranked tensors");
        return signalPassFailure();
      }
      results.append(tensor.getRank(), index);
    }

    builder.setInsertionPointAfter(main);
    auto shapes = func::FuncOp::create(
        builder, loc, "shapes", builder.getFunctionType(arguments, results));
    Block *entry = shapes.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    DimRebuilder rebuilder(builder, loc);
    unsigned next = 0;
    for (BlockArgument argument : main.getArguments()) {
      auto tensor = cast<RankedTensorType>(argument.getType());
      for (int64_t i = 0; i < tensor.getRank(); ++i)
        if (tensor.isDynamicDim(i))
          rebuilder.setDim(argument, i, entry->getArgument(next++));
    }

    SmallVector<Value> dims;
    SmallVector<int64_t> ranks;
    for (auto [i, result] : llvm::enumerate(
             main.getBody().front().getTerminator()->getOperands())) {
      if (main.getResultAttr(i, kCacheAttrName))
        continue;
      auto tensor = cast<RankedTensorType>(result.getType());
      ranks.push_back(tensor.getRank());
      for (int64_t d = 0; d < tensor.getRank(); ++d) {
        Value dim = rebuilder.dimOf(result, d);
        dims.push_back(dim ? dim
                           : arith::ConstantIndexOp::create(builder, loc, -1));
      }
    }
    func::ReturnOp::create(builder, loc, dims);
    // How the flat list of dims belongs to results; the results themselves are
    // gone when the entry point is made.
    main->setAttr("qopt.result_ranks", builder.getDenseI64ArrayAttr(ranks));
  }
};

} // namespace
} // namespace mlir::qopt
