//===- ONNXMatMul.h - matrix products ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXMATMUL_H
#define QOPT_DIALECT_ONNX_IR_ONNXMATMUL_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXMATMUL_H
