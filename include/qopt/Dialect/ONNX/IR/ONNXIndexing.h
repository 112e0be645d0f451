//===- ONNXIndexing.h - gather, scatter and selection ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXINDEXING_H
#define QOPT_DIALECT_ONNX_IR_ONNXINDEXING_H

#include "qopt/Dialect/ONNX/IR/ONNXDialect.h"

#define GET_OP_CLASSES
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h.inc"

#endif // QOPT_DIALECT_ONNX_IR_ONNXINDEXING_H
