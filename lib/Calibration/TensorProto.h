//===- TensorProto.h - ONNX tensors without protobuf -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_LIB_CALIBRATION_TENSORPROTO_H
#define QOPT_LIB_CALIBRATION_TENSORPROTO_H

#include "qopt/Calibration/Samples.h"

namespace mlir::qopt {

/// Reads one TensorProto. The data stays in `bytes` where it is raw there.
llvm::Error parseTensorProto(llvm::StringRef bytes, SampleInput &result);

} // namespace mlir::qopt

#endif // QOPT_LIB_CALIBRATION_TENSORPROTO_H
