//===- ONNXOps.h - all ops of the onnx dialect ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXOPS_H
#define QOPT_DIALECT_ONNX_IR_ONNXOPS_H

#include "qopt/Dialect/ONNX/IR/ONNXAttention.h"
#include "qopt/Dialect/ONNX/IR/ONNXChannelNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXConstant.h"
#include "qopt/Dialect/ONNX/IR/ONNXControlFlow.h"
#include "qopt/Dialect/ONNX/IR/ONNXConvolution.h"
#include "qopt/Dialect/ONNX/IR/ONNXElementwise.h"
#include "qopt/Dialect/ONNX/IR/ONNXIndexing.h"
#include "qopt/Dialect/ONNX/IR/ONNXLoss.h"
#include "qopt/Dialect/ONNX/IR/ONNXMatMul.h"
#include "qopt/Dialect/ONNX/IR/ONNXNormalization.h"
#include "qopt/Dialect/ONNX/IR/ONNXPooling.h"
#include "qopt/Dialect/ONNX/IR/ONNXQuantization.h"
#include "qopt/Dialect/ONNX/IR/ONNXRecurrent.h"
#include "qopt/Dialect/ONNX/IR/ONNXReduction.h"
#include "qopt/Dialect/ONNX/IR/ONNXResampling.h"
#include "qopt/Dialect/ONNX/IR/ONNXSelection.h"
#include "qopt/Dialect/ONNX/IR/ONNXShape.h"
#include "qopt/Dialect/ONNX/IR/ONNXSignal.h"

#endif // QOPT_DIALECT_ONNX_IR_ONNXOPS_H
