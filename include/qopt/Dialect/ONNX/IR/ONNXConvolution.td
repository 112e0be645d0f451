//===- ONNXConvolution.td - convolutions and their inverses ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXCONVOLUTION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXCONVOLUTION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

// What all operators with a sliding window share. Lists have one entry per spatial
// dim (`pads` two: all begins, then all ends); an absent list means ones (zeros).
defvar ONNX_WindowAttributes = (ins DefaultValuedAttr<StrAttr, "\"NOTSET\"">:$auto_pad,
    OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
    OptionalAttr<DenseI64ArrayAttr>:$pads,
    OptionalAttr<DenseI64ArrayAttr>:$strides,
    OptionalAttr<DenseI64ArrayAttr>:$dilations);
defvar ONNX_ConvAttributes = !con(ONNX_WindowAttributes,
    (ins DefaultValuedAttr<ONNX_IntAttr, "1">:$group));

def ONNX_ConvOp : ONNX_Op<"Conv"> {
  let summary = "Convolution over any number of spatial dims";
  let description = [{
    ONNX Conv: `x` is `[N, C, D1, ..]`, `w` is `[M, C / group, k1, ..]`, `b` is absent or
    `[M]`; the result is `[N, M, o1, ..]`.
  }];
  let arguments = !con((ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w,
                            ONNX_Optional<ONNX_FloatTensor>:$b), ONNX_ConvAttributes);
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_ConvTransposeOp : ONNX_Op<"ConvTranspose"> {
  let summary = "Transposed convolution over any number of spatial dims";
  let description = [{
    ONNX ConvTranspose: `x` is `[N, C, D1, ..]`, `w` is `[C, M / group, k1, ..]`, `b` is
    absent or `[M]`. `output_shape`, where given, decides the pads.
  }];
  let arguments = !con((ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w,
                            ONNX_Optional<ONNX_FloatTensor>:$b), ONNX_ConvAttributes,
                       (ins OptionalAttr<DenseI64ArrayAttr>:$output_padding,
                            OptionalAttr<DenseI64ArrayAttr>:$output_shape));
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_ConvIntegerOp : ONNX_Op<"ConvInteger"> {
  let summary = "Convolution of 8-bit integers in i32";
  let description = [{
    ONNX ConvInteger: Conv of `x - x_zero_point` and `w - w_zero_point` with exact `i32`
    sums; padding is zero after the subtraction. Zero points are scalars, that of `w` may
    be a vector over the `M` result channels; absent ones are 0.
  }];
  let arguments = !con((ins ONNX_IntTensor:$x, ONNX_IntTensor:$w,
                            ONNX_Optional<ONNX_IntTensor>:$x_zero_point,
                            ONNX_Optional<ONNX_IntTensor>:$w_zero_point),
                       ONNX_ConvAttributes);
  let results = (outs TensorOf<[I32]>:$y);
  let elementRule = [{::mlir::IntegerType::get(context, 32)}];
  let hasVerifier = 1;
}

def ONNX_QLinearConvOp : ONNX_Op<"QLinearConv"> {
  let summary = "Convolution of quantized tensors, quantized again";
  let description = [{
    ONNX QLinearConv: the exact `i32` sum of ConvInteger plus the `i32` bias `b`, times
    `x_scale * w_scale / y_scale`, rounded with halves to even, plus `y_zero_point`,
    saturated. `w_scale` and `w_zero_point` are scalars or vectors over the `M` channels.
  }];
  let arguments = !con((ins ONNX_IntTensor:$x, ONNX_FloatTensor:$x_scale,
                            ONNX_IntTensor:$x_zero_point, ONNX_IntTensor:$w,
                            ONNX_FloatTensor:$w_scale, ONNX_IntTensor:$w_zero_point,
                            ONNX_FloatTensor:$y_scale, ONNX_IntTensor:$y_zero_point,
                            ONNX_Optional<TensorOf<[I32]>>:$b), ONNX_ConvAttributes);
  let results = (outs ONNX_IntTensor:$y);
  let elementRule = [{elementOf(operands, 7)}];
  let hasVerifier = 1;
}

def ONNX_DeformConvOp : ONNX_Op<"DeformConv"> {
  let summary = "Convolution that reads at positions given by a tensor";
  let description = [{
    ONNX DeformConv in two spatial dims: tap `k` of the window at `o` reads `x`
    (bilinearly, zero outside) at its place plus `offset`, times `mask`. `offset` is
    `[N, offset_group * kH * kW * 2, oH, oW]`, `mask` is absent or
    `[N, offset_group * kH * kW, oH, oW]`.
  }];
  let arguments = !con((ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w,
                            ONNX_FloatTensor:$offset,
                            ONNX_Optional<ONNX_FloatTensor>:$b,
                            ONNX_Optional<ONNX_FloatTensor>:$mask), ONNX_ConvAttributes,
                       (ins DefaultValuedAttr<ONNX_IntAttr, "1">:$offset_group));
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_Col2ImOp : ONNX_Op<"Col2Im"> {
  let summary = "Sums the columns of windows into an image";
  let description = [{
    ONNX Col2Im: `input` is `[N, C * prod(block_shape), L]`, one column per window over an
    image of the size `image_shape`; every element is added to the place it came from.
  }];
  let arguments = (ins AnyTensor:$input, ONNX_I64Tensor:$image_shape,
                       ONNX_I64Tensor:$block_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$dilations,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs AnyTensor:$output);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXCONVOLUTION_TD
