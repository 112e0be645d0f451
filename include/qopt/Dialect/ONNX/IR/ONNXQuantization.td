//===- ONNXQuantization.td - ONNX's own quantization ops ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXQUANTIZATION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXQUANTIZATION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_QuantizeLinearOp : ONNX_Op<"QuantizeLinear"> {
  let summary = "saturate(round(x / scale) + zero_point)";
  let description = [{
    ONNX QuantizeLinear: rounds halves to even, then saturates to the type of
    `y_zero_point` or `output_dtype` (default `ui8`): an integer of 2 to 16 bits or a float
    of 8 or 4. The scale is a scalar, a vector along `axis`, or has one entry per
    `block_size` elements of `axis`; its type, or `precision`, is that of the quotient.

    Limits: `precision` is absent, float or that of the scale.
  }];
  let arguments = (ins ONNX_NumberTensor:$x, ONNX_NumberTensor:$y_scale,
                       ONNX_Optional<AnyTensor>:$y_zero_point,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$block_size,
                       OptionalAttr<TypeAttr>:$output_dtype,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$precision,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$saturate);
  let results = (outs AnyTensor:$y);
  let elementRule = [{elementOf(operands, 2, typeAttribute(attributes, "output_dtype",
      ::mlir::IntegerType::get(context, 8, ::mlir::IntegerType::Unsigned)))}];
}

def ONNX_DequantizeLinearOp : ONNX_Op<"DequantizeLinear"> {
  let summary = "(x - zero_point) * scale";
  let description = [{
    ONNX DequantizeLinear: the result has the element type of the scale or `output_dtype`;
    scale and zero point are scalars, vectors along `axis`, or per block of `axis`.
  }];
  let arguments = (ins AnyTensor:$x, ONNX_FloatTensor:$x_scale,
                       ONNX_Optional<AnyTensor>:$x_zero_point,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$block_size,
                       OptionalAttr<TypeAttr>:$output_dtype);
  let results = (outs ONNX_FloatTensor:$y);
  let elementRule = [{typeAttribute(attributes, "output_dtype", elementOf(operands, 1))}];
}

def ONNX_DynamicQuantizeLinearOp : ONNX_Op<"DynamicQuantizeLinear"> {
  let summary = "Quantizes a tensor to ui8 by its own range";
  let description = [{
    ONNX DynamicQuantizeLinear: the range of `x`, extended to contain 0, is mapped to
    0..255. Yields the codes, the scale (scalar f32) and the zero point (scalar `ui8`).
  }];
  let arguments = (ins ONNX_FloatTensor:$x);
  let results = (outs AnyTensor:$y, ONNX_FloatTensor:$y_scale, AnyTensor:$y_zero_point);
  let elementRule = [{result == 1 ? ::mlir::Type(::mlir::Float32Type::get(context))
      : ::mlir::IntegerType::get(context, 8, ::mlir::IntegerType::Unsigned)}];
}

def ONNX_MatMulIntegerOp : ONNX_Op<"MatMulInteger"> {
  let summary = "Product of 8-bit integer matrices in i32";
  let description = [{
    ONNX MatMulInteger: `(a - a_zero_point) * (b - b_zero_point)` with exact `i32` sums;
    shapes as in MatMul. Zero points are scalars, or vectors along the rows of `a` and the
    columns of `b`, or absent (0).
  }];
  let arguments = (ins ONNX_IntTensor:$a, ONNX_IntTensor:$b,
                       ONNX_Optional<ONNX_IntTensor>:$a_zero_point,
                       ONNX_Optional<ONNX_IntTensor>:$b_zero_point);
  let results = (outs TensorOf<[I32]>:$y);
  let elementRule = [{::mlir::IntegerType::get(context, 32)}];
}

def ONNX_QLinearMatMulOp : ONNX_Op<"QLinearMatMul"> {
  let summary = "Product of quantized matrices, quantized again";
  let description = [{
    ONNX QLinearMatMul: dequantizes `a` and `b`, multiplies (shapes as in MatMul) and
    quantizes with `y_scale` and `y_zero_point`: rounds halves to even and saturates.
  }];
  let arguments = (ins ONNX_IntTensor:$a, ONNX_FloatTensor:$a_scale,
                       ONNX_IntTensor:$a_zero_point, ONNX_IntTensor:$b,
                       ONNX_FloatTensor:$b_scale, ONNX_IntTensor:$b_zero_point,
                       ONNX_FloatTensor:$y_scale, ONNX_IntTensor:$y_zero_point);
  let results = (outs ONNX_IntTensor:$y);
  let elementRule = [{elementOf(operands, 7)}];
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXQUANTIZATION_TD
