//===- MatMul.cpp - MatMul and Gemm ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product with a constant matrix is a kernel of its own, transposed at
// compile time if need be; what the node does to the sum (alpha, bias) is
// elementwise code that fuses into the kernel's epilogue.
//===----------------------------------------------------------------------===//

#include "Broadcast.h"
#include "CacheViews.h"
#include "ConstantData.h"
#include "Contraction.h"
#include "Elementwise.h"
#include "Reshape.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

using namespace mlir;
using namespace mlir::qopt;

/// The matrix of a float product that gets a kernel, or null.
static ElementsAttr weightOf(Lowering &l, Value operand) {
  Type element = l.elementOf(operand);
  if (!isa<FloatType>(element) || element.isF64() || l.rankOf(operand) != 2)
    return nullptr;
  return l.storedConstantOf(operand);
}

/// What the operands of the product are rounded to; null: nothing.
static Type productType(Operation *op) {
  auto type = op->getAttrOfType<TypeAttr>(productsAttrName);
  return type ? type.getValue() : Type();
}

/// The product of two elements, in the type that sums are computed in.
static Value multiply(ImplicitLocOpBuilder &b, ValueRange a) {
  if (isa<FloatType>(a[0].getType()))
    return arith::MulFOp::create(b, extendHalf(b, a[0]), extendHalf(b, a[1]));
  return arith::MulIOp::create(b, a[0], a[1]);
}

static LogicalResult lowerMatMul(onnx::MatMulOp op, Lowering &l) {
  Value a = op.getA(), b = op.getB(), result = op.getY();
  Type element = l.typeOf(result).getElementType(), sum = computeType(element);
  if (ElementsAttr weight = weightOf(l, b)) {
    Value lhs = l.get(a);
    SmallVector<OpFoldResult> dims = l.dims(a);
    SmallVector<onnx::DimExpr> shape(l.shapes.getShape(a));
    bool isVector = dims.size() == 1;
    if (isVector) {
      shape.insert(shape.begin(), onnx::DimExpr(1));
      dims.insert(dims.begin(), l.b.getIndexAttr(1));
      lhs = reshape(l, lhs, l.shapes.getShape(a), shape, dims);
    }
    auto product = matmulWithWeight(l, lhs, dims, weight, productType(op));
    if (failed(product))
      return failure();
    Value out = convertTensor(l, *product, element);
    if (isVector) {
      shape.back() = l.expr(result, 0);
      out = reshape(l, out, shape, l.shapes.getShape(result), l.dims(result));
    }
    l.set(result, out);
    return success();
  }
  auto byCache = multiplyByCache(l, a, b, result);
  if (failed(byCache))
    return failure();
  if (*byCache) {
    l.set(result, *byCache);
    return success();
  }
  auto contraction = contractionOf(l, a, b, result);
  if (failed(contraction))
    return failure();
  Value product = contract(l, *contraction, sum, {}, {}, multiply);
  l.set(result,
        isa<FloatType>(element) ? convertTensor(l, product, element) : product);
  return success();
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

/// A' * B' as a linalg.generic, in the type that sums are computed in.
static FailureOr<Value> gemmProduct(onnx::GemmOp op, Lowering &l, Type sum) {
  Value a = op.getA(), b = op.getB();
  bool transA = op.getTransA(), transB = op.getTransB();
  if (failed(l.requireEqual(a, transA ? 0 : 1, b, transB ? 1 : 0,
                            "contracted dims")))
    return failure();
  MLIRContext *context = l.b.getContext();
  Contraction c;
  c.a = l.get(a);
  c.b = l.get(b);
  c.aMap = transA ? mapOnto(context, 3, {2, 0}) : mapOnto(context, 3, {0, 2});
  c.bMap = transB ? mapOnto(context, 3, {1, 2}) : mapOnto(context, 3, {2, 1});
  c.resultMap = mapOnto(context, 3, {0, 1});
  c.loops = parallelLoops(2);
  c.loops.push_back(utils::IteratorType::reduction);
  c.dims = {l.dim(a, transA ? 1 : 0), l.dim(b, transB ? 0 : 1)};
  return contract(l, c, sum, {}, {}, multiply);
}

static LogicalResult lowerGemm(onnx::GemmOp op, Lowering &l) {
  Value a = op.getA(), result = op.getY();
  Type element = l.typeOf(result).getElementType(), sum = computeType(element);
  float alpha = op.getAlpha().convertToFloat(),
        beta = op.getBeta().convertToFloat();
  if (!isa<FloatType>(sum) && (alpha != 1 || beta != 1))
    return l.fail("alpha and beta are not implemented for integers");

  FailureOr<Value> product;
  if (ElementsAttr weight = weightOf(l, op.getB())) {
    Value lhs = l.get(a);
    SmallVector<OpFoldResult> dims = l.dims(a);
    if (op.getTransA()) {
      lhs = l.transpose(lhs, dims, {1, 0});
      std::swap(dims[0], dims[1]);
    }
    if (op.getTransB())
      weight = transposeMatrix(weight);
    product = matmulWithWeight(l, lhs, dims, weight, productType(op));
  } else {
    product = gemmProduct(op, l, sum);
  }
  if (failed(product))
    return failure();

  SmallVector<Value> bias;
  if (l.present(op.getC()) && beta != 0)
    bias.push_back(op.getC());
  if (bias.empty() && alpha == 1) {
    l.set(result, isa<FloatType>(element) ? convertTensor(l, *product, element)
                                          : *product);
    return success();
  }
  auto dims = broadcastDims(l, result, bias);
  if (failed(dims))
    return failure();
  l.set(result,
        elementwiseOver(
            l, result, *dims, element, *product, l.b.getMultiDimIdentityMap(2),
            bias, [&](ImplicitLocOpBuilder &b, ValueRange arguments) -> Value {
              Value y = arguments[0];
              auto scale = [&](Value x, float factor) {
                return factor == 1
                           ? x
                           : multiply(b, {x, constantNumber(b, sum, factor)});
              };
              y = scale(y, alpha);
              if (arguments.size() == 1)
                return convertFloat(b, y, element);
              if (!isa<FloatType>(sum))
                return arith::AddIOp::create(b, y, arguments[1]);
              Value c = scale(extendHalf(b, arguments[1]), beta);
              return convertFloat(b, arith::AddFOp::create(b, y, c), element);
            }));
  return success();
}

void qopt::registerMatMul(Registry &registry) {
  registry.add(lowerMatMul);
  registry.add(lowerGemm);
}
