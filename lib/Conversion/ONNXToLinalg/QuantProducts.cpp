//===- QuantProducts.cpp - products of integers with zero points ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MatMulInteger and QLinearMatMul: exact i32 sums of the differences to the
// zero points, which are scalars or one per row or column.
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "QuantLinear.h"
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"

using namespace mlir;
using namespace mlir::qopt;

/// Map of a zero point or scale over the loops of a product: one value, or one
/// per row or column (as a vector, or with unit dims for the others).
static FailureOr<AffineMap> productMap(Lowering &l, const Contraction &c,
                                       Value parameter, bool isRow) {
  MLIRContext *context = l.b.getContext();
  int64_t loops = c.loops.size(), rank = l.rankOf(parameter),
          loop = isRow ? c.rowLoop : c.columnLoop;
  SmallVector<AffineExpr> exprs(rank, getAffineConstantExpr(0, context));
  for (int64_t i = 0; i < rank; ++i) {
    if (l.expr(parameter, i).isConstant(1))
      continue;
    // Where the rows or columns of a parameter of this rank stand.
    int64_t matrixDim = isRow ? rank - 2 : rank - 1;
    if ((rank != 1 && i != matrixDim && i >= rank - 2) || loop < 0)
      return l.fail("a zero point or scale does not fit its operand");
    exprs[i] = getAffineDimExpr(
        rank == 1 || i == matrixDim ? loop : i + (loops - 3) - (rank - 2),
        context);
  }
  return AffineMap::get(loops, 0, exprs, context);
}

namespace {
/// Operands that hold one value per row or column, beside those of a product.
struct Extras {
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  /// Position among the tensors, or -1.
  int64_t add(Lowering &l, const Contraction &c, Value parameter, bool isRow,
              bool &failing) {
    if (!l.present(parameter))
      return -1;
    auto map = productMap(l, c, parameter, isRow);
    failing |= failed(map);
    if (failed(map))
      return -1;
    int64_t loop = isRow ? c.rowLoop : c.columnLoop;
    bool open = l.rankOf(parameter) == 1 && loop >= 0 &&
                !l.expr(parameter, 0).isConstant();
    tensors.push_back(open ? spreadVector(l, parameter, c.dims[loop])
                           : l.get(parameter));
    maps.push_back(*map);
    return tensors.size() - 1;
  }
};
} // namespace

/// sum((a - aZero) * (b - bZero)) in i32.
static FailureOr<Value> integerProduct(Lowering &l, const Contraction &c,
                                       Value a, Value aZero, Value b,
                                       Value bZero) {
  Extras extras;
  bool failing = false;
  int64_t aAt = extras.add(l, c, aZero, true, failing),
          bAt = extras.add(l, c, bZero, false, failing);
  if (failing)
    return failure();
  Type i32 = l.b.getI32Type();
  return contract(
      l, c, i32, extras.tensors, extras.maps,
      [&](ImplicitLocOpBuilder &nested, ValueRange arguments) -> Value {
        auto shifted = [&](Value x, Type type, int64_t at, Value zero) {
          Value number = castScalar(nested, x, type, i32);
          if (at < 0)
            return number;
          return Value(arith::SubIOp::create(
              nested, number,
              castScalar(nested, arguments[2 + at], l.elementOf(zero), i32)));
        };
        return arith::MulIOp::create(
            nested, shifted(arguments[0], l.elementOf(a), aAt, aZero),
            shifted(arguments[1], l.elementOf(b), bAt, bZero));
      });
}

/// The operands of both ops have the same names. By a kernel where there is
/// one.
template <typename OpTy>
static FailureOr<Value> exactProduct(Lowering &l, const Contraction &c,
                                     OpTy op) {
  Value a = op.getA(), aZero = op.getAZeroPoint(), b = op.getB(),
        bZero = op.getBZeroPoint();
  FailureOr<Value> product = kernelProduct(l, a, aZero, b, bZero);
  if (succeeded(product))
    return product;
  return integerProduct(l, c, a, aZero, b, bZero);
}

static LogicalResult lowerMatMulInteger(onnx::MatMulIntegerOp op, Lowering &l) {
  auto c = contractionOf(l, op.getA(), op.getB(), op.getY());
  if (failed(c))
    return failure();
  auto product = exactProduct(l, *c, op);
  if (failed(product))
    return failure();
  l.set(op.getY(), *product);
  return success();
}

/// saturate(rne(sum * (aScale * bScale / yScale)) + yZero)
static LogicalResult lowerQLinearMatMul(onnx::QLinearMatMulOp op, Lowering &l) {
  Value result = op.getY();
  auto c = contractionOf(l, op.getA(), op.getB(), result);
  if (failed(c))
    return failure();
  auto product = exactProduct(l, *c, op);
  if (failed(product))
    return failure();
  Extras extras;
  bool failing = false;
  extras.add(l, *c, op.getAScale(), true, failing);
  extras.add(l, *c, op.getBScale(), false, failing);
  extras.add(l, *c, op.getYScale(), true, failing);
  extras.add(l, *c, op.getYZeroPoint(), true, failing);
  if (failing)
    return failure();
  // Over the result: the loops of the product without the contracted one.
  int64_t rank = c->dims.size();
  SmallVector<Value> inputs{*product};
  SmallVector<AffineMap> maps{l.b.getMultiDimIdentityMap(rank)};
  llvm::append_range(inputs, extras.tensors);
  for (AffineMap map : extras.maps)
    maps.push_back(AffineMap::get(rank, 0, map.getResults(), l.b.getContext()));
  Type f32 = l.b.getF32Type(), to = l.elementOf(result);
  l.set(result,
        l.parallel(c->dims, l.typeOf(result).getElementType(), inputs, maps,
                   [&](ImplicitLocOpBuilder &b, ValueRange a) {
                     auto scale = [&](Value x) {
                       return convertFloat(b, x, f32);
                     };
                     Value factor = arith::DivFOp::create(
                         b, arith::MulFOp::create(b, scale(a[1]), scale(a[2])),
                         scale(a[3]));
                     Value scaled = arith::MulFOp::create(
                         b, arith::SIToFPOp::create(b, f32, a[0]), factor);
                     return quantizeScalar(b, scaled, a[4],
                                           l.elementOf(op.getYZeroPoint()), to);
                   }));
  return success();
}

void qopt::registerQuantProducts(Registry &registry) {
  registry.add(lowerMatMulInteger);
  registry.add(lowerQLinearMatMul);
}
