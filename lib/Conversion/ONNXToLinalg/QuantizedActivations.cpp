//===- QuantizedActivations.cpp - quantize steps and outlier splits -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of an outlier split is never made: quantize_rows reads the input
// through a mask, which holds the factors of smoothing too. Codes are padded to
// what the integer product wants; the graph sees the unpadded part, which
// nobody reads as a rule.
//===----------------------------------------------------------------------===//

#include "ConstantData.h"
#include "Contraction.h"
#include "Elementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"

using namespace mlir;
using namespace mlir::qopt;

/// x[..., columns[j]] for j < count.
static Value gatherColumns(Lowering &l, Value input, Value columns,
                           OpFoldResult count) {
  SmallVector<OpFoldResult> dims = l.dims(input);
  dims.back() = count;
  Value tensor = l.get(input);
  int64_t rank = dims.size();
  // The list may be longer than its valid part: it is read at the loop's index.
  return l.parallel(
      dims, l.b.getF32Type(), {}, {},
      [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        SmallVector<Value> from;
        for (int64_t i = 0; i < rank; ++i)
          from.push_back(linalg::IndexOp::create(b, i));
        Value column = tensor::ExtractOp::create(b, columns, from.back());
        from.back() = arith::IndexCastOp::create(b, b.getIndexType(), column);
        return tensor::ExtractOp::create(b, tensor, from);
      });
}

static LogicalResult lowerOutlierSplit(OutlierSplitOp op, Lowering &l) {
  Value input = op.getInput();
  SmallVector<OpFoldResult> dims = l.dims(input);
  auto k = getConstantIntValue(dims.back());
  if (!k)
    return l.fail("the number of columns is not known");
  Type f32 = l.b.getF32Type(), i32 = l.b.getI32Type();
  Value mask, columns;
  OpFoldResult count;
  if (op.getMode() == OutlierMode::Static) {
    SmallVector<float> factors(*k, 1.0f);
    SmallVector<int32_t> list;
    ArrayRef<int64_t> outliers = op.getOutliersAttr().asArrayRef();
    for (int64_t column : outliers) {
      factors[column] = 0;
      list.push_back(column);
    }
    mask = constantVector<float>(l, f32, factors, "mask");
    columns = constantVector<int32_t>(l, i32, list, "columns");
    count = l.b.getIndexAttr(list.size());
    l.set(op.getColumns(), columns);
  } else if (op.getMode() == OutlierMode::Dynamic) {
    OpFoldResult size = dims.back(), one = l.b.getIndexAttr(1);
    SmallVector<Value> inits{l.empty(size, f32), l.empty(size, i32),
                             l.empty(one, i32)};
    auto found =
        FindOutliersOp::create(l.b, ValueRange(inits).getTypes(), l.get(input),
                               inits, op.getThresholdAttr());
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
  } else {
    return l.fail("a split without outliers");
  }
  l.kernelForms[op.getBody()] = mask;
  l.set(op.getTail(), gatherColumns(l, input, columns, count));
  int64_t rank = dims.size();
  l.set(op.getBody(),
        l.parallel(dims, f32, {l.get(input), mask},
                   {l.b.getMultiDimIdentityMap(rank),
                    mapOnto(l.b.getContext(), rank, {rank - 1})},
                   [&](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                     Value zero = constantNumber(b, f32, 0);
                     Value isOutlier = arith::CmpFOp::create(
                         b, arith::CmpFPredicate::OEQ, a[1], zero);
                     return arith::SelectOp::create(b, isOutlier, zero, a[0]);
                   }));
  return success();
}

/// The factors of a quantize step: smoothing, 0 for outlier columns, or both.
static Value combineFactors(Lowering &l, Value mask, Value smoothing) {
  if (!mask || !smoothing)
    return mask ? mask : smoothing;
  AffineMap identity = l.b.getMultiDimIdentityMap(1);
  OpFoldResult k = l.b.getIndexAttr(
      cast<RankedTensorType>(smoothing.getType()).getDimSize(0));
  return l.parallel({k}, l.b.getF32Type(), {mask, smoothing},
                    {identity, identity},
                    [](ImplicitLocOpBuilder &b, ValueRange a) -> Value {
                      return arith::MulFOp::create(b, a[0], a[1]);
                    });
}

static LogicalResult lowerDynamicQuantize(DynamicQuantizeOp op, Lowering &l) {
  if (op.getZeroPoint() || op.getGranularity() != Granularity::Token)
    return l.fail("a quantize step with a zero point or a scale per tensor has "
                  "no kernel yet");
  Value input = op.getInput(), mask;
  if (auto split = input.getDefiningOp<OutlierSplitOp>();
      split && split.getBody() == input) {
    mask = l.kernelForms.lookup(input);
    input = split.getInput();
  }
  SmallVector<OpFoldResult> dims = l.dims(input);
  auto k = getConstantIntValue(dims.back());
  if (!k)
    return l.fail("the number of columns is not known");
  mask = combineFactors(l, mask, kernelOperand(l, op.getFactors()));
  SmallVector<OpFoldResult> padded(dims), rows(dims);
  padded.back() = l.b.getIndexAttr(llvm::alignTo(*k, kCodeBlock));
  rows.pop_back();
  SmallVector<Value> inits{l.empty(padded, l.b.getI8Type()),
                           l.empty(rows, l.b.getF32Type())};
  auto quantized = QuantizeRowsOp::create(l.b, ValueRange(inits).getTypes(),
                                          l.get(input), mask, inits);
  l.kernelForms[op.getCodes()] = quantized.getResult(0);
  SmallVector<OpFoldResult> zeros(dims.size(), l.b.getIndexAttr(0)),
      ones(dims.size(), l.b.getIndexAttr(1));
  l.set(op.getCodes(), tensor::ExtractSliceOp::create(
                           l.b, quantized.getResult(0), zeros, dims, ones));
  l.set(op.getScale(), quantized.getResult(1));
  return success();
}

//===----------------------------------------------------------------------===//
// quantize, dequantize
//===----------------------------------------------------------------------===//

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

/// convert(rne(clamp(x * (1 / scale), -127, 127)))
static LogicalResult lowerQuantize(QuantizeOp op, Lowering &l) {
  if (op.getZeroPoint() || op.getFactors())
    return l.fail("a static quantize step with a zero point or factors has no "
                  "kernel yet");
  Value input = op.getInput();
  int64_t rank = l.rankOf(input);
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
