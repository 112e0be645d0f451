//===- ONNXNormalization.td - softmax and layer normalizations ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXNORMALIZATION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXNORMALIZATION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

class ONNX_SoftmaxLikeOp<string mnemonic, string what> : ONNX_Op<mnemonic> {
  let summary = what # " along an axis";
  let description = "ONNX " # mnemonic # " with the semantics of opset 13: " # what #
                    " along the one dim `axis`. The result has the operand's shape.";
  let arguments = (ins ONNX_FloatTensor:$input, DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis);
  let results = (outs ONNX_FloatTensor:$output);
  let hasVerifier = 1;
}
def ONNX_SoftmaxOp : ONNX_SoftmaxLikeOp<"Softmax", "exp(x) / sum(exp(x))">;
def ONNX_LogSoftmaxOp : ONNX_SoftmaxLikeOp<"LogSoftmax", "ln(exp(x) / sum(exp(x)))">;
def ONNX_HardmaxOp : ONNX_SoftmaxLikeOp<"Hardmax", "1 at the first maximum, 0 elsewhere,">;

def ONNX_LayerNormalizationOp : ONNX_Op<"LayerNormalization"> {
  let summary = "Normalizes to mean 0 and variance 1, scales, shifts";
  let description = [{
    ONNX LayerNormalization: over the dims `[axis, rank)`,
    `y = (x - mean) / sqrt(variance + epsilon) * scale + b`. `scale` and `b` broadcast to
    `x`; `b` may be absent. `mean` and `inv_std_dev` have the dims of `x` with the
    normalized ones 1. Statistics are computed in f32 (`stash_type = 1`). A node that
    leaves out the last results still has three here, without uses.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale,
                       ONNX_Optional<ONNX_FloatTensor>:$b,
                       DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$stash_type);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$mean,
                      ONNX_FloatTensor:$inv_std_dev);
  let elementRule = [{result == 0 ? elementOf(operands, 0)
                                  : stashElementType(context, attributes)}];
  let hasVerifier = 1;
}

def ONNX_RMSNormalizationOp : ONNX_Op<"RMSNormalization"> {
  let summary = "Divides by the root mean square, scales";
  let description = [{
    ONNX RMSNormalization: over the dims `[axis, rank)`,
    `y = x / sqrt(mean(x^2) + epsilon) * scale`; `scale` broadcasts to `x`.
    `SimplifiedLayerNormalization` of other exporters is this op too.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$scale,
                       DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$stash_type);
  let results = (outs ONNX_FloatTensor:$y);
  let elementRule = [{elementOf(operands, 1)}];
  let hasVerifier = 1;
}

def ONNX_LpNormalizationOp : ONNX_Op<"LpNormalization"> {
  let summary = "Divides by the L1 or L2 norm along an axis";
  let description = [{
    ONNX LpNormalization: `y = x / norm`, the norm of degree `p` (1 or 2) along the dim
    `axis`; 0 where the norm is 0. `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$input, DefaultValuedAttr<ONNX_IntAttr, "-1">:$axis,
                       DefaultValuedAttr<ONNX_IntAttr, "2">:$p);
  let results = (outs ONNX_FloatTensor:$output);
  let hasVerifier = 1;
}

def ONNX_MeanVarianceNormalizationOp : ONNX_Op<"MeanVarianceNormalization"> {
  let summary = "Normalizes to mean 0 and variance 1 over given axes";
  let description = [{
    ONNX MeanVarianceNormalization: `y = (x - mean) / (sqrt(variance) + 1e-9)`, mean and
    variance over the dims `axes`. `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$x,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{0, 2, 3}">:$axes);
  let results = (outs ONNX_FloatTensor:$y);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXNORMALIZATION_TD
