//===- Quantizers.cpp - values to codes and back as linalg ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clamp in float, round half to even, convert; scales by one division each.
// Steps that overflow or meet NaN give what the descriptions of the operations
// say, so that integers are those of qopt's own kernels.
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

#include <cfloat>
#include <limits>

using namespace mlir;
using namespace mlir::qopt;

static int64_t rankOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

static Operand whole(OpBuilder &b, Value value) {
  return {value, b.getMultiDimIdentityMap(rankOf(value))};
}

/// The scale of a quantize or dequantize, as its granularity spreads it over
/// the elements.
template <typename ScaledOp>
static Operand scaleOperand(OpBuilder &b, ScaledOp op, int64_t rank) {
  Value scale = op.getScale();
  bool channel = op.getGranularity() == Granularity::Channel;
  return {scale, channel ? columnMap(b, scale, rank) : rowMap(b, scale, rank)};
}

/// x[..., k] * factors[k]
static Value applyFactors(ImplicitLocOpBuilder &b, Value x, Value factors) {
  if (!factors)
    return x;
  return mapElements(b, sizesOf(b, x), b.getF32Type(),
                     {whole(b, x), {factors, columnMap(b, factors, rankOf(x))}},
                     [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                       return arith::MulFOp::create(b, v[0], v[1]);
                     });
}

/// clamp, round half to even, convert; NaN becomes the lower bound.
static Value toCode(ImplicitLocOpBuilder &b, Value value, Value least,
                    Value most) {
  value = arith::MaxNumFOp::create(b, value, least);
  value = arith::MinNumFOp::create(b, value, most);
  value = math::RoundEvenOp::create(b, value);
  return arith::FPToSIOp::create(b, b.getI32Type(), value);
}

/// Signed codes of v * r, in [-127, 127].
static Value symmetricCode(ImplicitLocOpBuilder &b, Value v, Value r) {
  Value code = toCode(b, arith::MulFOp::create(b, v, r), constantOf(b, -127),
                      constantOf(b, 127));
  return arith::TruncIOp::create(b, b.getI8Type(), code);
}

/// Unsigned codes of v / scale + z, as the bits of i8.
static Value asymmetricCode(ImplicitLocOpBuilder &b, Value v, Value scale,
                            Value z) {
  Value zero = arith::SIToFPOp::create(b, b.getF32Type(), z);
  Value least = arith::NegFOp::create(b, zero);
  Value most = arith::SubFOp::create(b, constantOf(b, 255), zero);
  Value code = toCode(b, arith::DivFOp::create(b, v, scale), least, most);
  return arith::TruncIOp::create(b, b.getI8Type(),
                                 arith::AddIOp::create(b, code, z));
}

static Value isBelow(ImplicitLocOpBuilder &b, Value value, float bound) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, value,
                               constantOf(b, bound));
}

/// `value`, or NaN when `range` is Inf or NaN.
static Value unlessNonfinite(ImplicitLocOpBuilder &b, Value range,
                             Value value) {
  Value finite =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, range,
                            constantOf(b, std::numeric_limits<float>::max()));
  Value nan = constantOf(b, std::numeric_limits<float>::quiet_NaN());
  return arith::SelectOp::create(b, finite, value, nan);
}

namespace {

struct LowerDynamicQuantize : OpRewritePattern<DynamicQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DynamicQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value v = applyFactors(b, op.getInput(), op.getFactors());
    bool all = op.getGranularity() == Granularity::Tensor;
    SmallVector<Value> results =
        op.getZeroPoint() ? asymmetric(b, v, all) : symmetric(b, v, all);
    for (auto [value, old] : llvm::zip_equal(results, op.getResults()))
      if (old)
        value = withSignOf(b, value, old.getType());
    rewriter.replaceOp(op, results);
    return success();
  }

  static SmallVector<Value> symmetric(ImplicitLocOpBuilder &b, Value v,
                                      bool all) {
    constexpr float tiny = 127 * FLT_MIN;
    Value range =
        reduceRows(b, v, all, constantOf(b, 0),
                   [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                     return arith::MaximumFOp::create(
                         b, math::AbsFOp::create(b, v[0]), v[1]);
                   });
    auto perRange = [&](ElementFn fn) {
      return mapElements(b, sizesOf(b, range), b.getF32Type(),
                         {whole(b, range)}, fn);
    };
    Value scale = perRange([](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
      Value s = arith::DivFOp::create(b, v[0], constantOf(b, 127));
      s = arith::SelectOp::create(b, isBelow(b, v[0], tiny), constantOf(b, 1),
                                  s);
      return unlessNonfinite(b, v[0], s);
    });
    // 0 for a range of nothing, so that its codes are 0.
    Value inverse =
        perRange([](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
          Value r = arith::DivFOp::create(b, constantOf(b, 127), v[0]);
          return arith::SelectOp::create(b, isBelow(b, v[0], tiny),
                                         constantOf(b, 0), r);
        });
    Value codes =
        mapElements(b, sizesOf(b, v), b.getI8Type(),
                    {whole(b, v), {inverse, rowMap(b, inverse, rankOf(v))}},
                    [](ImplicitLocOpBuilder &b, ValueRange v) {
                      return symmetricCode(b, v[0], v[1]);
                    });
    return {codes, scale};
  }

  static SmallVector<Value> asymmetric(ImplicitLocOpBuilder &b, Value v,
                                       bool all) {
    constexpr float tiny = 255 * FLT_MIN;
    Value lo = reduceRows(b, v, all, constantOf(b, 0),
                          [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                            return arith::MinimumFOp::create(b, v[0], v[1]);
                          });
    Value hi = reduceRows(b, v, all, constantOf(b, 0),
                          [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                            return arith::MaximumFOp::create(b, v[0], v[1]);
                          });
    SmallVector<Operand> ends{whole(b, lo), whole(b, hi)};
    Value scale =
        mapElements(b, sizesOf(b, lo), b.getF32Type(), ends,
                    [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                      Value range = arith::SubFOp::create(b, v[1], v[0]);
                      Value s =
                          arith::DivFOp::create(b, range, constantOf(b, 255));
                      s = arith::SelectOp::create(b, isBelow(b, range, tiny),
                                                  constantOf(b, 1), s);
                      return unlessNonfinite(b, range, s);
                    });
    Value zero =
        mapElements(b, sizesOf(b, lo), b.getI32Type(),
                    {whole(b, lo), whole(b, hi), whole(b, scale)},
                    [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                      Value z = arith::DivFOp::create(
                          b, arith::NegFOp::create(b, v[0]), v[2]);
                      Value range = arith::SubFOp::create(b, v[1], v[0]);
                      z = arith::SelectOp::create(b, isBelow(b, range, tiny),
                                                  constantOf(b, 0), z);
                      return toCode(b, z, constantOf(b, 0), constantOf(b, 255));
                    });
    Value codes = mapElements(b, sizesOf(b, v), b.getI8Type(),
                              {whole(b, v),
                               {scale, rowMap(b, scale, rankOf(v))},
                               {zero, rowMap(b, zero, rankOf(v))}},
                              [](ImplicitLocOpBuilder &b, ValueRange v) {
                                return asymmetricCode(b, v[0], v[1], v[2]);
                              });
    return {codes, scale, zero};
  }
};

struct LowerQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value v = applyFactors(b, op.getInput(), op.getFactors());
    int64_t rank = rankOf(v);
    SmallVector<Operand> operands{whole(b, v), scaleOperand(b, op, rank)};
    if (Value zero = op.getZeroPoint())
      operands.push_back({zero, rowMap(b, zero, rank)});
    Value codes = mapElements(
        b, sizesOf(b, v), b.getI8Type(), operands,
        [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
          if (v.size() == 3)
            return asymmetricCode(b, v[0], v[1], v[2]);
          return symmetricCode(
              b, v[0], arith::DivFOp::create(b, constantOf(b, 1), v[1]));
        });
    rewriter.replaceOp(op, withSignOf(b, codes, op.getCodes().getType()));
    return success();
  }
};

struct LowerDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value values = mapElements(
        b, sizesOf(b, op.getCodes()), b.getF32Type(),
        {whole(b, op.getCodes()), scaleOperand(b, op, rankOf(op.getCodes()))},
        [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
          Value code = arith::SIToFPOp::create(b, b.getF32Type(), v[0]);
          return arith::MulFOp::create(b, v[1], code);
        });
    rewriter.replaceOp(op, withSignOf(b, values, op.getOutput().getType()));
    return success();
  }
};

struct LowerOutlierSplit : OpRewritePattern<OutlierSplitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(OutlierSplitOp op,
                                PatternRewriter &rewriter) const override {
    // The number of columns would be a value of the run.
    if (op.getMode() != OutlierMode::Static)
      return op.emitError("linalg has no form for outlier columns that are ")
             << (op.getMode() == OutlierMode::Guarded ? "guarded"
                                                      : "found at run time")
             << "; calibrate, and plan mode=static";
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value x = op.getInput();
    int64_t rank = rankOf(x), k = op.getInput().getType().getShape().back();
    ArrayRef<int64_t> outliers = *op.getOutliers();
    if (ShapedType::isDynamic(k))
      return op.emitError("the number of columns is not static");

    SmallVector<bool> keep(k, true);
    SmallVector<int32_t> list;
    for (int64_t column : outliers) {
      keep[column] = false;
      list.push_back(column);
    }
    auto constant = [&](ElementsAttr value) -> Value {
      return arith::ConstantOp::create(b, cast<TypedAttr>(value));
    };
    Value kept = constant(DenseElementsAttr::get(
        RankedTensorType::get({k}, b.getI1Type()), ArrayRef<bool>(keep)));
    Value columns = constant(DenseElementsAttr::get(
        RankedTensorType::get({int64_t(list.size())}, b.getI32Type()),
        ArrayRef<int32_t>(list)));
    Value body = mapElements(
        b, sizesOf(b, x), b.getF32Type(),
        {whole(b, x), {kept, columnMap(b, kept, rank)}},
        [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
          return arith::SelectOp::create(b, v[1], v[0], constantOf(b, 0));
        });
    SmallVector<OpFoldResult> sizes = sizesOf(b, x);
    sizes.back() = b.getIndexAttr(list.size());
    Value tail = mapElements(
        b, sizes, b.getF32Type(), {{columns, columnMap(b, columns, rank)}},
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
          SmallVector<Value> indices;
          for (int64_t axis = 0; axis + 1 < rank; ++axis)
            indices.push_back(linalg::IndexOp::create(b, axis));
          indices.push_back(
              arith::IndexCastOp::create(b, b.getIndexType(), v[0]));
          return tensor::ExtractOp::create(b, x, indices);
        });
    rewriter.replaceOp(op, {withSignOf(b, body, op.getBody().getType()),
                            withSignOf(b, tail, op.getTail().getType()),
                            withSignOf(b, columns, op.getColumns().getType())});
    return success();
  }
};

} // namespace

void qopt::populateQuantizers(RewritePatternSet &patterns) {
  patterns.add<LowerDynamicQuantize, LowerQuantize, LowerDequantize,
               LowerOutlierSplit>(patterns.getContext());
}
