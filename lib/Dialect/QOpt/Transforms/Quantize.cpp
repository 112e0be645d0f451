//===- Quantize.cpp - carry the plan out ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   y = contraction(x, w) + bias           with qopt.scheme
// becomes
//   body, tail, columns = qopt.outlier_split x     (schemes with outliers)
//   codes, scale, zero = qopt.dynamic_quantize body factors(1 / s)   (or
//                        qopt.quantize with a given scale)
//   y = qopt.quantized_matmul codes, scale, wq, ws zero tail wt bias
// or, weight-only, y = qopt.weight_only_matmul x, wq, ws bias. Activations are
// split and quantized once for all readers that agree about them, shared
// weights are quantized once.
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"
#include "qopt/Dialect/QOpt/Transforms/Passes.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeRequest.h"
#include "qopt/Dialect/QOpt/Transforms/QuantizeWeights.h"
#include "llvm/ADT/Sequence.h"

namespace mlir::qopt {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "qopt/Dialect/QOpt/Transforms/Passes.h.inc"
} // namespace mlir::qopt

using namespace mlir;
using namespace mlir::qopt;

namespace {

/// An activation, ready for quantized_matmul. All but codes and scale may be
/// null.
struct QuantizedActivation {
  Value codes, scale, zeroPoint, tail, columns;
};

/// A weight, ready for a product of 8-bit weights. `tail` may be null, and
/// `groupSize`: one scale for all of K.
struct QuantizedWeight {
  Value codes, scale, tail;
  IntegerAttr groupSize;
};

class QuantizePass final : public qopt::impl::QuantizePassBase<QuantizePass> {
public:
  using QuantizePassBase::QuantizePassBase;
  void runOnOperation() override;

private:
  LogicalResult rewrite(ContractionOpInterface op,
                        const QuantizeRequest &request, BlobUses &blobs);
  QuantizedActivation quantizeActivation(ContractionOpInterface op,
                                         const QuantizeRequest &request);
  FailureOr<QuantizedWeight> quantizeWeight(ContractionOpInterface op,
                                            const QuantizeRequest &request);
  Value makeTailWeight(ContractionOpInterface op, OpBuilder &builder,
                       Location loc, const Twine &name,
                       const WeightMatrix &weight, ArrayRef<int64_t> rows);

  /// By activation, and by weight, with what makes their forms differ.
  llvm::DenseMap<std::pair<Value, Attribute>, QuantizedActivation> activations;
  llvm::DenseMap<std::pair<Value, Attribute>, QuantizedWeight> weights;
  int64_t zeroChannels = 0;
  int64_t zeroTensors = 0;
};

} // namespace

/// A constant tensor of that shape whose data `fill` writes, in the dialect of
/// the contraction.
template <typename T, typename Fill>
static Value makeConstant(ContractionOpInterface op, OpBuilder &builder,
                          Location loc, ArrayRef<int64_t> shape, Type element,
                          const Twine &name, Fill fill) {
  auto type = RankedTensorType::get(shape, element);
  AsmResourceBlob blob = allocateBlob(type.getNumElements() * sizeof(T));
  fill(MutableArrayRef<T>(reinterpret_cast<T *>(blob.getMutableData().data()),
                          type.getNumElements()));
  return op.buildConstant(builder, loc,
                          makeElements(type, name.str(), std::move(blob)));
}

/// The constant 1 / s in front of the quantize step, or null.
static Value makeFactors(OpBuilder &builder, ContractionOpInterface op,
                         DenseFPElementsAttr smooth) {
  if (!smooth)
    return {};
  return makeConstant<float>(
      op, builder, op->getLoc(), {smooth.getNumElements()},
      builder.getF32Type(), nodeName(op) + ".smooth",
      [&](MutableArrayRef<float> out) {
        for (auto [to, s] : llvm::zip(out, smooth.getValues<float>()))
          to = 1 / s;
      });
}

/// The outliers of the activation, split off; `result` gets tail and columns.
static Value splitOutliers(OpBuilder &builder, ContractionOpInterface op,
                           const QuantizeRequest &request, Value factors,
                           QuantizedActivation &result) {
  SchemeAttr scheme = request.scheme;
  auto type = cast<RankedTensorType>(op.getActivation().getType());
  bool finds = scheme.findsOutliers();
  int64_t count = finds ? ShapedType::kDynamic : request.outliers.size();
  SmallVector<int64_t> tailShape(type.getShape());
  tailShape.back() = count;
  Type types[] = {type, type.clone(tailShape),
                  RankedTensorType::get({count}, builder.getI32Type())};
  bool needsThreshold = scheme.getOutliers() != OutlierMode::Static;
  auto split = OutlierSplitOp::create(
      builder, op->getLoc(), types, op.getActivation(),
      finds ? factors : Value(), scheme.getOutliers(),
      finds ? DenseI64ArrayAttr() : request.outliers,
      needsThreshold ? scheme.getThreshold() : FloatAttr(),
      /*keep_small=*/scheme.getTail() == TailSource::Codes &&
          scheme.getOutliers() == OutlierMode::Dynamic);
  // An empty list is only guarded.
  if (count != 0)
    result.tail = split.getTail();
  if (finds)
    result.columns = split.getColumns();
  return split.getBody();
}

QuantizedActivation
QuantizePass::quantizeActivation(ContractionOpInterface op,
                                 const QuantizeRequest &request) {
  SchemeAttr scheme = request.scheme;
  Value input = op.getActivation();
  QuantizedActivation &result = activations[{input, request.activationKey()}];
  if (result.codes)
    return result;

  // In front of all readers, not only of this one.
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(input);
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(input.getType());
  Value factors = makeFactors(builder, op, request.smooth);
  Value body = input;
  if (scheme.getOutliers() != OutlierMode::None) {
    body = splitOutliers(builder, op, request, factors, result);
    ++numSplits;
  }
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  bool asymmetric = scheme.getAsymmetric();
  auto codes = type.clone(
      asymmetric ? Type(builder.getIntegerType(8, /*isSigned=*/false))
                 : Type(builder.getI8Type()));
  Granularity granularity = scheme.getActivationGranularity();
  if (scheme.getActivationMode() == ActivationMode::Static) {
    result.scale =
        makeConstant<float>(op, builder, loc, {}, f32, nodeName(op) + ".scale",
                            [&](MutableArrayRef<float> out) {
                              out[0] = float(request.scale.getValueAsDouble());
                            });
    if (asymmetric)
      result.zeroPoint = makeConstant<int32_t>(
          op, builder, loc, {}, i32, nodeName(op) + ".zero_point",
          [&](MutableArrayRef<int32_t> out) {
            out[0] = int32_t(request.zeroPoint.getInt());
          });
    result.codes = QuantizeOp::create(builder, loc, codes, body, result.scale,
                                      result.zeroPoint, factors, granularity);
    return result;
  }
  ArrayRef<int64_t> rows = type.getShape().drop_back();
  if (granularity == Granularity::Tensor)
    rows = {};
  auto quantize = DynamicQuantizeOp::create(
      builder, loc, codes, RankedTensorType::get(rows, f32),
      asymmetric ? RankedTensorType::get(rows, i32) : Type(), body, factors,
      granularity);
  result.codes = quantize.getCodes();
  result.scale = quantize.getScale();
  result.zeroPoint = quantize.getZeroPoint();
  return result;
}

Value QuantizePass::makeTailWeight(ContractionOpInterface op,
                                   OpBuilder &builder, Location loc,
                                   const Twine &name,
                                   const WeightMatrix &weight,
                                   ArrayRef<int64_t> rows) {
  int64_t shape[] = {int64_t(rows.size()), weight.n};
  if (!fitsHalf(weight, rows))
    return makeConstant<float>(
        op, builder, loc, shape, builder.getF32Type(), name,
        [&](MutableArrayRef<float> out) { copyRowsFloat(weight, rows, out); });
  return makeConstant<uint16_t>(
      op, builder, loc, shape, builder.getF16Type(), name,
      [&](MutableArrayRef<uint16_t> out) { copyRowsHalf(weight, rows, out); });
}

/// How the codes of a weight share scales in the product, which may need more
/// groups than the scheme: an i32 sum holds so many products only.
static std::pair<ScaleGroups, int64_t> groupsOf(SchemeAttr scheme, int64_t k) {
  ScaleGroups groups{scheme.getWeightGranularity() == Granularity::Tensor, k};
  if (scheme.getWeightGranularity() == Granularity::Group)
    groups.rows = scheme.getGroupSize();
  // What divides by the step of every kernel.
  constexpr int64_t step = 64;
  int64_t depth = maxProductDepth(scheme.getAsymmetric());
  if (scheme.isWeightOnly() || groups.rows <= depth)
    return {groups, groups.rows < k ? groups.rows : 0};
  return {groups, depth / step * step};
}

FailureOr<QuantizedWeight>
QuantizePass::quantizeWeight(ContractionOpInterface op,
                             const QuantizeRequest &request) {
  Value source = op.getWeight();
  OpBuilder builder(&getContext());
  Attribute form[] = {request.weightKey(),
                      builder.getF32FloatAttr(op.getProductFactor()),
                      builder.getBoolAttr(op.isWeightTransposed())};
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

  ArrayRef<int64_t> removed = request.outliers.asArrayRef();
  SmallVector<float> factors;
  if (request.smooth)
    llvm::append_range(factors, request.smooth.getValues<float>());
  auto [groups, groupSize] = groupsOf(request.scheme, k);
  std::vector<float> scales(groups.count(k, n));
  int64_t zeros = 0;
  result.codes = makeConstant<int8_t>(
      op, builder, loc, {k, n}, builder.getI8Type(), name + ".codes",
      [&, &groups = groups](MutableArrayRef<int8_t> out) {
        zeros = quantizeMatrix(weight, groups, removed, out, scales, factors);
      });
  zeroChannels += zeros;
  zeroTensors += zeros != 0;

  // One scale for all columns has rank 0, unless the product is cut in groups.
  SmallVector<int64_t> shape;
  if (groupSize)
    shape.push_back(llvm::divideCeil(k, groupSize));
  if (groupSize || !groups.perTensor)
    shape.push_back(n);
  if (groupSize)
    result.groupSize = builder.getI64IntegerAttr(groupSize);
  result.scale =
      makeConstant<float>(op, builder, loc, shape, builder.getF32Type(),
                          name + ".scale", [&](MutableArrayRef<float> out) {
                            for (auto [i, to] : llvm::enumerate(out))
                              to = scales[i % scales.size()];
                          });
  if (request.keepsAllRows())
    result.tail = makeTailWeight(op, builder, loc, name + ".tail", weight,
                                 llvm::to_vector(llvm::seq<int64_t>(0, k)));
  else if (!removed.empty())
    result.tail =
        makeTailWeight(op, builder, loc, name + ".tail", weight, removed);
  return result;
}

/// The elements of a bias that is a constant row of the result; one for all
/// columns is repeated in reading.
static std::optional<FloatData> constantRowBias(ContractionOpInterface op,
                                                int64_t n) {
  Value bias = op.getContractionBias();
  ElementsAttr value;
  auto type = bias ? dyn_cast<RankedTensorType>(bias.getType()) : nullptr;
  if (!type || !matchPattern(bias, m_Constant(&value)))
    return std::nullopt;
  int64_t count = type.getNumElements();
  if (count != 1 && (count != n || type.getShape().back() != n))
    return std::nullopt;
  return FloatData::get(value);
}

/// The constant that is added to all rows: the bias with its factor, if it is
/// one (`hasBias`), and the correction. Null when there is neither.
static Value makeRowBias(OpBuilder &builder, ContractionOpInterface op,
                         DenseFPElementsAttr correction, bool &hasBias) {
  int64_t n = weightShape(op).second;
  std::optional<FloatData> data = constantRowBias(op, n);
  hasBias = data.has_value();
  if (!data && !correction)
    return {};
  Operation *constant =
      data ? op.getContractionBias().getDefiningOp() : op.getOperation();
  std::string name =
      (data ? constantName(constant) : nodeName(op)).str() + ".bias";
  return makeConstant<float>(
      op, builder, constant->getLoc(), {n}, builder.getF32Type(), name,
      [&](MutableArrayRef<float> out) {
        for (int64_t i = 0; i < n; ++i) {
          out[i] = data ? float(op.getBiasFactor()) *
                              (*data)[data->size() == 1 ? 0 : i]
                        : 0.0f;
          if (correction)
            out[i] += correction.getValues<float>()[i];
        }
      });
}

LogicalResult QuantizePass::rewrite(ContractionOpInterface op,
                                    const QuantizeRequest &request,
                                    BlobUses &blobs) {
  FailureOr<QuantizedWeight> weight = quantizeWeight(op, request);
  if (failed(weight))
    return failure();
  bool weightOnly = request.scheme.isWeightOnly();
  QuantizedActivation activation;
  if (!weightOnly)
    activation = quantizeActivation(op, request);

  OpBuilder builder(op);
  Location loc = op->getLoc();
  bool hasBias = false;
  Value rowBias = makeRowBias(builder, op, request.correction, hasBias);
  Value bias = op.getContractionBias();
  // A row that is no constant goes into the product as it is.
  if (bias && !rowBias && op.getBiasFactor() == 1)
    if (auto type = dyn_cast<RankedTensorType>(bias.getType());
        type && type.getShape() == ArrayRef<int64_t>{weightShape(op).second}) {
      rowBias = bias;
      hasBias = true;
    }
  Type resultType = op->getResult(0).getType();
  Value result =
      weightOnly
          ? Value(WeightOnlyMatmulOp::create(
                builder, loc, resultType, op.getActivation(), weight->codes,
                weight->scale, rowBias, weight->groupSize))
          : Value(QuantizedMatmulOp::create(
                builder, loc, resultType, activation.codes, activation.scale,
                weight->codes, weight->scale, activation.zeroPoint,
                activation.tail, weight->tail, activation.columns, rowBias,
                weight->groupSize));
  if (bias && !hasBias)
    result = op.addBias(builder, result);

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
      FailureOr<QuantizeRequest> request = QuantizeRequest::read(op, scheme);
      if (failed(request) || failed(rewrite(op, *request, blobs)))
        return signalPassFailure();
    }
  numZeroChannels += zeroChannels;
  if (zeroChannels)
    emitWarning(module.getLoc())
        << zeroChannels << " all-zero weight channels in " << zeroTensors
        << " tensors: they get scale 1";
}
