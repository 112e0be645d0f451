//===- Passes.td - passes of Interop ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_INTEROP_PASSES_TD
#define QOPT_INTEROP_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertQuantToQOptPass : Pass<"convert-quant-to-qopt"> {
  let summary = "Turn quant.qcast and quant.dcast into qopt operations";
  let description = [{
    `quant.qcast` of an f32 tensor becomes `qopt.quantize` with the scale and zero
    point of the type as constants, `quant.dcast` becomes `qopt.dequantize`; the
    codes pass through `quant.scast`, which meets that of the neighbour and goes.

    Types that have the same codes in qopt: symmetric signed ones of
    `i8<-127:127>`, with one scale or one per element of the last axis, and for
    `quant.qcast` also `u8` with one scale and a zero point. An operation with
    another type is an error that says what is different: -128 as a code would
    change results where values saturate.

    ```mlir
    %q = quant.qcast %x : tensor<?x64xf32> to tensor<?x64x!quant.uniform<i8<-127:127>:f32, 0.1>>
    // becomes
    %s = arith.constant dense<0.1> : tensor<f32>
    %c = qopt.quantize %x, %s granularity <tensor> : tensor<?x64xf32>, tensor<f32> -> tensor<?x64xi8>
    %q = quant.scast %c : tensor<?x64xi8> to tensor<?x64x!quant.uniform<i8<-127:127>:f32, 0.1>>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::qopt::QOptDialect",
                           "::mlir::quant::QuantDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertQOptToQuantPass : Pass<"convert-qopt-to-quant"> {
  let summary = "Turn qopt.quantize and qopt.dequantize with constant scales into quant casts";
  let description = [{
    The way back of `convert-quant-to-qopt`. Operations whose scale is no constant,
    or one per token, stay: `!quant.uniform` has no word for them.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect", "::mlir::tensor::TensorDialect"];
}

#endif // QOPT_INTEROP_PASSES_TD
