//===- QOptDialect.td - the qopt dialect -*- tablegen -*- ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_QOPT_IR_QOPTDIALECT_TD
#define QOPT_DIALECT_QOPT_IR_QOPTDIALECT_TD

include "mlir/IR/OpBase.td"

def QOpt_Dialect : Dialect {
  let name = "qopt";
  let cppNamespace = "::mlir::qopt";
  let summary = "Quantized tensors, outlier splits and fused quantized kernels";
  let description = [{
    What ONNX has no word for. Operations come in two levels.

    *Graph level* (value semantics, on tensors): the quantization of a model as
    users and passes reason about it: `qopt.quantize`, `qopt.dequantize`,
    `qopt.dynamic_quantize`, `qopt.outlier_split`, `qopt.quantized_matmul`,
    `qopt.observe`. They stand beside `onnx` operations.

    *Kernel level* (destination style, on tensors or memrefs): what one kernel
    of the emitted library computes: `qopt.quantize_rows`, `qopt.find_outliers`,
    `qopt.matmul` with its epilogue region, and the operations that talk to the
    runtime: `qopt.weight`, `qopt.require`, `qopt.output`, `qopt.parallel_call`.

    Scales are values, never types. Codes are signed 8-bit in [-127, 127] for
    symmetric data; rounding is to nearest, ties to even, after a clamp in float.

    Discardable attributes of the plan, on operations that implement
    `ContractionOpInterface`: `qopt.scheme` (a `#qopt.scheme`) or `qopt.keep`
    (a string: why the operation stays in float); `qopt.outliers` (a static list
    of outlier columns).
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

#endif // QOPT_DIALECT_QOPT_IR_QOPTDIALECT_TD
