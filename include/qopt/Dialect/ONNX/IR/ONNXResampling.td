//===- ONNXResampling.td - images under other grids ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXRESAMPLING_TD
#define QOPT_DIALECT_ONNX_IR_ONNXRESAMPLING_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_ResizeOp : ONNX_Op<"Resize"> {
  let summary = "Samples a tensor at another resolution";
  let description = [{
    ONNX Resize, one of `scales` and `sizes` given, for the dims `axes` (default: all).
    `nearest_mode = "simple"` is what Upsample and opset 10 did: truncation, and rounding
    up in a dim that shrinks.
  }];
  let arguments = (ins ONNX_NumberTensor:$x, ONNX_Optional<ONNX_FloatTensor>:$roi,
      ONNX_Optional<ONNX_FloatTensor>:$scales, ONNX_Optional<ONNX_I64Tensor>:$sizes,
      DefaultValuedAttr<ONNX_IntAttr, "0">:$antialias,
      OptionalAttr<DenseI64ArrayAttr>:$axes,
      DefaultValuedAttr<StrAttr, "\"half_pixel\"">:$coordinate_transformation_mode,
      DefaultValuedAttr<F32Attr, "-0.75f">:$cubic_coeff_a,
      DefaultValuedAttr<ONNX_IntAttr, "0">:$exclude_outside,
      DefaultValuedAttr<F32Attr, "0.0f">:$extrapolation_value,
      DefaultValuedAttr<StrAttr, "\"stretch\"">:$keep_aspect_ratio_policy,
      DefaultValuedAttr<StrAttr, "\"nearest\"">:$mode,
      DefaultValuedAttr<StrAttr, "\"round_prefer_floor\"">:$nearest_mode);
  let results = (outs ONNX_NumberTensor:$y);
  let hasVerifier = 1;
}

def ONNX_GridSampleOp : ONNX_Op<"GridSample"> {
  let summary = "Samples a tensor at given positions";
  let description = [{
    ONNX GridSample: `x` is `[N, C, D1, ..]`, `grid` `[N, o1, .., r]` of positions in
    [-1, 1], the last spatial dim of `x` first. `mode` is `nearest`, `linear` or `cubic`.
  }];
  let arguments = (ins ONNX_NumberTensor:$x, ONNX_FloatTensor:$grid,
      DefaultValuedAttr<ONNX_IntAttr, "0">:$align_corners,
      DefaultValuedAttr<StrAttr, "\"linear\"">:$mode,
      DefaultValuedAttr<StrAttr, "\"zeros\"">:$padding_mode);
  let results = (outs ONNX_NumberTensor:$y);
  let hasVerifier = 1;
}

def ONNX_AffineGridOp : ONNX_Op<"AffineGrid"> {
  let summary = "Positions of an image under affine maps";
  let description = [{
    ONNX AffineGrid: `theta` is `[N, r, r + 1]`, `size` the shape `[N, C, D1, ..]` of the
    image; the result is `[N, D1, .., r]`, as GridSample reads it.
  }];
  let arguments = (ins ONNX_FloatTensor:$theta, ONNX_I64Tensor:$size,
      DefaultValuedAttr<ONNX_IntAttr, "0">:$align_corners);
  let results = (outs ONNX_FloatTensor:$grid);
}

def ONNX_CenterCropPadOp : ONNX_Op<"CenterCropPad"> {
  let summary = "Crops or pads dims around their middle";
  let description = [{
    ONNX CenterCropPad: the dims `axes` (default: all) become those of `shape`; what a dim
    has too much is cut at both ends, what is missing is zero at both ends.
  }];
  let arguments = (ins AnyTensor:$input_data, ONNX_IndexTensor:$shape,
      OptionalAttr<DenseI64ArrayAttr>:$axes);
  let results = (outs AnyTensor:$output_data);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXRESAMPLING_TD
