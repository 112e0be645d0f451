//===- ONNXLoss.td - losses of classification ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXLOSS_TD
#define QOPT_DIALECT_ONNX_IR_ONNXLOSS_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_NegativeLogLikelihoodLossOp : ONNX_Op<"NegativeLogLikelihoodLoss"> {
  let summary = "-weight[target] * input[target] of log probabilities";
  let description = [{
    ONNX NegativeLogLikelihoodLoss: `input` is `[N, C, d1, ...]` with log probabilities of
    `C` classes, `target` is `[N, d1, ...]` with class numbers, `weight` is `[C]`.
    `reduction` is `none` (the result has the dims of `target`), `sum`, or `mean`: the sum
    divided by the sum of the weights used. A target equal to `ignore_index` adds nothing,
    whatever class it names. `onnx-decompose` removes the op.
  }];
  let arguments = (ins ONNX_FloatTensor:$input, ONNX_IndexTensor:$target,
                       ONNX_Optional<ONNX_FloatTensor>:$weight,
                       OptionalAttr<ONNX_IntAttr>:$ignore_index,
                       DefaultValuedAttr<StrAttr, "\"mean\"">:$reduction);
  let results = (outs ONNX_FloatTensor:$loss);
  let hasVerifier = 1;
}

def ONNX_SoftmaxCrossEntropyLossOp : ONNX_Op<"SoftmaxCrossEntropyLoss"> {
  let summary = "Negative log likelihood of LogSoftmax";
  let description = [{
    ONNX SoftmaxCrossEntropyLoss: `log_prob` is LogSoftmax of `scores` along dim 1, `output`
    is NegativeLogLikelihoodLoss of it with `labels`, `weights`, `ignore_index` and
    `reduction`. A node that leaves out `log_prob` still has the result here, without
    uses. `onnx-decompose` removes the op.
  }];
  let arguments = (ins ONNX_FloatTensor:$scores, ONNX_IndexTensor:$labels,
                       ONNX_Optional<ONNX_FloatTensor>:$weights,
                       OptionalAttr<ONNX_IntAttr>:$ignore_index,
                       DefaultValuedAttr<StrAttr, "\"mean\"">:$reduction);
  let results = (outs ONNX_FloatTensor:$output, ONNX_FloatTensor:$log_prob);
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXLOSS_TD
