//===- Builders.cpp - operations that every family builds -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants, empty tensors and linalg.generic in the forms that the conversion
// uses, and conversions between float types.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Lowering.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"

using namespace mlir;
using namespace mlir::qopt;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

ElementsAttr Lowering::constantOf(Value graph) {
  auto constant = graph.getDefiningOp<onnx::ConstantOp>();
  return constant ? constant.getValue() : ElementsAttr();
}

ElementsAttr Lowering::storedConstantOf(Value graph) {
  if (ElementsAttr value = constantOf(graph))
    return value;
  auto cast = graph.getDefiningOp<onnx::CastOp>();
  if (!cast || !elementOf(graph).isF32() || !elementOf(cast.getInput()).isF16())
    return nullptr;
  return constantOf(cast.getInput());
}

Value Lowering::weight(ElementsAttr value) {
  ElementsAttr blob = asBlob(value);
  return WeightOp::create(b, blob.getShapedType(), blob, IntegerAttr());
}

Value Lowering::constantTensor(ElementsAttr value) {
  // What fits a few cache lines is cheapest as code; a section entry costs
  // more.
  constexpr int64_t kInlineElements = 64;
  auto type = cast<RankedTensorType>(value.getShapedType());
  if (type.getNumElements() <= kInlineElements)
    return arith::ConstantOp::create(b, asInline(value));
  if (value.isSplat()) {
    auto scalar = arith::ConstantOp::create(
        b, cast<TypedAttr>(asInline(value).getSplatValue<Attribute>()));
    SmallVector<OpFoldResult> dims;
    for (int64_t size : type.getShape())
      dims.push_back(b.getIndexAttr(size));
    return filled(dims, scalar);
  }
  return weight(value);
}

Value Lowering::index(int64_t number) {
  return arith::ConstantIndexOp::create(b, number);
}

Value Lowering::value(OpFoldResult number) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), number);
}

Value Lowering::number(Type type, double number) {
  return constantNumber(b, type, number);
}

Value qopt::constantNumber(ImplicitLocOpBuilder &b, Type type, double number) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(floatType, number));
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, int64_t(number)));
}

Value qopt::constantInteger(ImplicitLocOpBuilder &b, Type type,
                            const APInt &number) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, number));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Value Lowering::empty(ArrayRef<OpFoldResult> dims, Type element) {
  return tensor::EmptyOp::create(b, dims, element);
}

Value Lowering::filled(ArrayRef<OpFoldResult> dims, Value scalar) {
  return linalg::FillOp::create(b, scalar, empty(dims, scalar.getType()))
      .getResult(0);
}

Value Lowering::fitTo(Value tensor, ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape =
      decomposeMixedValues(SmallVector<OpFoldResult>(sizes)).first;
  return castTo(tensor, cast<RankedTensorType>(tensor.getType()).clone(shape));
}

SmallVector<Value> Lowering::generic(ValueRange inputs, ValueRange inits,
                                     ArrayRef<AffineMap> maps,
                                     ArrayRef<utils::IteratorType> iterators,
                                     Body body) {
  auto op = linalg::GenericOp::create(
      b, TypeRange(inits), inputs, inits, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder builder(loc, nested);
        linalg::YieldOp::create(builder, body(builder, arguments));
      });
  return SmallVector<Value>(op.getResults());
}

Value Lowering::parallel(ArrayRef<OpFoldResult> dims, Type element,
                         ValueRange inputs, ArrayRef<AffineMap> maps,
                         Body1 body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(b.getMultiDimIdentityMap(dims.size()));
  return generic(inputs, empty(dims, element), all, parallelLoops(dims.size()),
                 [&](ImplicitLocOpBuilder &nested, ValueRange arguments) {
                   return SmallVector<Value>{body(nested, arguments)};
                 })
      .front();
}

Value Lowering::transpose(Value tensor, ArrayRef<OpFoldResult> dims,
                          ArrayRef<int64_t> permutation) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t axis : permutation)
    sizes.push_back(dims[axis]);
  AffineMap map = mapOnto(b.getContext(), permutation.size(),
                          invertPermutationVector(permutation));
  return parallel(
      sizes, cast<RankedTensorType>(tensor.getType()).getElementType(), tensor,
      map, [](ImplicitLocOpBuilder &, ValueRange a) { return a[0]; });
}

Value Lowering::loopNest(ArrayRef<Value> sizes, Value tensor,
                         function_ref<Value(ArrayRef<Value>, Value)> body) {
  Value zero = index(0), one = index(1);
  SmallVector<Value> indices;
  SmallVector<scf::ForOp> loops;
  OpBuilder::InsertionGuard guard(b);
  Value carried = tensor;
  for (Value size : sizes) {
    auto loop = scf::ForOp::create(b, zero, size, one, carried);
    if (!loops.empty())
      scf::YieldOp::create(b, loop.getResult(0));
    loops.push_back(loop);
    indices.push_back(loop.getInductionVar());
    carried = loop.getRegionIterArg(0);
    b.setInsertionPointToStart(loop.getBody());
  }
  Value next = body(indices, carried);
  if (loops.empty())
    return next;
  scf::YieldOp::create(b, next);
  return loops.front().getResult(0);
}

AffineMap qopt::mapOnto(MLIRContext *context, int64_t rank,
                        ArrayRef<int64_t> loops) {
  SmallVector<AffineExpr> results;
  for (int64_t loop : loops)
    results.push_back(getAffineDimExpr(loop, context));
  return AffineMap::get(rank, 0, results, context);
}

std::string qopt::toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

//===----------------------------------------------------------------------===//
// Float types
//===----------------------------------------------------------------------===//

Type qopt::computeType(Type element) {
  if (element.isF16() || element.isBF16())
    return Float32Type::get(element.getContext());
  return element;
}

Value qopt::convertFloat(ImplicitLocOpBuilder &b, Value scalar, Type type) {
  Type from = scalar.getType();
  if (from == type)
    return scalar;
  unsigned width = from.getIntOrFloatBitWidth(),
           wanted = type.getIntOrFloatBitWidth();
  if (width == wanted) // f16 and bf16: f32 holds both
    return convertFloat(b, convertFloat(b, scalar, b.getF32Type()), type);
  if (width < wanted)
    return arith::ExtFOp::create(b, type, scalar);
  return arith::TruncFOp::create(b, type, scalar);
}

Value qopt::extendHalf(ImplicitLocOpBuilder &b, Value scalar) {
  return convertFloat(b, scalar, computeType(scalar.getType()));
}
