//===- ONNXPooling.td - reductions over windows and regions ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXPOOLING_TD
#define QOPT_DIALECT_ONNX_IR_ONNXPOOLING_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

defvar ONNX_PoolAttributes = (ins DefaultValuedAttr<StrAttr, "\"NOTSET\"">:$auto_pad,
    DenseI64ArrayAttr:$kernel_shape,
    OptionalAttr<DenseI64ArrayAttr>:$pads,
    OptionalAttr<DenseI64ArrayAttr>:$strides,
    OptionalAttr<DenseI64ArrayAttr>:$dilations,
    DefaultValuedAttr<ONNX_IntAttr, "0">:$ceil_mode);

def ONNX_MaxPoolOp : ONNX_Op<"MaxPool"> {
  let summary = "Maximum over windows";
  let description = [{
    ONNX MaxPool on `[N, C, D1, ..]`. `indices` are positions in the flattened operand of
    the first maximum, with `storage_order = 1` counted with the spatial dims in reverse
    order. A node that leaves them out still has them here, without uses.
  }];
  let arguments = !con((ins ONNX_NumberTensor:$x), ONNX_PoolAttributes,
                       (ins DefaultValuedAttr<ONNX_IntAttr, "0">:$storage_order));
  let results = (outs ONNX_NumberTensor:$y, ONNX_I64Tensor:$indices);
  let elementRule = [{result == 0 ? elementOf(operands, 0)
      : ::mlir::Type(::mlir::IntegerType::get(context, 64))}];
  let hasVerifier = 1;
}

def ONNX_AveragePoolOp : ONNX_Op<"AveragePool"> {
  let summary = "Mean over windows";
  let description = [{
    ONNX AveragePool on `[N, C, D1, ..]`: the sum over the window divided by the number of
    its elements that lie in the operand, or in the padded operand with
    `count_include_pad`.
  }];
  let arguments = !con((ins ONNX_FloatTensor:$x), ONNX_PoolAttributes,
                       (ins DefaultValuedAttr<ONNX_IntAttr, "0">:$count_include_pad));
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_LpPoolOp : ONNX_Op<"LpPool"> {
  let summary = "p-norm over windows";
  let description = "ONNX LpPool on `[N, C, D1, ..]`: `(sum |x|^p)^(1/p)`.";
  let arguments = !con((ins ONNX_FloatTensor:$x), ONNX_PoolAttributes,
                       (ins DefaultValuedAttr<ONNX_IntAttr, "2">:$p));
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

class ONNX_GlobalPoolOp<string mnemonic, string what, dag attributes = (ins)>
    : ONNX_Op<mnemonic> {
  let summary = what # " over all spatial dims";
  let description = "ONNX " # mnemonic # ": " # what #
                    " over the dims from 2 on, which become 1. `onnx-decompose` removes it.";
  let arguments = !con((ins ONNX_FloatTensor:$x), attributes);
  let results = (outs ONNX_FloatTensor:$y);
}
def ONNX_GlobalAveragePoolOp : ONNX_GlobalPoolOp<"GlobalAveragePool", "mean">;
def ONNX_GlobalMaxPoolOp : ONNX_GlobalPoolOp<"GlobalMaxPool", "maximum">;
def ONNX_GlobalLpPoolOp : ONNX_GlobalPoolOp<"GlobalLpPool", "p-norm",
    (ins DefaultValuedAttr<ONNX_IntAttr, "2">:$p)>;

def ONNX_MaxUnpoolOp : ONNX_Op<"MaxUnpool"> {
  let summary = "Puts the results of MaxPool back to their places";
  let description = [{
    ONNX MaxUnpool: zeros, with the elements of `x` at the flat positions `indices`. The
    result has the dims `output_shape`, or those that the window attributes give. Indices
    count in the tensor of the size that the attributes give.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_I64Tensor:$indices,
                       ONNX_Optional<ONNX_I64Tensor>:$output_shape,
                       DenseI64ArrayAttr:$kernel_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$pads,
                       OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs ONNX_FloatTensor:$output);
}

def ONNX_MaxRoiPoolOp : ONNX_Op<"MaxRoiPool"> {
  let summary = "Maxima over the parts of regions";
  let description = [{
    ONNX MaxRoiPool: `rois` is `[R, 5]` of (batch, x1, y1, x2, y2); every region is split
    into `pooled_shape` parts.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$rois,
                       DenseI64ArrayAttr:$pooled_shape,
                       DefaultValuedAttr<F32Attr, "1.0f">:$spatial_scale);
  let results = (outs ONNX_FloatTensor:$y);
}

def ONNX_RoiAlignOp : ONNX_Op<"RoiAlign"> {
  let summary = "Samples regions on a regular grid";
  let description = [{
    ONNX RoiAlign: `rois` is `[R, 4]` of (x1, y1, x2, y2), `batch_indices` `[R]`. Every
    region is split into `output_height` x `output_width` parts, each the mean or maximum
    of `sampling_ratio`^2 bilinear samples (0: as many as the part has pixels).
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$rois,
      ONNX_I64Tensor:$batch_indices,
      DefaultValuedAttr<StrAttr, "\"half_pixel\"">:$coordinate_transformation_mode,
      DefaultValuedAttr<StrAttr, "\"avg\"">:$mode,
      DefaultValuedAttr<ONNX_IntAttr, "1">:$output_height,
      DefaultValuedAttr<ONNX_IntAttr, "1">:$output_width,
      DefaultValuedAttr<ONNX_IntAttr, "0">:$sampling_ratio,
      DefaultValuedAttr<F32Attr, "1.0f">:$spatial_scale);
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXPOOLING_TD
