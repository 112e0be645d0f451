//===- Passes.td - passes of Conversion ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_CONVERSION_PASSES_TD
#define QOPT_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertONNXToLinalgPass : Pass<"convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower onnx and graph-level qopt operations to linalg on tensors";
  let description = [{
    Every `onnx` operation, and every graph-level `qopt` operation, becomes
    `linalg`, `tensor`, `arith` and `math` operations on tensors and kernel-level
    `qopt` operations. Element types lose their signedness; half types are
    computed in f32. Sizes come from the symbolic shape analysis: equal dims are
    one SSA value, and a broadcast or a shape that is not proved is checked by
    `qopt.require`, with the name of the node in the message.

    All operations that cannot be converted are reported at once.

    ```mlir
    %y = onnx.Add %x, %b : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    // becomes
    %y = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)],
                         iterator_types = ["parallel", "parallel"]} ins(%x, %b) outs(%empty) { arith.addf }
    ```
  }];
  let options = [
    Option<"unsafeIndices", "unsafe-indices", "bool", /*default=*/"false",
           "Trust index tensors: no check in front of gathers and scatters">];
  let statistics = [
    Statistic<"numConverted", "converted", "Operations converted">,
    Statistic<"numRequired", "required", "Checks at run time">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::qopt::QOptDialect"];
}

def ConvertQOptToLinalgPass : Pass<"convert-qopt-to-linalg"> {
  let summary = "Lower graph-level qopt operations to upstream dialects alone";
  let description = [{
    What `qopt.dynamic_quantize`, `qopt.quantized_matmul` and the others mean, in
    `linalg`, `tensor`, `arith` and `math` on tensors: for compilers that have
    their own way to code from there. Integer sums are i32; scales, tail and bias
    follow in the order of the operation's description. Outlier columns that are
    found at run time, or guarded, have no such form and are refused.

    ```mlir
    %q, %s = qopt.dynamic_quantize %x : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?xf32>
    // becomes a linalg.generic for the largest magnitude of each row, two for what
    // scales it, and one for the codes
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // QOPT_CONVERSION_PASSES_TD
