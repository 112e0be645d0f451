//===- Export.h - from the onnx dialect back to a model file --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way out for other runtimes (docs/export.md): a module behind a preset's
// pipeline becomes a standard ONNX model. Quantized products are written with
// QuantizeLinear and DequantizeLinear, what only newer opsets have as basic
// operators.
//===----------------------------------------------------------------------===//

#ifndef QOPT_EXPORT_EXPORT_H
#define QOPT_EXPORT_EXPORT_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir {
class OpPassManager;
namespace qopt {

/// Graph-level qopt ops as ONNX ops, composite ops of new opsets as basic ones.
/// Registered as `qopt-export`.
void buildExportPipeline(OpPassManager &pm);
void registerExportPipelines();

struct ExportOptions {
  /// File that may take the weights, or -1; and the name by which the model
  /// refers to it.
  int dataFd = -1;
  std::string dataName;
  /// Whether it takes them; otherwise it does when a model file, which ends at
  /// 2 GiB, cannot.
  bool externalData = false;
};

/// The model as bytes. Failures are diagnostics on the context, at the node.
FailureOr<std::string> exportModel(ModuleOp module,
                                   const ExportOptions &options);

} // namespace qopt
} // namespace mlir

#endif // QOPT_EXPORT_EXPORT_H
