//===- QuantTypes.cpp - upstream quantized types at the borders -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In `quant` scales are part of a type, in qopt they are values. Both ways, for
// what has the same codes in both.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "qopt/Interop/Passes.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_CONVERTQUANTTOQOPTPASS
#define GEN_PASS_DEF_CONVERTQOPTTOQUANTPASS
#include "qopt/Interop/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// A quantized type in qopt's words.
struct Scales {
  Granularity granularity = Granularity::Tensor;
  SmallVector<float> values;
  /// Unsigned codes with this zero point.
  std::optional<int32_t> zeroPoint;
};

/// Says on `op` why the type has no equal.
FailureOr<Scales> readType(Operation *op, RankedTensorType type,
                           bool allowZeroPoint) {
  auto quantized = cast<quant::QuantizedType>(type.getElementType());
  auto fail = [&](const Twine &why) {
    return op->emitError("type ")
           << Type(quantized) << " has no equal: " << why;
  };
  if (!quantized.getExpressedType().isF32() ||
      quantized.getStorageTypeIntegralWidth() != 8)
    return fail("codes have 8 bits, values are f32");
  Scales result;
  SmallVector<int64_t> zeros;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(quantized)) {
    result.values = {float(uniform.getScale())};
    zeros = {uniform.getZeroPoint()};
  } else if (auto axis =
                 dyn_cast<quant::UniformQuantizedPerAxisType>(quantized)) {
    if (axis.getQuantizedDimension() != type.getRank() - 1)
      return fail("scales per channel are those of the last axis");
    result.granularity = Granularity::Channel;
    llvm::append_range(result.values, axis.getScales());
    llvm::append_range(zeros, axis.getZeroPoints());
  } else {
    return fail("only uniform types are known, per tensor or per axis");
  }
  if (quantized.isSigned()) {
    if (quantized.getStorageTypeMin() != -127)
      return fail("symmetric codes are i8<-127:127>");
    if (llvm::any_of(zeros, [](int64_t zero) { return zero != 0; }))
      return fail("signed codes have no zero point");
    return result;
  }
  if (!allowZeroPoint || result.granularity != Granularity::Tensor ||
      quantized.getStorageTypeMin() != 0 ||
      quantized.getStorageTypeMax() != 255)
    return fail("unsigned codes are u8 with one scale, and only of qcast");
  result.zeroPoint = zeros.front();
  return result;
}

Value makeScale(ImplicitLocOpBuilder &b, const Scales &scales) {
  SmallVector<int64_t> shape;
  if (scales.granularity == Granularity::Channel)
    shape = {int64_t(scales.values.size())};
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(RankedTensorType::get(shape, b.getF32Type()),
                                ArrayRef<float>(scales.values)));
}

LogicalResult convertQuantize(quant::QuantizeCastOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
  if (!type)
    return op.emitError("is not on ranked tensors");
  FailureOr<Scales> scales = readType(op, type, /*allowZeroPoint=*/true);
  if (failed(scales))
    return failure();
  OpBuilder builder(op);
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  Value zero;
  Type code = b.getI8Type();
  if (scales->zeroPoint) {
    auto scalar = RankedTensorType::get({}, b.getI32Type());
    zero = arith::ConstantOp::create(
        b, DenseElementsAttr::get(scalar, *scales->zeroPoint));
    code = b.getIntegerType(8, /*isSigned=*/false);
  }
  Value codes = QuantizeOp::create(b, type.clone(code), op.getInput(),
                                   makeScale(b, *scales), zero, Value(),
                                   scales->granularity);
  if (zero)
    codes = tensor::BitcastOp::create(b, type.clone(b.getI8Type()), codes);
  op.replaceAllUsesWith(
      quant::StorageCastOp::create(b, type, codes).getResult());
  op.erase();
  return success();
}

LogicalResult convertDequantize(quant::DequantizeCastOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
  if (!type)
    return op.emitError("is not on ranked tensors");
  FailureOr<Scales> scales = readType(op, type, /*allowZeroPoint=*/false);
  if (failed(scales))
    return failure();
  OpBuilder builder(op);
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  Value codes =
      quant::StorageCastOp::create(b, type.clone(b.getI8Type()), op.getInput());
  op.replaceAllUsesWith(DequantizeOp::create(b, op.getResult().getType(), codes,
                                             makeScale(b, *scales),
                                             scales->granularity)
                            .getResult());
  op.erase();
  return success();
}

/// Takes out pairs of casts there and back. Folding would go further: for quant
/// the float value that a qcast reads is as good as the dcast behind it.
void removeCasts(Operation *root) {
  llvm::SmallPtrSet<Operation *, 8> gone;
  auto skip = [&](Operation *op, Operation *source) {
    if (!source ||
        source->getOperand(0).getType() != op->getResult(0).getType())
      return;
    op->getResult(0).replaceAllUsesWith(source->getOperand(0));
    op->erase();
    if (source->use_empty()) {
      gone.insert(source);
      source->erase();
    }
  };
  SmallVector<Operation *> casts;
  root->walk([&](Operation *op) {
    if (isa<quant::StorageCastOp, tensor::BitcastOp>(op))
      casts.push_back(op);
  });
  // From the last on, so that no cast goes that is still to be looked at.
  for (Operation *op : llvm::reverse(casts))
    if (gone.contains(op))
      continue;
    else if (isa<quant::StorageCastOp>(op))
      skip(op, op->getOperand(0).getDefiningOp<quant::StorageCastOp>());
    else
      skip(op, op->getOperand(0).getDefiningOp<tensor::BitcastOp>());
}

class ConvertQuantToQOptPass final
    : public qopt::impl::ConvertQuantToQOptPassBase<ConvertQuantToQOptPass> {
  void runOnOperation() override {
    SmallVector<Operation *> casts;
    getOperation()->walk([&](Operation *op) {
      if (isa<quant::QuantizeCastOp, quant::DequantizeCastOp>(op))
        casts.push_back(op);
    });
    bool ok = true;
    for (Operation *op : casts)
      if (auto quantize = dyn_cast<quant::QuantizeCastOp>(op))
        ok &= succeeded(convertQuantize(quantize));
      else
        ok &= succeeded(convertDequantize(cast<quant::DequantizeCastOp>(op)));
    if (!ok)
      return signalPassFailure();
    removeCasts(getOperation());
  }
};

/// The type for codes with this constant scale, or null.
quant::QuantizedType typeFor(Value scale, Value zeroPoint,
                             Granularity granularity, int64_t rank) {
  MLIRContext *context = scale.getContext();
  Builder b(context);
  DenseFPElementsAttr scales;
  if (!matchPattern(scale, m_Constant(&scales)))
    return {};
  if (granularity == Granularity::Channel) {
    SmallVector<double> values;
    for (float value : scales.getValues<float>())
      values.push_back(value);
    SmallVector<int64_t> zeros(values.size(), 0);
    return quant::UniformQuantizedPerAxisType::get(
        quant::QuantizationFlags::Signed, b.getI8Type(), b.getF32Type(), values,
        zeros, rank - 1, -127, 127);
  }
  if (granularity != Granularity::Tensor)
    return {};
  double value = *scales.value_begin<float>();
  if (!zeroPoint)
    return quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed,
                                            b.getI8Type(), b.getF32Type(),
                                            value, 0, -127, 127);
  DenseIntElementsAttr zero;
  if (!matchPattern(zeroPoint, m_Constant(&zero)))
    return {};
  return quant::UniformQuantizedType::get(
      0, b.getI8Type(), b.getF32Type(), value,
      (*zero.value_begin<APInt>()).getSExtValue(), 0, 255);
}

class ConvertQOptToQuantPass final
    : public qopt::impl::ConvertQOptToQuantPassBase<ConvertQOptToQuantPass> {
  void runOnOperation() override {
    SmallVector<Operation *> work;
    getOperation()->walk([&](Operation *op) {
      if (isa<QuantizeOp, DequantizeOp>(op))
        work.push_back(op);
    });
    for (Operation *op : work)
      if (auto quantize = dyn_cast<QuantizeOp>(op))
        convert(quantize);
      else
        convert(cast<DequantizeOp>(op));
    removeCasts(getOperation());
  }

  static void convert(QuantizeOp op) {
    auto codes = cast<RankedTensorType>(op.getCodes().getType());
    quant::QuantizedType type =
        op.getFactors() ? quant::QuantizedType()
                        : typeFor(op.getScale(), op.getZeroPoint(),
                                  op.getGranularity(), codes.getRank());
    if (!type)
      return;
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    Value cast =
        quant::QuantizeCastOp::create(b, codes.clone(type), op.getInput());
    cast = quant::StorageCastOp::create(b, codes.clone(b.getI8Type()), cast);
    if (op.getZeroPoint())
      cast = tensor::BitcastOp::create(b, codes, cast);
    op.replaceAllUsesWith(cast);
    op.erase();
  }

  static void convert(DequantizeOp op) {
    auto codes = cast<RankedTensorType>(op.getCodes().getType());
    quant::QuantizedType type =
        typeFor(op.getScale(), {}, op.getGranularity(), codes.getRank());
    if (!type)
      return;
    OpBuilder builder(op);
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    Value cast =
        quant::StorageCastOp::create(b, codes.clone(type), op.getCodes());
    op.replaceAllUsesWith(
        quant::DequantizeCastOp::create(b, op.getOutput().getType(), cast)
            .getResult());
    op.erase();
  }
};

} // namespace
