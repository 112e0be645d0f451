//===- Quantize.cpp - carry the plan out ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   y = contraction(x, w) + bias           with qopt.scheme
// becomes
//   body, tail, columns = qopt.outlier_split x     (schemes with outliers)
//   codes, scale = qopt.dynamic_quantize body factors(1 / s)   (smoothed ones)
//   y = qopt.quantized_matmul codes, scale, wq, ws tail(tail, wt) bias(bias)
// Activations are split and quantized once for all readers that agree about the
// outliers, shared weights are quantized once.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "llvm/ADT/Sequence.h"

#include <cmath>

namespace mlir::qopt {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// An activation, ready for quantized_matmul. `tail` and `columns` may be null.
struct QuantizedActivation {
  Value codes, scale, tail, columns;
};

/// A weight, ready for quantized_matmul. `tail` may be null.
struct QuantizedWeight {
  Value codes, scale, tail;
};

/// How one contraction is quantized. `smooth` may be null.
struct Request {
  SchemeAttr scheme;
  DenseI64ArrayAttr outliers;
  DenseFPElementsAttr smooth;

  /// All of it, as a key.
  SmallVector<Attribute> key() const {
    return {scheme, outliers,
            smooth ? Attribute(smooth) : UnitAttr::get(scheme.getContext())};
  }
};

class QuantizePass final : public qopt::impl::QuantizePassBase<QuantizePass> {
public:
  using QuantizePassBase::QuantizePassBase;
  void runOnOperation() override;

private:
  /// What the plan asks for, checked against the operation.
  FailureOr<Request> readRequest(ContractionOpInterface op, SchemeAttr scheme);
  LogicalResult rewrite(ContractionOpInterface op, const Request &request,
                        BlobUses &blobs);
  QuantizedActivation quantizeActivation(ContractionOpInterface op,
                                         const Request &request);
  FailureOr<QuantizedWeight> quantizeWeight(ContractionOpInterface op,
                                            const Request &request);
  Value makeTailWeight(OpBuilder &builder, Location loc, StringRef name,
                       const WeightMatrix &weight, ArrayRef<int64_t> rows);

  /// By activation, and by weight, with what makes their forms differ.
  llvm::DenseMap<std::pair<Value, Attribute>, QuantizedActivation> activations;
  llvm::DenseMap<std::pair<Value, Attribute>, QuantizedWeight> weights;
  int64_t zeroChannels = 0;
  int64_t zeroTensors = 0;
};

} // namespace

/// The constant 1 / s in front of the quantize step, or null.
static Value makeFactors(OpBuilder &builder, ContractionOpInterface op,
                         DenseFPElementsAttr smooth) {
  if (!smooth)
    return {};
  int64_t k = smooth.getNumElements();
  AsmResourceBlob blob = allocateBlob(k * sizeof(float));
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  for (float s : smooth.getValues<float>())
    *out++ = 1 / s;
  return createConstant(builder, op->getLoc(),
                        RankedTensorType::get({k}, builder.getF32Type()),
                        (nodeName(op) + ".smooth").str(), std::move(blob));
}

QuantizedActivation QuantizePass::quantizeActivation(ContractionOpInterface op,
                                                     const Request &request) {
  SchemeAttr scheme = request.scheme;
  DenseI64ArrayAttr outliers = request.outliers;
  Value input = op.getActivation();
  Attribute form = ArrayAttr::get(&getContext(), request.key());
  QuantizedActivation &result = activations[{input, form}];
  if (result.codes)
    return result;

  // In front of all readers, not only of this one.
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(input);
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(input.getType());
  Value body = input;
  if (scheme.getOutliers() != OutlierMode::None) {
    bool dynamic = scheme.getOutliers() == OutlierMode::Dynamic;
    int64_t count = dynamic ? ShapedType::kDynamic : outliers.size();
    SmallVector<int64_t> tailShape(type.getShape());
    tailShape.back() = count;
    auto split = OutlierSplitOp::create(
        builder, loc,
        TypeRange{type, type.clone(tailShape),
                  RankedTensorType::get({count}, builder.getI32Type())},
        input, scheme.getOutliers(), dynamic ? DenseI64ArrayAttr() : outliers,
        dynamic ? scheme.getThreshold() : FloatAttr());
    body = split.getBody();
    result.tail = split.getTail();
    if (dynamic)
      result.columns = split.getColumns();
    ++numSplits;
  }
  auto quantize = DynamicQuantizeOp::create(
      builder, loc, type.clone(builder.getI8Type()),
      RankedTensorType::get(type.getShape().drop_back(), type.getElementType()),
      body, makeFactors(builder, op, request.smooth));
  result.codes = quantize.getCodes();
  result.scale = quantize.getScale();
  return result;
}

Value QuantizePass::makeTailWeight(OpBuilder &builder, Location loc,
                                   StringRef name, const WeightMatrix &weight,
                                   ArrayRef<int64_t> rows) {
  int64_t count = rows.size() * weight.n;
  SmallVector<int64_t> shape{int64_t(rows.size()), weight.n};
  if (!fitsHalf(weight, rows)) {
    AsmResourceBlob blob = allocateBlob(count * sizeof(float));
    copyRowsFloat(weight, rows,
                  {reinterpret_cast<float *>(blob.getMutableData().data()),
                   size_t(count)});
    return createConstant(builder, loc,
                          RankedTensorType::get(shape, builder.getF32Type()),
                          name, std::move(blob));
  }
  AsmResourceBlob blob = allocateBlob(count * sizeof(uint16_t));
  copyRowsHalf(weight, rows,
               {reinterpret_cast<uint16_t *>(blob.getMutableData().data()),
                size_t(count)});
  return createConstant(builder, loc,
                        RankedTensorType::get(shape, builder.getF16Type()),
                        name, std::move(blob));
}

FailureOr<QuantizedWeight>
QuantizePass::quantizeWeight(ContractionOpInterface op,
                             const Request &request) {
  Value source = op.getWeight();
  OpBuilder builder(&getContext());
  SmallVector<Attribute> form = request.key();
  form.push_back(builder.getF32FloatAttr(op.getProductFactor()));
  form.push_back(builder.getBoolAttr(op.isWeightTransposed()));
  QuantizedWeight &result = weights[{source, builder.getArrayAttr(form)}];
  if (result.codes)
    return result;

  std::optional<FloatData> data = FloatData::get(constantWeight(op));
  if (!data)
    return emitError(op->getLoc(), "the data of the weight is not there");
  auto [k, n] = weightShape(op);
  WeightMatrix weight{*data, k, n, op.isWeightTransposed(),
                      float(op.getProductFactor())};

  Operation *constant = source.getDefiningOp();
  builder.setInsertionPointAfter(constant);
  Location loc = constant->getLoc();
  std::string name = constantName(constant).str();
  if (name.empty())
    name = "weight";

  bool dynamic = request.scheme.getOutliers() == OutlierMode::Dynamic;
  ArrayRef<int64_t> removed = request.outliers.asArrayRef();
  SmallVector<float> factors;
  if (request.smooth)
    llvm::append_range(factors, request.smooth.getValues<float>());
  AsmResourceBlob codes = allocateBlob(k * n);
  AsmResourceBlob scales = allocateBlob(n * sizeof(float));
  int64_t zeros = quantizeColumns(
      weight, removed,
      {reinterpret_cast<int8_t *>(codes.getMutableData().data()),
       size_t(k * n)},
      {reinterpret_cast<float *>(scales.getMutableData().data()), size_t(n)},
      factors);
  zeroChannels += zeros;
  zeroTensors += zeros != 0;

  result.codes = createConstant(
      builder, loc, RankedTensorType::get({k, n}, builder.getI8Type()),
      name + ".codes", std::move(codes));
  result.scale = createConstant(
      builder, loc, RankedTensorType::get({n}, builder.getF32Type()),
      name + ".scale", std::move(scales));
  if (dynamic)
    result.tail = makeTailWeight(builder, loc, name + ".tail", weight,
                                 llvm::to_vector(llvm::seq<int64_t>(0, k)));
  else if (!removed.empty())
    result.tail = makeTailWeight(builder, loc, name + ".tail", weight, removed);
  return result;
}

/// A bias [N] with its factor applied, if it is a constant that is one row of
/// the result; else null.
static Value makeRowBias(OpBuilder &builder, ContractionOpInterface op,
                         int64_t n) {
  Value bias = op.getContractionBias();
  auto type = dyn_cast<RankedTensorType>(bias.getType());
  ElementsAttr value;
  if (!type || !matchPattern(bias, m_Constant(&value)))
    return {};
  int64_t count = type.getNumElements();
  bool row = count == 1 || (count == n && type.getShape().back() == n);
  std::optional<FloatData> data = FloatData::get(value);
  if (!row || !data)
    return {};
  AsmResourceBlob blob = allocateBlob(n * sizeof(float));
  auto *out = reinterpret_cast<float *>(blob.getMutableData().data());
  float factor = op.getBiasFactor();
  for (int64_t i = 0; i < n; ++i)
    out[i] = factor * (*data)[count == 1 ? 0 : i];
  Operation *constant = bias.getDefiningOp();
  return createConstant(builder, constant->getLoc(),
                        RankedTensorType::get({n}, builder.getF32Type()),
                        (constantName(constant) + ".bias").str(),
                        std::move(blob));
}

FailureOr<Request> QuantizePass::readRequest(ContractionOpInterface op,
                                             SchemeAttr scheme) {
  // Someone may have edited the plan, or written it by hand.
  std::string reason = whyNotQuantizable(op);
  if (!reason.empty())
    return emitError(op->getLoc())
           << "has a scheme, but cannot be quantized: " << reason;
  if (scheme.getWeightGranularity() != Granularity::Channel ||
      scheme.getActivationGranularity() != Granularity::Token ||
      scheme.getAsymmetric() || scheme.getTail() != TailSource::Original ||
      scheme.getOutliers() == OutlierMode::Guarded ||
      scheme.getOutliers() == OutlierMode::DynamicRow)
    return emitError(op->getLoc())
           << "there is no kernel yet for the scheme " << scheme;
  int64_t k = weightShape(op).first;
  auto outliers = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName);
  bool isStatic = scheme.hasListedOutliers();
  if (isStatic && !outliers)
    return emitError(op->getLoc(), "has a scheme with static outliers, but no ")
           << outliersAttrName;
  if (!isStatic)
    outliers = DenseI64ArrayAttr::get(&getContext(), {});
  int64_t last = -1;
  for (int64_t column : outliers.asArrayRef()) {
    if (column <= last || column >= k)
      return emitError(op->getLoc())
             << outliersAttrName << " must ascend strictly within [0, " << k
             << ")";
    last = column;
  }
  // An empty list is no split.
  if (isStatic && outliers.empty())
    scheme = scheme.withOutliers(OutlierMode::None);
  auto smooth = op->getAttrOfType<DenseFPElementsAttr>(smoothAttrName);
  auto positive = [](float s) { return s > 0 && std::isfinite(s); };
  if (op->hasAttr(smoothAttrName) &&
      (!smooth || !smooth.getElementType().isF32() ||
       smooth.getNumElements() != k ||
       !llvm::all_of(smooth.getValues<float>(), positive)))
    return emitError(op->getLoc())
           << smoothAttrName << " must hold " << k << " positive f32 numbers";
  return Request{scheme, outliers, smooth};
}

LogicalResult QuantizePass::rewrite(ContractionOpInterface op,
                                    const Request &request, BlobUses &blobs) {
  int64_t n = weightShape(op).second;
  FailureOr<QuantizedWeight> weight = quantizeWeight(op, request);
  if (failed(weight))
    return failure();
  QuantizedActivation activation = quantizeActivation(op, request);

  OpBuilder builder(op);
  Location loc = op->getLoc();
  Value bias = op.getContractionBias(), rowBias, addend;
  if (bias) {
    auto biasType = dyn_cast<RankedTensorType>(bias.getType());
    rowBias = makeRowBias(builder, op, n);
    if (!rowBias && op.getBiasFactor() == 1 && biasType &&
        biasType.getShape() == ArrayRef<int64_t>{n})
      rowBias = bias;
    if (!rowBias)
      addend = bias;
  }
  Type resultType = op->getResult(0).getType();
  Value result = QuantizedMatmulOp::create(
      builder, loc, resultType, activation.codes, activation.scale,
      weight->codes, weight->scale, /*zero_point=*/Value(), activation.tail,
      weight->tail, activation.columns, rowBias, /*group_size=*/IntegerAttr());
  if (addend) {
    if (op.getBiasFactor() != 1) {
      auto one = RankedTensorType::get({}, builder.getF32Type());
      Value factor = onnx::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(one, float(op.getBiasFactor())));
      addend =
          onnx::MulOp::create(builder, loc, addend.getType(), addend, factor);
    }
    result = onnx::AddOp::create(builder, loc, resultType, result, addend);
  }

  SmallVector<Operation *> operands;
  for (Value operand : op->getOperands())
    if (Operation *definition = operand.getDefiningOp();
        definition && !llvm::is_contained(operands, definition))
      operands.push_back(definition);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
  for (Operation *definition : operands)
    blobs.eraseIfUnused(definition);
  ++numQuantized;
  return success();
}

void QuantizePass::runOnOperation() {
  ModuleOp module = getOperation();
  activations.clear();
  weights.clear();
  zeroChannels = zeroTensors = 0;
  BlobUses blobs(module);
  for (ContractionOpInterface op : collectContractions(module))
    if (auto scheme = op->getAttrOfType<SchemeAttr>(schemeAttrName)) {
      FailureOr<Request> request = readRequest(op, scheme);
      if (failed(request) || failed(rewrite(op, *request, blobs)))
        return signalPassFailure();
    }
  numZeroChannels += zeroChannels;
  if (zeroChannels)
    emitWarning(module.getLoc())
        << zeroChannels << " all-zero weight channels in " << zeroTensors
        << " tensors: they get scale 1";
}
