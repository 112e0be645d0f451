//===- OpsetQuantized.cpp - integer arithmetic with scales ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantization of tensors and operators on quantized ones.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"DequantizeLinear", 10, 2, 3, 1, 1,
     "axis:i@13 block_size:i@21 output_dtype:d@23"},
    {"DynamicQuantizeLinear", 11, 1, 1, 3, 3, ""},
    {"MatMulInteger", 10, 2, 4, 1, 1, ""},
    {"QLinearMatMul", 10, 8, 8, 1, 1, ""},
    {"QuantizeLinear", 10, 2, 3, 1, 1,
     "axis:i@13 block_size:i@21 output_dtype:d@21 precision:i@23 "
     "saturate:i@19"},
};
} // namespace

ArrayRef<OpForm> quantizedForms() { return table; }

} // namespace mlir::qopt::importer
