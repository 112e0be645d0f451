//===- Passes.td - passes of Export ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_EXPORT_PASSES_TD
#define QOPT_EXPORT_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertQOptToONNXPass : Pass<"convert-qopt-to-onnx", "mlir::ModuleOp"> {
  let summary = "Write quantized products as ONNX's QuantizeLinear and DequantizeLinear";
  let description = [{
    Codes of an activation become QuantizeLinear, DequantizeLinear; codes of a weight
    DequantizeLinear of a constant; the product a MatMul of the two, which runtimes run
    on the integers. ONNX has no scale per token in these operators: the row is divided
    by its scale in front, quantized with scale 1, and the product multiplied with it.
    An outlier split becomes a mask in front of the quantization and a second MatMul.

    New results have no rank until `onnx-infer-shapes` runs.
  }];
  let dependentDialects = ["mlir::onnx::ONNXDialect"];
  let statistics = [
    Statistic<"numProducts", "products", "Quantized products written">,
    Statistic<"numActivations", "activations", "Quantized activations written">
  ];
}

def ONNXExpandNewPass : Pass<"onnx-expand-new", "mlir::ModuleOp"> {
  let summary = "Write RMSNormalization and Swish as operators of opset 21";
  let description = [{
    Both are younger than most runtimes in use. The basic operators are those from which
    ONNX Runtime makes its own fused ones again. A Resize that rounds as opset 10 did gets
    the name of that rounding in later opsets.
  }];
}

#endif // QOPT_EXPORT_PASSES_TD
