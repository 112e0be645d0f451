//===- ONNXConstant.h - constants and the absent operand ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_H
#define QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXCONSTANT_H
