//===- Composer.cpp - builds the ops of a decomposition ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "mlir/IR/OperationSupport.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"

using namespace mlir;
using namespace mlir::onnx;

Operation *Composer::create(StringRef name, ValueRange operands,
                            unsigned results,
                            ArrayRef<NamedAttribute> attributes) {
  MLIRContext *context = rewriter.getContext();
  OperationState state(loc, name);
  state.addOperands(operands);
  state.addAttributes(attributes);
  DictionaryAttr dictionary = DictionaryAttr::get(context, attributes);
  auto *iface = state.name.getInterface<ONNXOpInterface>();
  for (unsigned i = 0; i != results; ++i) {
    Type element = iface->inferElementType(context, operands, dictionary, i);
    state.addTypes(UnrankedTensorType::get(element));
  }
  return rewriter.create(state);
}

Value Composer::cast(Value value, Type element) {
  if (mlir::cast<TensorType>(value.getType()).getElementType() == element)
    return value;
  return op<CastOp>(value, attr("to", TypeAttr::get(element)));
}

Value Composer::scalar(Type element, double number) {
  return ConstantOp::create(rewriter, loc, scalarValue(element, number));
}

Value Composer::ints(ArrayRef<int64_t> numbers) {
  return ConstantOp::create(rewriter, loc, rewriter.getI64TensorAttr(numbers));
}

Value Composer::range(Value limit) {
  Type i64 = rewriter.getI64Type();
  return op<RangeOp>({scalar(i64, 0), limit, scalar(i64, 1)});
}

Value Composer::none() {
  return NoValueOp::create(rewriter, loc, rewriter.getNoneType());
}

Value Composer::choose(Value condition, function_ref<Value()> then,
                       function_ref<Value()> otherwise) {
  Region regions[2];
  Type element;
  for (auto [region, body] :
       llvm::zip_equal(MutableArrayRef<Region>(regions),
                       ArrayRef<function_ref<Value()>>{then, otherwise})) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.createBlock(&region);
    Value result = body();
    element = getElementTypeOrSelf(result);
    YieldOp::create(rewriter, loc, result);
  }
  auto branch = IfOp::create(
      rewriter, loc, TypeRange(UnrankedTensorType::get(element)), condition);
  branch.getThenBranch().takeBody(regions[0]);
  branch.getElseBranch().takeBody(regions[1]);
  return branch.getResult(0);
}

SmallVector<Value>
Composer::loop(Value count, ValueRange initial,
               function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto unranked = [](Value value) -> Type {
    return UnrankedTensorType::get(getElementTypeOrSelf(value));
  };
  OperationState state(loc, LoopOp::getOperationName());
  state.addOperands({count, none()});
  state.addOperands(initial);
  Region *region = state.addRegion();
  {
    OpBuilder::InsertionGuard guard(rewriter);
    Block *block = rewriter.createBlock(region);
    block->addArgument(RankedTensorType::get({}, rewriter.getI64Type()), loc);
    block->addArgument(RankedTensorType::get({}, rewriter.getI1Type()), loc);
    for (Value value : initial)
      block->addArgument(unranked(value), loc);
    SmallVector<Value> yielded =
        body(block->getArgument(0), block->getArguments().drop_front(2));
    for (Value value : yielded)
      state.addTypes(unranked(value));
    yielded.insert(yielded.begin(), block->getArgument(1));
    YieldOp::create(rewriter, loc, yielded);
  }
  return llvm::to_vector_of<Value>(rewriter.create(state)->getResults());
}

void Composer::replace(Operation *op, ValueRange values) {
  for (auto [value, result] : llvm::zip_equal(values, op->getResults()))
    rewriter.modifyOpInPlace(value.getDefiningOp(), [&, v = value, r = result] {
      Value(v).setType(r.getType());
    });
  rewriter.replaceOp(op, values);
}
