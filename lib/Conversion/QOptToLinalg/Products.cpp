//===- Products.cpp - quantized products as linalg ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer sums in i32, one contraction per group of rows of the weight; then
// the scales, the tail of outlier columns and the bias, in the order of the
// operation's description.
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

using namespace mlir;
using namespace mlir::qopt;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// sum_k fn(lhs[..., k], rhs[k, n], row[...]): `row` may be null.
static Value contract(
    ImplicitLocOpBuilder &b, Value lhs, Value rhs, Value row, Type element,
    llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> product) {
  int64_t rank = typeOf(lhs).getRank();
  SmallVector<OpFoldResult> sizes = sizesOf(b, lhs);
  sizes.back() = sizesOf(b, rhs)[1];
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  Value init = linalg::FillOp::create(
                   b, zero, Value(tensor::EmptyOp::create(b, sizes, element)))
                   .getResult(0);

  // Axes: those of the rows, n, k.
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> rows;
  for (int64_t axis = 0; axis + 1 < rank; ++axis)
    rows.push_back(b.getAffineDimExpr(axis));
  AffineExpr n = b.getAffineDimExpr(rank - 1), k = b.getAffineDimExpr(rank);
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  auto withLast = [&](AffineExpr last) {
    SmallVector<AffineExpr> exprs(rows);
    exprs.push_back(last);
    return map(exprs);
  };
  SmallVector<Value> inputs{lhs, rhs};
  SmallVector<AffineMap> maps{withLast(k), map({k, n})};
  if (row) {
    inputs.push_back(row);
    maps.push_back(typeOf(row).getRank() == 0 ? map({}) : map(rows));
  }
  maps.push_back(withLast(n));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, init.getType(), inputs, init, maps, loops,
             [&](OpBuilder &body, Location loc, ValueRange v) {
               ImplicitLocOpBuilder inner(loc, body);
               Value term = product(inner, v.drop_back());
               Value sum =
                   element.isInteger()
                       ? Value(arith::AddIOp::create(inner, v.back(), term))
                       : Value(arith::AddFOp::create(inner, v.back(), term));
               linalg::YieldOp::create(inner, sum);
             })
      .getResult(0);
}

/// Columns [begin, begin + count) of the last axis.
static Value sliceLast(ImplicitLocOpBuilder &b, Value x, int64_t begin,
                       int64_t count) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, x);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  offsets.back() = b.getIndexAttr(begin);
  sizes.back() = b.getIndexAttr(count);
  return tensor::ExtractSliceOp::create(b, x, offsets, sizes, strides);
}

/// Rows [begin, begin + count) of a matrix.
static Value sliceRows(ImplicitLocOpBuilder &b, Value x, int64_t begin,
                       int64_t count) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, x);
  sizes[0] = b.getIndexAttr(count);
  return tensor::ExtractSliceOp::create(
      b, x, ArrayRef<OpFoldResult>{b.getIndexAttr(begin), b.getIndexAttr(0)},
      sizes, ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
}

/// The scale of group g, [N]; without groups the scale itself.
static Value scaleOfGroup(ImplicitLocOpBuilder &b, Value scale, int64_t g) {
  if (typeOf(scale).getRank() < 2)
    return scale;
  Value row = sliceRows(b, scale, g, 1);
  return tensor::CollapseShapeOp::create(
      b, row, ArrayRef<ReassociationIndices>{{0, 1}});
}

/// a + b element by element; `b` may be [N].
static Value addTo(ImplicitLocOpBuilder &builder, Value a, Value b) {
  if (!a)
    return b;
  int64_t rank = typeOf(a).getRank();
  AffineMap map = builder.getMultiDimIdentityMap(rank);
  return mapElements(
      builder, sizesOf(builder, a), builder.getF32Type(),
      {{a, map},
       {b, typeOf(b).getRank() == rank ? map : columnMap(builder, b, rank)}},
      [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        return arith::AddFOp::create(b, v[0], v[1]);
      });
}

/// The group of `count` rows of K from `begin` on.
static Value groupProduct(ImplicitLocOpBuilder &b, QuantizedMatmulOp op,
                          int64_t g, int64_t begin, int64_t count) {
  bool isUnsigned =
      op.getCodes().getType().getElementType().isUnsignedInteger();
  Value codes = withoutSign(b, op.getCodes());
  Value weight = op.getWeight();
  if (count != op.getWeight().getType().getShape()[0]) {
    codes = sliceLast(b, codes, begin, count);
    weight = sliceRows(b, weight, begin, count);
  }
  Value sums = contract(
      b, codes, weight, op.getZeroPoint(), b.getI32Type(),
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        Type wide = b.getI32Type();
        Value q = isUnsigned ? Value(arith::ExtUIOp::create(b, wide, v[0]))
                             : Value(arith::ExtSIOp::create(b, wide, v[0]));
        if (v.size() == 3)
          q = arith::SubIOp::create(b, q, v[2]);
        return arith::MulIOp::create(b, q,
                                     arith::ExtSIOp::create(b, wide, v[1]));
      });
  int64_t rank = typeOf(sums).getRank();
  Value weightScale = scaleOfGroup(b, op.getWeightScale(), g);
  return mapElements(b, sizesOf(b, sums), b.getF32Type(),
                     {{sums, b.getMultiDimIdentityMap(rank)},
                      {op.getScale(), rowMap(b, op.getScale(), rank)},
                      {weightScale, columnMap(b, weightScale, rank)}},
                     [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                       Value sum =
                           arith::SIToFPOp::create(b, b.getF32Type(), v[0]);
                       return arith::MulFOp::create(
                           b, sum, arith::MulFOp::create(b, v[1], v[2]));
                     });
}

static Value groupProduct(ImplicitLocOpBuilder &b, WeightOnlyMatmulOp op,
                          int64_t g, int64_t begin, int64_t count) {
  Value codes = op.getWeight(), x = op.getInput();
  if (count != op.getWeight().getType().getShape()[0]) {
    codes = sliceRows(b, codes, begin, count);
    x = sliceLast(b, x, begin, count);
  }
  Value scale = scaleOfGroup(b, op.getWeightScale(), g);
  Value weight = mapElements(
      b, sizesOf(b, codes), b.getF32Type(),
      {{codes, b.getMultiDimIdentityMap(2)}, {scale, columnMap(b, scale, 2)}},
      [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        Value code = arith::SIToFPOp::create(b, b.getF32Type(), v[0]);
        return arith::MulFOp::create(b, code, v[1]);
      });
  return contract(b, x, weight, {}, b.getF32Type(),
                  [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                    return arith::MulFOp::create(b, v[0], v[1]);
                  });
}

/// Outlier columns times their rows of the weight.
static Value tailProduct(ImplicitLocOpBuilder &b, QuantizedMatmulOp op) {
  return contract(b, op.getTail(), op.getTailWeight(), {}, b.getF32Type(),
                  [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                    Value w = v[1];
                    if (!w.getType().isF32())
                      w = arith::ExtFOp::create(b, b.getF32Type(), w);
                    return arith::MulFOp::create(b, v[0], w);
                  });
}

/// The sum over the groups of K rows.
template <typename ProductOp>
static FailureOr<Value> sumOfGroups(ImplicitLocOpBuilder &b, ProductOp op) {
  int64_t k = op.getWeight().getType().getShape()[0];
  if (ShapedType::isDynamic(k))
    return op.emitError("K is not static");
  int64_t size = op.getGroupSize() ? int64_t(*op.getGroupSize()) : k;
  size = std::max<int64_t>(size, 1);
  Value result;
  for (int64_t g = 0; g * size < k; ++g)
    result =
        addTo(b, result,
              groupProduct(b, op, g, g * size, std::min(size, k - g * size)));
  return result;
}

namespace {

struct LowerQuantizedMatmul : OpRewritePattern<QuantizedMatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizedMatmulOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getColumns())
      return op.emitError(
          "linalg has no form for outlier columns that are found at run time");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FailureOr<Value> result = sumOfGroups(b, op);
    if (failed(result))
      return failure();
    if (op.getTail())
      result = addTo(b, *result, tailProduct(b, op));
    if (op.getBias())
      result = addTo(b, *result, op.getBias());
    rewriter.replaceOp(op, withSignOf(b, *result, op.getOutput().getType()));
    return success();
  }
};

struct LowerWeightOnlyMatmul : OpRewritePattern<WeightOnlyMatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WeightOnlyMatmulOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FailureOr<Value> result = sumOfGroups(b, op);
    if (failed(result))
      return failure();
    if (op.getBias())
      result = addTo(b, *result, op.getBias());
    rewriter.replaceOp(op, withSignOf(b, *result, op.getOutput().getType()));
    return success();
  }
};

} // namespace

void qopt::populateProducts(RewritePatternSet &patterns) {
  patterns.add<LowerQuantizedMatmul, LowerWeightOnlyMatmul>(
      patterns.getContext());
}
