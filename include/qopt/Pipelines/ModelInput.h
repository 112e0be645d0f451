//===- ModelInput.h - the files that a compile starts from ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_PIPELINES_MODELINPUT_H
#define QOPT_PIPELINES_MODELINPUT_H

#include "qopt/Import/Import.h"

namespace mlir::qopt {

/// Reads a model: `NAME.mlir` is a module of the onnx dialect with a function
/// `@main`, as qopt-reduce writes it and, without large weights, --emit=onnx;
/// everything else goes to the importer. Returns null and fills `error` on
/// failure.
OwningOpRef<ModuleOp> readModel(llvm::StringRef path, MLIRContext &context,
                                const ImportOptions &options,
                                ImportError &error);

} // namespace mlir::qopt

#endif // QOPT_PIPELINES_MODELINPUT_H
