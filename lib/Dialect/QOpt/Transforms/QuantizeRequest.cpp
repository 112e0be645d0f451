//===- QuantizeRequest.cpp - what the plan asks of one contraction --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/Transforms/QuantizeRequest.h"
#include "qopt/Dialect/QOpt/Transforms/Contractions.h"

#include <cmath>

using namespace mlir;
using namespace mlir::qopt;

/// A list of f32 numbers of that size whose elements all fulfil `valid`; null
/// when there is none.
template <typename Valid>
static FailureOr<DenseFPElementsAttr> readNumbers(ContractionOpInterface op,
                                                  StringRef name, int64_t count,
                                                  StringRef what, Valid valid) {
  if (!op->hasAttr(name))
    return DenseFPElementsAttr();
  auto numbers = op->getAttrOfType<DenseFPElementsAttr>(name);
  if (!numbers || !numbers.getElementType().isF32() ||
      numbers.getNumElements() != count ||
      !llvm::all_of(numbers.getValues<float>(), valid))
    return emitError(op->getLoc())
           << name << " must hold " << count << ' ' << what << " f32 numbers";
  return numbers;
}

static LogicalResult readOutliers(ContractionOpInterface op, int64_t k,
                                  QuantizeRequest &request) {
  auto outliers = op->getAttrOfType<DenseI64ArrayAttr>(outliersAttrName);
  bool listed = request.scheme.hasListedOutliers();
  if (listed && !outliers)
    return emitError(op->getLoc(), "has a scheme with static outliers, but no ")
           << outliersAttrName;
  if (!listed)
    outliers = DenseI64ArrayAttr::get(op->getContext(), {});
  int64_t last = -1;
  for (int64_t column : outliers.asArrayRef()) {
    if (column <= last || column >= k)
      return emitError(op->getLoc())
             << outliersAttrName << " must ascend strictly within [0, " << k
             << ")";
    last = column;
  }
  request.outliers = outliers;
  // An empty list is no split, unless somebody counts what it misses.
  if (request.scheme.getOutliers() == OutlierMode::Static && outliers.empty())
    request.scheme = request.scheme.withOutliers(OutlierMode::None);
  return success();
}

static LogicalResult readScale(ContractionOpInterface op,
                               QuantizeRequest &request) {
  if (request.scheme.getActivationMode() != ActivationMode::Static)
    return success();
  request.scale = op->getAttrOfType<FloatAttr>(activationScaleAttrName);
  if (!request.scale)
    return emitError(op->getLoc(), "has a scheme with a static scale, but no ")
           << activationScaleAttrName
           << "; with --calib=FILE statistics choose it";
  double scale = request.scale.getValueAsDouble();
  if (!request.scale.getType().isF32() || !(scale > 0) || !std::isfinite(scale))
    return emitError(op->getLoc())
           << activationScaleAttrName << " must be a positive f32 number";
  if (!request.scheme.getAsymmetric())
    return success();
  request.zeroPoint =
      op->getAttrOfType<IntegerAttr>(activationZeroPointAttrName);
  if (!request.zeroPoint)
    return emitError(op->getLoc(), "has a scheme with a zero point, but no ")
           << activationZeroPointAttrName
           << "; with --calib=FILE statistics choose it";
  if (!request.zeroPoint.getType().isInteger(32) ||
      request.zeroPoint.getInt() < 0 || request.zeroPoint.getInt() > 255)
    return emitError(op->getLoc())
           << activationZeroPointAttrName << " must be an i32 in [0, 255]";
  return success();
}

FailureOr<QuantizeRequest> QuantizeRequest::read(ContractionOpInterface op,
                                                 SchemeAttr scheme) {
  std::string reason = whyNotQuantizable(op);
  if (!reason.empty())
    return emitError(op->getLoc())
           << "has a scheme, but cannot be quantized: " << reason;
  if (scheme.getGroupSize() % 4)
    return emitError(op->getLoc())
           << "groups of " << scheme.getGroupSize()
           << " rows have no kernel: the size must be a multiple of 4";
  auto [k, n] = weightShape(op);
  QuantizeRequest request;
  request.scheme = scheme;
  if (failed(readOutliers(op, k, request)) || failed(readScale(op, request)))
    return failure();
  FailureOr<DenseFPElementsAttr> smooth =
      readNumbers(op, smoothAttrName, k, "positive",
                  [](float s) { return s > 0 && std::isfinite(s); });
  FailureOr<DenseFPElementsAttr> correction =
      readNumbers(op, biasCorrectionAttrName, n, "finite",
                  [](float b) { return std::isfinite(b); });
  if (failed(smooth) || failed(correction))
    return failure();
  // Float activations take the weights as they are: the factors cancel.
  if (!scheme.isWeightOnly())
    request.smooth = *smooth;
  request.correction = *correction;
  if (request.smooth && scheme.getTail() == TailSource::Codes)
    return emitError(op->getLoc(),
                     "outlier columns that meet codes cannot be smoothed in "
                     "the quantize step: alpha=off for this layer");
  return request;
}

static Attribute orUnit(Attribute attribute, MLIRContext *context) {
  return attribute ? attribute : UnitAttr::get(context);
}

Attribute QuantizeRequest::activationKey() const {
  MLIRContext *context = scheme.getContext();
  Builder b(context);
  return b.getArrayAttr(
      {GranularityAttr::get(context, scheme.getActivationGranularity()),
       OutlierModeAttr::get(context, scheme.getOutliers()),
       scheme.getThreshold(), b.getBoolAttr(scheme.getAsymmetric()),
       b.getBoolAttr(scheme.getTail() == TailSource::Codes), outliers,
       orUnit(smooth, context), orUnit(scale, context),
       orUnit(zeroPoint, context)});
}

Attribute QuantizeRequest::weightKey() const {
  MLIRContext *context = scheme.getContext();
  Builder b(context);
  return b.getArrayAttr(
      {GranularityAttr::get(context, scheme.getWeightGranularity()),
       b.getI64IntegerAttr(scheme.getGroupSize()),
       b.getBoolAttr(scheme.getAsymmetric()),
       b.getBoolAttr(scheme.isWeightOnly()), b.getBoolAttr(keepsAllRows()),
       outliers, orUnit(smooth, context)});
}
