//===- ONNXMatMul.td - matrix products ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXMATMUL_TD
#define QOPT_DIALECT_ONNX_IR_ONNXMATMUL_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_MatMulOp : ONNX_Op<"MatMul"> {
  let summary = "Matrix product with broadcast batch dims";
  let description = [{
    ONNX MatMul, with the rules of NumPy's `matmul`: the last two dims are matrices
    (`...xMxK` times `...xKxN`), leading dims broadcast; a rank-1 operand is a row or
    column and its dim is dropped from the result.
  }];
  let arguments = (ins ONNX_NumberTensor:$a, ONNX_NumberTensor:$b);
  let results = (outs ONNX_NumberTensor:$y);
  let hasVerifier = 1;
}

def ONNX_GemmOp : ONNX_Op<"Gemm"> {
  let summary = "alpha * A' * B' + beta * C";
  let description = [{
    ONNX Gemm on rank-2 operands: `A' = transA ? A^T : A` of `MxK`, `B'` of `KxN`; `c` is
    absent or broadcasts to `MxN`.

    Limits: `alpha` and `beta` other than 1 only for floats.
  }];
  let arguments = (ins ONNX_NumberTensor:$a, ONNX_NumberTensor:$b,
                       ONNX_Optional<ONNX_NumberTensor>:$c,
                       DefaultValuedAttr<F32Attr, "1.0f">:$alpha,
                       DefaultValuedAttr<F32Attr, "1.0f">:$beta,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$transA,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$transB);
  let results = (outs ONNX_NumberTensor:$y);
  let hasVerifier = 1;
}

def ONNX_DetOp : ONNX_Op<"Det"> {
  let summary = "Determinant of square matrices";
  let description = "ONNX Det of the matrices in the last two dims of `x`.";
  let arguments = (ins ONNX_FloatTensor:$x);
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_EinsumOp : ONNX_Op<"Einsum"> {
  let summary = "Sum of products in Einstein's notation";
  let description = [{
    ONNX Einsum: `equation` such as `"bhwc,hkc->bhwk"`, letters for dims, `...` for
    leading dims that broadcast; without `->` the letters that occur once, sorted.
  }];
  let arguments = (ins Variadic<ONNX_NumberTensor>:$inputs, StrAttr:$equation);
  let results = (outs ONNX_NumberTensor:$output);
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXMATMUL_TD
