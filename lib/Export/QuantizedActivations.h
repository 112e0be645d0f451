//===- QuantizedActivations.h - quantize steps as ONNX ops ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_EXPORT_QUANTIZEDACTIVATIONS_H
#define QOPT_LIB_EXPORT_QUANTIZEDACTIVATIONS_H

#include "NodeMaker.h"
#include "qopt/Dialect/QOpt/IR/QOptDialect.h"

namespace mlir::qopt::exporter {

/// An activation as products read it: `x ~ (codes - offset) * scale`.
struct Activation {
  /// DequantizeLinear of the codes.
  Value codes;
  /// One number per row. Null: already in `codes`.
  Value scale;
  /// Zero point of each row. Null: 0, or already in `codes`.
  Value offset;
};

/// Writes the ops in front of products. They stay until the products have been
/// written, which find their activation by the codes.
class ActivationWriter {
public:
  LogicalResult write(OutlierSplitOp op);
  LogicalResult write(QuantizeOp op);
  LogicalResult write(DynamicQuantizeOp op);

  /// What the codes have become, or null.
  const Activation *find(Value codes) const {
    auto found = activations.find(codes);
    return found == activations.end() ? nullptr : &found->second;
  }

private:
  Activation dynamicRows(DynamicQuantizeOp op, NodeMaker &b, Value x,
                         Value measured);
  Activation dynamicRowsWithOffset(DynamicQuantizeOp op, NodeMaker &b, Value x);

  llvm::DenseMap<Value, Activation> activations;
  /// Bodies of splits whose scales come from more elements than they hold.
  llvm::DenseMap<Value, Value> measuredInstead;
};

} // namespace mlir::qopt::exporter

#endif // QOPT_LIB_EXPORT_QUANTIZEDACTIVATIONS_H
