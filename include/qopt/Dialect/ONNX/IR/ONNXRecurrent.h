//===- ONNXRecurrent.h - recurrent layers ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_H
#define QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_H
