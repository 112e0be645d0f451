//===- QuantizedActivations.cpp - quantize steps and outlier splits -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of an outlier split is never made: quantize_rows reads the input
// through a mask, which holds the factors of smoothing too, or leaves out
// large elements itself. Codes are signed and padded to what the integer
// product wants; the graph sees the unpadded part, which nobody reads as a
// rule.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Contraction.h"
#include "Elementwise.h"
#include "Reduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/QOpt/IR/KernelAttrs.h"

using namespace mlir;
using namespace mlir::qopt;

//===----------------------------------------------------------------------===//
// outlier_split
//===----------------------------------------------------------------------===//

/// |x * factor| >= threshold
static Value isLarge(ImplicitLocOpBuilder &b, Value x, Value factor,
                     Value threshold) {
  if (factor)
    x = arith::MulFOp::create(b, x, factor);
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OGE,
                               math::AbsFOp::create(b, x), threshold);
}

/// x[..., columns[j]] for j < count; where every row has outliers of its own,
/// 0 for those that are none of this row.
static Value gatherColumns(Lowering &l, OutlierSplitOp op, Value columns,
                           OpFoldResult count) {
  Value input = op.getInput(), tensor = l.get(input);
  bool perRow = op.getMode() == OutlierMode::DynamicRow;
  Value factors = perRow && op.getFactors() ? l.get(op.getFactors()) : Value();
  SmallVector<OpFoldResult> dims = l.dims(input);
  dims.back() = count;
  int64_t rank = dims.size();
  Type f32 = l.b.getF32Type();
  // The list may be longer than its valid part: it is read at the loop's index.
  return l.parallel(
      dims, f32, {}, {}, [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        SmallVector<Value> from;
        for (int64_t i = 0; i < rank; ++i)
          from.push_back(linalg::IndexOp::create(b, i));
        Value column = tensor::ExtractOp::create(b, columns, from.back());
        from.back() = arith::IndexCastOp::create(b, b.getIndexType(), column);
        Value x = tensor::ExtractOp::create(b, tensor, from);
        if (!perRow)
          return x;
        Value factor;
        if (factors)
          factor = tensor::ExtractOp::create(b, factors, from.back());
        double threshold = op.getThreshold()->convertToFloat();
        Value large = isLarge(b, x, factor, constantNumber(b, f32, threshold));
        return arith::SelectOp::create(b, large, x, constantNumber(b, f32, 0));
      });
}

/// The input with zeros for outliers, for readers that are no quantize step.
static Value makeBody(Lowering &l, OutlierSplitOp op, Value mask) {
  SmallVector<OpFoldResult> dims = l.dims(op.getInput());
  int64_t rank = dims.size();
  Type f32 = l.b.getF32Type();
  bool perRow = op.getMode() == OutlierMode::DynamicRow;
  Value perColumn = perRow && op.getFactors() ? l.get(op.getFactors())
                    : perRow                  ? Value()
                                              : mask;
  SmallVector<Value> inputs{l.get(op.getInput())};
  SmallVector<AffineMap> maps{l.b.getMultiDimIdentityMap(rank)};
  if (perColumn) {
    inputs.push_back(perColumn);
    maps.push_back(mapOnto(l.b.getContext(), rank, {rank - 1}));
  }
  return l.parallel(dims, f32, inputs, maps,
                    [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                      Value zero = constantNumber(b, f32, 0), out;
                      if (perRow) {
                        double threshold = op.getThreshold()->convertToFloat();
                        out = isLarge(b, a[0], perColumn ? a[1] : Value(),
                                      constantNumber(b, f32, threshold));
                      } else {
                        out = arith::CmpFOp::create(
                            b, arith::CmpFPredicate::OEQ, a[1], zero);
                      }
                      return arith::SelectOp::create(b, out, zero, a[0]);
                    });
}

static LogicalResult lowerOutlierSplit(OutlierSplitOp op, Lowering &l) {
  SmallVector<OpFoldResult> dims = l.dims(op.getInput());
  auto k = getConstantIntValue(dims.back());
  if (!k)
    return l.fail("the number of columns is not known");
  Type f32 = l.b.getF32Type(), i32 = l.b.getI32Type();
  Value mask, columns;
  OpFoldResult count;
  if (op.getOutliersAttr()) {
    SmallVector<float> factors(*k, 1.0f);
    SmallVector<int32_t> list;
    ArrayRef<int64_t> outliers = *op.getOutliers();
    for (int64_t column : outliers) {
      factors[column] = 0;
      list.push_back(column);
    }
    mask = constantVector<float>(l, f32, factors, "mask");
    columns = constantVector<int32_t>(l, i32, list, "columns");
    count = l.b.getIndexAttr(list.size());
    l.set(op.getColumns(), columns);
  } else {
    OpFoldResult size = dims.back(), one = l.b.getIndexAttr(1);
    SmallVector<Value> inits{l.empty(size, f32), l.empty(size, i32),
                             l.empty(one, i32)};
    auto found = FindOutliersOp::create(
        l.b, ValueRange(inits).getTypes(), l.get(op.getInput()),
        kernelOperand(l, op.getFactors()), inits, op.getThresholdAttr());
    mask = found.getResult(0);
    columns = found.getResult(1);
    Value number = l.read(found.getResult(2), l.index(0));
    Value index = arith::IndexCastOp::create(l.b, l.b.getIndexType(), number);
    count = index;
    for (Value result : {op.getTail(), op.getColumns()}) {
      unsigned last = l.rankOf(result) - 1;
      if (l.isOwnDim(result, last))
        l.setDim(result, last, index);
    }
    l.set(op.getColumns(),
          tensor::ExtractSliceOp::create(
              l.b, columns, ArrayRef<OpFoldResult>{l.b.getIndexAttr(0)},
              ArrayRef<OpFoldResult>{count}, ArrayRef<OpFoldResult>{one}));
    l.kernelForms[op.getColumns()] = columns;
  }
  l.kernelForms[op.getBody()] = mask;
  l.set(op.getTail(), gatherColumns(l, op, columns, count));
  l.set(op.getBody(), makeBody(l, op, mask));
  return success();
}

//===----------------------------------------------------------------------===//
// dynamic_quantize, quantize
//===----------------------------------------------------------------------===//

/// The factors of columns that quantize_rows reads: `mask`, which is 0 for
/// outliers, and those of smoothing; both may be null. With `keepSmall` the
/// factor of an outlier column is kept, with the other sign.
static Value combineFactors(Lowering &l, Value mask, Value smoothing,
                            bool keepSmall) {
  if (!mask || (!smoothing && !keepSmall))
    return mask ? mask : smoothing;
  AffineMap identity = l.b.getMultiDimIdentityMap(1);
  OpFoldResult k =
      l.b.getIndexAttr(cast<RankedTensorType>(mask.getType()).getDimSize(0));
  SmallVector<Value> inputs{mask};
  if (smoothing)
    inputs.push_back(smoothing);
  SmallVector<AffineMap> maps(inputs.size(), identity);
  Type f32 = l.b.getF32Type();
  return l.parallel(
      {k}, f32, inputs, maps,
      [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
        Value factor = smoothing ? a[1] : constantNumber(b, f32, 1);
        if (!keepSmall)
          return arith::MulFOp::create(b, a[0], factor);
        Value out = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, a[0],
                                          constantNumber(b, f32, 0));
        return arith::SelectOp::create(b, out, arith::NegFOp::create(b, factor),
                                       factor);
      });
}

namespace {

/// A quantize step of the graph, in either form.
struct QuantizeStep {
  Value input, factors, codes;
  Granularity granularity;
  /// Given ones, or null.
  Value scale, zeroPoint;
  bool asymmetric;
};

} // namespace

/// Null after a diagnostic.
static QuantizeRowsOp makeQuantizeRows(Lowering &l, const QuantizeStep &step) {
  Value input = step.input, mask;
  auto split = input.getDefiningOp<OutlierSplitOp>();
  if (split && split.getBody() != input)
    split = nullptr;
  FloatAttr threshold;
  bool keepSmall = split && split.getKeepSmall();
  bool perRow = split && split.getMode() == OutlierMode::DynamicRow;
  if (split) {
    if (perRow && split.getFactors() != step.factors) {
      (void)l.fail("the split compares other values with its threshold than "
                   "those that are quantized");
      return {};
    }
    if (!perRow)
      mask = l.kernelForms.lookup(input);
    if (perRow || keepSmall)
      threshold = split.getThresholdAttr();
    input = split.getInput();
  }
  SmallVector<OpFoldResult> dims = l.dims(input);
  auto k = getConstantIntValue(dims.back());
  if (!k) {
    (void)l.fail("the number of columns is not known");
    return {};
  }
  bool guarded = split && split.getMode() == OutlierMode::Guarded;
  bool unitMask = mask && !step.factors && !keepSmall;
  mask = combineFactors(l, mask, kernelOperand(l, step.factors), keepSmall);
  SmallVector<OpFoldResult> padded(dims), rows(dims);
  padded.back() = l.b.getIndexAttr(codeRowWidth(*k));
  rows.pop_back();
  Type f32 = l.b.getF32Type();
  SmallVector<Value> inits{l.empty(padded, l.b.getI8Type()),
                           l.empty(rows, f32)};
  if (step.asymmetric)
    inits.push_back(l.empty(rows, l.b.getI32Type()));
  if (guarded)
    inits.push_back(l.empty(rows, f32));
  auto quantized = QuantizeRowsOp::create(
      l.b, ValueRange(inits).getTypes(), l.get(input), mask,
      kernelOperand(l, step.scale), kernelOperand(l, step.zeroPoint), inits,
      step.granularity, step.asymmetric, guarded, threshold, keepSmall);
  if (unitMask)
    quantized->setAttr(kUnitMaskAttrName, l.b.getUnitAttr());
  if (guarded)
    GuardOp::create(l.b, quantized.getResults().back(),
                    split.getThresholdAttr(), l.b.getStringAttr(l.nodeName()),
                    IntegerAttr());

  // The codes as the graph has them: unpadded, and unsigned with a zero point.
  SmallVector<OpFoldResult> zeros(dims.size(), l.b.getIndexAttr(0)),
      ones(dims.size(), l.b.getIndexAttr(1));
  Value codes = tensor::ExtractSliceOp::create(l.b, quantized.getResult(0),
                                               zeros, dims, ones);
  if (step.asymmetric)
    codes = l.parallel(dims, l.b.getI8Type(), codes,
                       l.b.getMultiDimIdentityMap(dims.size()),
                       [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                         Value offset = constantNumber(b, b.getI8Type(), -128);
                         return arith::XOrIOp::create(b, a[0], offset);
                       });
  l.kernelForms[step.codes] = quantized.getResult(0);
  l.set(step.codes, codes);
  return quantized;
}

/// What all rows have in common; a NaN is common to them as well.
static Value anyOfRows(Lowering &l, Value perRow, Value graph) {
  SmallVector<OpFoldResult> rows = l.dims(graph);
  rows.pop_back();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, rows.size()));
  Type element = cast<ShapedType>(perRow.getType()).getElementType();
  bool isFloat = isa<FloatType>(element);
  return reduce(l, rows, axes, perRow, l.b.getMultiDimIdentityMap(rows.size()),
                l.number(element, isFloat ? 0 : -128),
                [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                  if (isFloat)
                    return arith::MaximumFOp::create(b, a[0], a[1]);
                  return arith::MaxSIOp::create(b, a[0], a[1]);
                });
}

static LogicalResult lowerDynamicQuantize(DynamicQuantizeOp op, Lowering &l) {
  bool perTensor = op.getGranularity() == Granularity::Tensor;
  QuantizeRowsOp rows = makeQuantizeRows(
      l, {op.getInput(), op.getFactors(), op.getCodes(), op.getGranularity(),
          /*scale=*/Value(), /*zeroPoint=*/Value(), bool(op.getZeroPoint())});
  if (!rows)
    return failure();
  auto common = [&](Value perRow) {
    return perTensor ? anyOfRows(l, perRow, op.getCodes()) : perRow;
  };
  l.set(op.getScale(), common(rows.getResult(1)));
  if (!op.getZeroPoint())
    return success();
  Value zero = common(rows.getResult(2));
  int64_t rank = l.rankOf(op.getZeroPoint());
  l.set(op.getZeroPoint(),
        l.parallel(l.dims(op.getZeroPoint()), l.b.getI32Type(), zero,
                   l.b.getMultiDimIdentityMap(rank),
                   [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     Value offset = constantNumber(b, b.getI32Type(), 128);
                     return arith::AddIOp::create(b, a[0], offset);
                   }));
  return success();
}

/// Map from the loops over a tensor onto its scale.
static AffineMap scaleMap(Lowering &l, Granularity granularity, int64_t rank) {
  MLIRContext *context = l.b.getContext();
  switch (granularity) {
  case Granularity::Tensor:
    return AffineMap::get(rank, 0, context);
  case Granularity::Channel:
    return mapOnto(context, rank, {rank - 1});
  case Granularity::Token:
    return l.b.getMultiDimIdentityMap(rank).dropResult(rank - 1);
  default:
    break;
  }
  llvm_unreachable("all granularities are listed");
}

/// One scale for all elements: the kernel. Others, which no product reads:
/// convert(rne(clamp(x * (1 / scale), -127, 127))).
static LogicalResult lowerQuantize(QuantizeOp op, Lowering &l) {
  Value input = op.getInput();
  int64_t rank = l.rankOf(input);
  if (op.getGranularity() == Granularity::Tensor && rank != 0)
    return success(bool(makeQuantizeRows(
        l, {input, op.getFactors(), op.getCodes(), op.getGranularity(),
            op.getScale(), op.getZeroPoint(), bool(op.getZeroPoint())})));
  if (op.getZeroPoint() || op.getFactors())
    return l.fail("a number has no columns");
  Type f32 = l.b.getF32Type(), i8 = l.b.getI8Type();
  l.set(op.getCodes(),
        l.parallel(
            l.dims(input), i8, {l.get(input), l.get(op.getScale())},
            {l.b.getMultiDimIdentityMap(rank),
             scaleMap(l, op.getGranularity(), rank)},
            [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
              Value inverse =
                  arith::DivFOp::create(b, constantNumber(b, f32, 1), a[1]);
              Value x = arith::MulFOp::create(b, a[0], inverse);
              x = arith::MaximumFOp::create(b, x, constantNumber(b, f32, -127));
              x = arith::MinimumFOp::create(b, x, constantNumber(b, f32, 127));
              // NaN has no code; it becomes 0.
              Value isNaN =
                  arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
              x = arith::SelectOp::create(b, isNaN, constantNumber(b, f32, 0),
                                          math::RoundEvenOp::create(b, x));
              return arith::FPToSIOp::create(b, i8, x);
            }));
  return success();
}

static LogicalResult lowerDequantize(DequantizeOp op, Lowering &l) {
  Value codes = op.getCodes();
  int64_t rank = l.rankOf(codes);
  Type f32 = l.b.getF32Type();
  l.set(op.getOutput(),
        l.parallel(l.dims(codes), f32, {l.get(codes), l.get(op.getScale())},
                   {l.b.getMultiDimIdentityMap(rank),
                    scaleMap(l, op.getGranularity(), rank)},
                   [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     return arith::MulFOp::create(
                         b, a[1], arith::SIToFPOp::create(b, f32, a[0]));
                   }));
  return success();
}

void qopt::registerQuantizedActivations(Registry &registry) {
  registry.add(lowerOutlierSplit);
  registry.add(lowerDynamicQuantize);
  registry.add(lowerQuantize);
  registry.add(lowerDequantize);
}
