//===- ONNXOps.td - umbrella over all families, for documentation ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXOPS_TD
#define QOPT_DIALECT_ONNX_IR_ONNXOPS_TD

include "qopt/Dialect/ONNX/IR/ONNXConstant.td"
include "qopt/Dialect/ONNX/IR/ONNXControlFlow.td"
include "qopt/Dialect/ONNX/IR/ONNXElementwise.td"
include "qopt/Dialect/ONNX/IR/ONNXShape.td"
include "qopt/Dialect/ONNX/IR/ONNXIndexing.td"
include "qopt/Dialect/ONNX/IR/ONNXReduction.td"
include "qopt/Dialect/ONNX/IR/ONNXMatMul.td"
include "qopt/Dialect/ONNX/IR/ONNXNormalization.td"
include "qopt/Dialect/ONNX/IR/ONNXQuantization.td"
include "qopt/Dialect/ONNX/IR/ONNXConvolution.td"
include "qopt/Dialect/ONNX/IR/ONNXPooling.td"
include "qopt/Dialect/ONNX/IR/ONNXResampling.td"
include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.td"
include "qopt/Dialect/ONNX/IR/ONNXLoss.td"
include "qopt/Dialect/ONNX/IR/ONNXRecurrent.td"
include "qopt/Dialect/ONNX/IR/ONNXSelection.td"
include "qopt/Dialect/ONNX/IR/ONNXSignal.td"
include "qopt/Dialect/ONNX/IR/ONNXAttention.td"

#endif // QOPT_DIALECT_ONNX_IR_ONNXOPS_TD
