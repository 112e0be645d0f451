//===- LoweringValues.cpp - tensors and dims of the graph -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands for a value of the graph: a tensor, made where it is first asked
// for, and sizes as expressions of the analysis.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Lowering.h"
#include "SmallTypes.h"

using namespace mlir;
using namespace mlir::qopt;

RankedTensorType Lowering::typeOf(Value graph) {
  SmallVector<int64_t> shape;
  for (const onnx::DimExpr &dim : shapes.getShape(graph))
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, storageType(elementOf(graph)));
}

Value Lowering::castTo(Value tensor, RankedTensorType type) {
  return tensor.getType() == type ? tensor
                                  : tensor::CastOp::create(b, type, tensor);
}

Value Lowering::get(Value graph) {
  if (Value tensor = tensors.lookup(graph))
    return tensor;
  Value tensor;
  if (ElementsAttr constant = constantOf(graph)) {
    tensor = constantTensor(constant);
  } else if (auto elements = knownElements(graph)) {
    tensor = tensor::FromElementsOp::create(b, typeOf(graph), *elements);
  } else {
    // Only after an error, at the producer or here: the module is thrown away.
    if (graph.getDefiningOp() == node)
      (void)fail("a result is needed before it is computed");
    RankedTensorType type = typeOf(graph);
    SmallVector<Value> sizes(type.getNumDynamicDims(), index(0));
    tensor = tensor::EmptyOp::create(b, type, sizes);
  }
  return tensors[graph] = tensor;
}

void Lowering::set(Value graph, Value tensor) {
  tensors[graph] = castTo(tensor, typeOf(graph));
}

//===----------------------------------------------------------------------===//
// Dims
//===----------------------------------------------------------------------===//

bool Lowering::isOwnDim(Value result, unsigned i) {
  bool own = false;
  expr(result, i).walkSymbols([&](onnx::DimSymbol symbol) {
    const auto &info = shapes.getSymbols().getInfo(symbol);
    own |= info.kind == onnx::DimSymbols::Kind::Dim && info.value &&
           info.value.getDefiningOp() == result.getDefiningOp();
  });
  return own;
}

void Lowering::setDim(Value result, unsigned i, Value index) {
  ownDims[{result, i}] = index;
}

/// A dim of a result that the node has computed, while the result itself is not
/// there to be asked.
Value Lowering::ownDim(onnx::DimSymbol symbol) {
  const auto &info = shapes.getSymbols().getInfo(symbol);
  if (info.kind != onnx::DimSymbols::Kind::Dim)
    return Value();
  return ownDims.lookup({info.value, unsigned(info.index)});
}

OpFoldResult Lowering::materialize(const onnx::DimExpr &size) {
  bool own = false;
  size.walkSymbols(
      [&](onnx::DimSymbol symbol) { own |= bool(ownDim(symbol)); });
  if (!own)
    return materializer.materializeFolded(b, b.getLoc(), size);
  Value sum;
  for (const onnx::DimExpr::Term &term : size.getTerms()) {
    Value part = term.coefficient == 1 && !term.symbols.empty()
                     ? Value()
                     : index(term.coefficient);
    for (onnx::DimSymbol symbol : term.symbols) {
      Value factor = ownDim(symbol);
      if (!factor)
        factor = materializer.materialize(b, b.getLoc(),
                                          onnx::DimExpr::symbol(symbol));
      part = part ? Value(arith::MulIOp::create(b, part, factor)) : factor;
    }
    sum = sum ? add(sum, part) : part;
  }
  return sum;
}

OpFoldResult Lowering::dim(Value graph, unsigned i) {
  return materialize(expr(graph, i));
}

SmallVector<OpFoldResult> Lowering::dims(Value graph) {
  SmallVector<OpFoldResult> result;
  for (unsigned i = 0, e = rankOf(graph); i < e; ++i)
    result.push_back(dim(graph, i));
  return result;
}

OpFoldResult Lowering::product(Value graph, ArrayRef<int64_t> axes) {
  onnx::DimExpr size(1);
  for (int64_t axis : axes)
    size = size * expr(graph, axis);
  return materialize(size);
}

LogicalResult Lowering::requireEqual(Value a, unsigned i, Value c, unsigned j,
                                     StringRef what) {
  const onnx::DimExpr &left = expr(a, i), &right = expr(c, j);
  if (left == right)
    return success();
  auto l = left.getConstant(), r = right.getConstant();
  if (l && r)
    return fail(what + " differ: " + Twine(*l) + " and " + Twine(*r));
  Value x = dimValue(a, i), y = dimValue(c, j);
  require(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y),
          what + " differ: {0} and {1}", {x, y});
  return success();
}
