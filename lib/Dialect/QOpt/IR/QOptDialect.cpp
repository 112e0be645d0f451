//===- QOptDialect.cpp - registration of the qopt dialect -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::qopt;

#include "qopt/Dialect/QOpt/IR/QOptDialect.cpp.inc"
#include "qopt/Dialect/QOpt/IR/QOptEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "qopt/Dialect/QOpt/IR/QOptAttrs.cpp.inc"

void QOptDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "qopt/Dialect/QOpt/IR/QOptAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "qopt/Dialect/QOpt/IR/QOptOps.cpp.inc"
      >();
}

LogicalResult SchemeAttr::verify(
    llvm::function_ref<InFlightDiagnostic()> emitError, unsigned weightBits,
    Granularity weightGranularity, Granularity activationGranularity,
    OutlierMode outliers, FloatAttr threshold, int64_t groupSize,
    ActivationMode activationMode, bool asymmetric, TailSource tail) {
  if (weightBits != 8)
    return emitError() << "weight_bits must be 8, got " << weightBits;
  if (weightGranularity == Granularity::Token ||
      weightGranularity == Granularity::None)
    return emitError() << "weight_granularity must be tensor, channel or group";
  if ((weightGranularity == Granularity::Group) != (groupSize > 0))
    return emitError() << "group_size is positive with weight_granularity = "
                          "group, else 0";
  bool weightOnly = activationGranularity == Granularity::None;
  if (!weightOnly && activationGranularity != Granularity::Token &&
      activationGranularity != Granularity::Tensor)
    return emitError()
           << "activation_granularity must be token, tensor or none";
  if (weightOnly && (asymmetric || activationMode == ActivationMode::Static ||
                     outliers != OutlierMode::None))
    return emitError() << "float activations have no codes: no outliers, no "
                          "static scale, no zero point";
  if (activationMode == ActivationMode::Static &&
      activationGranularity != Granularity::Tensor)
    return emitError() << "a static scale is one per tensor";
  bool finds =
      outliers == OutlierMode::Dynamic || outliers == OutlierMode::DynamicRow;
  if (activationMode == ActivationMode::Static && finds)
    return emitError() << "a static scale needs a static list of outliers";
  // NaN fails this.
  if ((finds || outliers == OutlierMode::Guarded) &&
      !(threshold.getValueAsDouble() > 0))
    return emitError() << stringifyOutlierMode(outliers)
                       << " outliers need a positive threshold";
  if (tail == TailSource::Codes && !finds)
    return emitError() << "tail = codes goes with outliers that are found at "
                          "run time";
  return success();
}

SchemeAttr SchemeAttr::withOutliers(OutlierMode outliers) const {
  return get(getContext(), getWeightBits(), getWeightGranularity(),
             getActivationGranularity(), outliers, getThreshold(),
             getGroupSize(), getActivationMode(), getAsymmetric(),
             outliers == OutlierMode::None ? TailSource::Original : getTail());
}
