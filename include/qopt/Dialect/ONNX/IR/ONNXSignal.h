//===- ONNXSignal.h - Fourier transforms and windows ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_H
#define QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXSignal.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXSIGNAL_H
