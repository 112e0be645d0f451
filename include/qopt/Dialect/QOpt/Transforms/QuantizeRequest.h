//===- QuantizeRequest.h - what the plan asks of one contraction ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attributes of the plan, read and checked against the operation: someone
// may have edited them, or written them by hand.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEREQUEST_H
#define QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEREQUEST_H

#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt {

/// How one contraction is quantized. All but scheme and outliers may be null.
struct QuantizeRequest {
  SchemeAttr scheme;
  DenseI64ArrayAttr outliers;
  DenseFPElementsAttr smooth;
  /// Of a static scale.
  FloatAttr scale;
  IntegerAttr zeroPoint;
  /// What is added to the result, [N].
  DenseFPElementsAttr correction;

  /// The attributes of `op` as a request; fails with a diagnostic.
  static FailureOr<QuantizeRequest> read(ContractionOpInterface op,
                                         SchemeAttr scheme);

  /// What the quantized activation and the quantized weight depend on.
  Attribute activationKey() const;
  Attribute weightKey() const;

  /// Whether all weights may be needed beside their codes.
  bool keepsAllRows() const {
    return scheme.findsOutliers() && scheme.getTail() == TailSource::Original;
  }
};

} // namespace mlir::qopt

#endif // QOPT_DIALECT_QOPT_TRANSFORMS_QUANTIZEREQUEST_H
