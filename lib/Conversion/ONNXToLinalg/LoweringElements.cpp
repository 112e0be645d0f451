//===- LoweringElements.cpp - elements of small integer tensors -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape arithmetic: shapes, axes, bounds and counts, which are known one by one
// as constants, expressions of the analysis or scalars.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Lowering.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::qopt;

/// Whether all elements of a result are known as expressions over other values.
bool Lowering::computedByAnalysis(Value result) {
  if (!isSmallInt(result))
    return false;
  auto elements = shapes.getElements(result);
  if (!elements)
    return false;
  bool own = false;
  for (const onnx::DimExpr &element : *elements)
    element.walkSymbols([&](onnx::DimSymbol symbol) {
      const auto &info = shapes.getSymbols().getInfo(symbol);
      own |= info.value && info.value.getDefiningOp() == result.getDefiningOp();
    });
  return !own;
}

bool Lowering::isSmallInt(Value graph) {
  RankedTensorType type = typeOf(graph);
  return isa<IntegerType>(elementOf(graph)) && type.hasStaticShape() &&
         type.getNumElements() <= onnx::ShapeAnalysis::kMaxElements;
}

/// An index as an element of a tensor. Bools are 0 or 1.
static Value toElement(ImplicitLocOpBuilder &b, OpFoldResult number,
                       Type type) {
  if (auto attribute = dyn_cast<Attribute>(number)) {
    int64_t constant = cast<IntegerAttr>(attribute).getInt();
    if (type.isInteger(1))
      constant = constant != 0;
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, constant));
  }
  return arith::IndexCastOp::create(b, type, cast<Value>(number));
}

std::optional<SmallVector<Value>> Lowering::knownElements(Value graph) {
  if (auto it = scalars.find(graph); it != scalars.end())
    return it->second;
  if (!isSmallInt(graph))
    return std::nullopt;
  Type element = typeOf(graph).getElementType();
  SmallVector<Value> values;
  if (ElementsAttr constant = constantOf(graph)) {
    for (const APInt &number : asInline(constant).getValues<APInt>())
      values.push_back(constantInteger(b, element, number));
  } else {
    if (!graph.getDefiningOp() || !computedByAnalysis(graph))
      return std::nullopt;
    auto elements = shapes.getElements(graph);
    for (const onnx::DimExpr &number : *elements)
      values.push_back(toElement(b, materialize(number), element));
  }
  return scalars[graph] = values;
}

FailureOr<SmallVector<OpFoldResult>>
Lowering::indexElements(Value graph, std::optional<int64_t> count) {
  RankedTensorType type = typeOf(graph);
  if (!type.hasStaticShape()) {
    if (!count || type.getRank() != 1)
      return fail("the length of an operand is not known");
    Value length = dimValue(graph, 0), wanted = index(*count);
    require(compare(arith::CmpIPredicate::eq, length, wanted),
            "an operand has {0} elements in place of {1}", {length, wanted});
  } else if (count && type.getNumElements() != *count) {
    return fail("an operand has " + Twine(type.getNumElements()) +
                " elements in place of " + Twine(*count));
  } else {
    count = type.getNumElements();
  }

  SmallVector<OpFoldResult> result;
  bool recorded = scalars.count(graph);
  if (auto elements = shapes.getElements(graph); elements && !recorded) {
    for (const onnx::DimExpr &number : *elements)
      result.push_back(materialize(number));
    return result;
  }
  Type indexType = b.getIndexType();
  auto toIndex = [&](Value number) -> OpFoldResult {
    if (elementOf(graph).isUnsignedInteger())
      return getAsOpFoldResult(
          b.createOrFold<arith::IndexCastUIOp>(indexType, number));
    return getAsOpFoldResult(
        b.createOrFold<arith::IndexCastOp>(indexType, number));
  };
  if (auto known = knownElements(graph)) {
    for (Value number : *known)
      result.push_back(toIndex(number));
    return result;
  }
  Value tensor = get(graph);
  SmallVector<int64_t> shape(type.getShape());
  if (!type.hasStaticShape())
    shape = {*count};
  SmallVector<int64_t> strides = computeStrides(shape);
  for (int64_t i = 0; i < *count; ++i) {
    SmallVector<Value> position;
    for (int64_t coordinate : delinearize(i, strides))
      position.push_back(index(coordinate));
    result.push_back(toIndex(read(tensor, position)));
  }
  return result;
}

void Lowering::setElements(Value graph, ArrayRef<Value> elements) {
  scalars[graph] = SmallVector<Value>(elements);
}

FailureOr<Value> Lowering::scalarOf(Value graph) {
  RankedTensorType type = typeOf(graph);
  if (type.hasStaticShape() && type.getNumElements() != 1)
    return fail("an operand has " + Twine(type.getNumElements()) +
                " elements in place of one");
  if (ElementsAttr constant = constantOf(graph))
    return Value(arith::ConstantOp::create(
        b, cast<TypedAttr>(*asInline(constant).value_begin<Attribute>())));
  if (auto elements = knownElements(graph))
    return elements->front();
  for (unsigned i = 0, e = type.getRank(); i < e; ++i) {
    if (expr(graph, i).isConstant(1))
      continue;
    Value size = dimValue(graph, i);
    require(compare(arith::CmpIPredicate::eq, size, index(1)),
            "an operand has {0} elements in place of one", size);
  }
  SmallVector<Value> first(type.getRank(), index(0));
  return read(get(graph), first);
}

std::optional<SmallVector<int64_t>> Lowering::constantInts(Value graph) {
  return shapes.getConstantElements(graph);
}
