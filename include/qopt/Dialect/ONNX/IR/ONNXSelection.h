//===- ONNXSelection.h - selecting and counting by value ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXSELECTION_H
#define QOPT_DIALECT_ONNX_IR_ONNXSELECTION_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXSelection.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXSELECTION_H
