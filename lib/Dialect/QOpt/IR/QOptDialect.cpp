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
#include "qopt/Dialect/QOpt/IR/QOptInterfaces.cpp.inc"

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

LogicalResult
SchemeAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   unsigned weightBits, Granularity weightGranularity,
                   Granularity activationGranularity, OutlierMode outliers,
                   FloatAttr threshold) {
  if (weightBits != 8)
    return emitError() << "weight_bits must be 8, got " << weightBits;
  if (weightGranularity == Granularity::Token)
    return emitError() << "weights have no tokens: weight_granularity must be "
                          "tensor or channel";
  if (activationGranularity != Granularity::Token)
    return emitError() << "activation_granularity must be token";
  if (outliers == OutlierMode::Dynamic && threshold.getValueAsDouble() <= 0)
    return emitError() << "dynamic outliers need a positive threshold";
  return success();
}
