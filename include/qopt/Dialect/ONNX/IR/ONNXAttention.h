//===- ONNXAttention.h - attention, its caches and its relatives ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXATTENTION_H
#define QOPT_DIALECT_ONNX_IR_ONNXATTENTION_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXAttention.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXATTENTION_H
