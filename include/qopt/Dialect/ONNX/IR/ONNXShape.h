//===- ONNXShape.h - ops that make, move or measure tensors ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSHAPE_H
#define QOPT_DIALECT_ONNX_IR_ONNXSHAPE_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXShape.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXSHAPE_H
