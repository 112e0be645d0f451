//===- Epilogue.cpp - the epilogue of a product on vectors ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "../X86/Vectors.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::qopt;
using namespace mlir::qopt::kernels;

static SmallVector<Value> outerValues(MatmulOp op) {
  llvm::SetVector<Value> values;
  getUsedValuesDefinedAbove(op.getEpilogue(), values);
  return values.takeVector();
}

/// The value of a constant scalar, or null.
static TypedAttr constantOf(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return nullptr;
  return dyn_cast<TypedAttr>(attribute);
}

SmallVector<Value> kernels::epilogueScalars(MatmulOp op) {
  SmallVector<Value> values = outerValues(op);
  llvm::erase_if(values, [](Value value) { return bool(constantOf(value)); });
  return values;
}

LogicalResult kernels::verifyEpilogue(MatmulOp op) {
  for (Value value : outerValues(op))
    if (!value.getType().isIntOrFloat())
      return op.emitOpError("has an epilogue that reads a ")
             << value.getType() << " from outside";
  for (Operation &inner : op.getEpilogue().front().without_terminator())
    if (!OpTrait::hasElementwiseMappableTraits(&inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>())
      return inner.emitOpError("has no vector form in an epilogue");
  return success();
}

std::string kernels::epilogueKey(MatmulOp op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  DenseMap<Value, unsigned> numbers;
  auto number = [&](Value value) {
    numbers.try_emplace(value, unsigned(numbers.size()));
  };
  for (Value value : epilogueScalars(op))
    number(value);
  Block &block = op.getEpilogue().front();
  for (BlockArgument argument : block.getArguments())
    number(argument);
  for (Operation &inner : block) {
    os << inner.getName() << inner.getAttrDictionary()
       << inner.getPropertiesAsAttribute();
    for (Value operand : inner.getOperands()) {
      if (TypedAttr constant = constantOf(operand))
        os << ' ' << constant;
      else
        os << " %" << numbers.lookup(operand);
    }
    for (Value result : inner.getResults()) {
      os << ':' << result.getType();
      number(result);
    }
    os << ';';
  }
  return text;
}

/// Registers of 512 bits.
static bool hasErfTable(Value x) {
  auto type = cast<VectorType>(x.getType());
  return type.getElementType().isF32() && type.getNumElements() == 16;
}

SmallVector<Value> kernels::applyEpilogue(KernelBuilder &b, MatmulOp op,
                                          ValueRange arguments,
                                          ValueRange scalars) {
  int64_t lanes =
      cast<VectorType>(arguments.front().getType()).getNumElements();
  Block &block = op.getEpilogue().front();
  DenseMap<Value, Value> map;
  for (auto [argument, vector] : llvm::zip(block.getArguments(), arguments))
    map[argument] = vector;
  for (auto [outer, scalar] : llvm::zip(epilogueScalars(op), scalars))
    map[outer] = b.broadcast(scalar, lanes);
  auto vectorOf = [&](Value value) {
    if (Value known = map.lookup(value))
      return known;
    TypedAttr constant = constantOf(value);
    auto type = VectorType::get({lanes}, value.getType());
    Value splat =
        arith::ConstantOp::create(b, DenseElementsAttr::get(type, constant));
    map[value] = splat;
    return splat;
  };
  for (Operation &inner : block.without_terminator()) {
    if (inner.hasTrait<OpTrait::ConstantLike>())
      continue;
    SmallVector<Value> operands = llvm::map_to_vector(
        inner.getOperands(), [&](Value v) { return vectorOf(v); });
    if (isa<math::ErfOp>(inner) && hasErfTable(operands[0])) {
      map[inner.getResult(0)] = x86::erfByTable(b, operands[0]);
      continue;
    }
    SmallVector<Type> types =
        llvm::map_to_vector(inner.getResultTypes(), [&](Type type) -> Type {
          return VectorType::get({lanes}, type);
        });
    OperationState state(inner.getLoc(), inner.getName(), operands, types,
                         inner.getAttrs());
    Operation *vector = b.create(state);
    vector->copyProperties(inner.getPropertiesStorage());
    for (auto [from, to] : llvm::zip(inner.getResults(), vector->getResults()))
      map[from] = to;
  }
  return llvm::map_to_vector(block.getTerminator()->getOperands(),
                             [&](Value v) { return vectorOf(v); });
}
