//===- ONNXChannelNormalization.td - normalizations per channel ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXCHANNELNORMALIZATION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXCHANNELNORMALIZATION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_BatchNormalizationOp : ONNX_Op<"BatchNormalization"> {
  let summary = "Normalizes channels by given or own statistics";
  let description = [{
    ONNX BatchNormalization: `y = (x - mean) / sqrt(var + epsilon) * scale + b` with
    vectors over dim 1. With `training_mode` mean and variance are those of `x`, and the
    running ones are mixed with the operands. `onnx-decompose` removes it.

    Limits: up to opset 13 without the results of training; `spatial` is 1.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale, ONNX_FloatTensor:$b,
                       ONNX_FloatTensor:$input_mean, ONNX_FloatTensor:$input_var,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon,
                       DefaultValuedAttr<F32Attr, "0.9f">:$momentum,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$training_mode);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$running_mean,
                      ONNX_FloatTensor:$running_var);
  let elementRule = [{result == 0 ? elementOf(operands, 0) : elementOf(operands, 3)}];
}

def ONNX_InstanceNormalizationOp : ONNX_Op<"InstanceNormalization"> {
  let summary = "Normalizes every channel of every instance";
  let description = [{
    ONNX InstanceNormalization: mean and variance over the spatial dims, `scale` and `b`
    over dim 1. `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$input, ONNX_FloatTensor:$scale,
                       ONNX_FloatTensor:$b,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs ONNX_FloatTensor:$output);
}

def ONNX_GroupNormalizationOp : ONNX_Op<"GroupNormalization"> {
  let summary = "Normalizes groups of channels";
  let description = [{
    ONNX GroupNormalization: mean and variance over the channels of a group and the
    spatial dims. `scale` and `bias` have an entry per channel (opset 21), or per group
    (opset 18, `per_group`). `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale,
                       ONNX_FloatTensor:$bias, ONNX_IntAttr:$num_groups,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$stash_type,
                       UnitAttr:$per_group);
  let results = (outs ONNX_FloatTensor:$y);
}

def ONNX_LRNOp : ONNX_Op<"LRN"> {
  let summary = "Local response normalization across channels";
  let description = [{
    ONNX LRN: `y = x / (bias + alpha / size * sum x^2)^beta`, the sum over the `size`
    channels around. `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, DefaultValuedAttr<F32Attr, "1e-4f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.75f">:$beta,
                       DefaultValuedAttr<F32Attr, "1.0f">:$bias, ONNX_IntAttr:$size);
  let results = (outs ONNX_FloatTensor:$y);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXCHANNELNORMALIZATION_TD
