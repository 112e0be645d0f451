//===- ONNXRecurrent.td - recurrent layers ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `onnx-decompose` removes all of these: one product for the inputs of all steps, then
// an `onnx.Loop` over the steps.
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_TD
#define QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

defvar ONNX_RecurrentText = [{
    T steps, batch B, D directions (2 if `direction` is `bidirectional`), hidden size H, G
    gates: `x` is `[T, B, input]`, `w` `[D, G H, input]`, `r` `[D, G H, H]`, `b`
    `[D, 2 G H]`, `initial_h` `[D, B, H]`; `y` is `[T, D, B, H]`, `y_h` `[D, B, H]`. With
    `layout` 1 the batch comes first everywhere. A sequence shorter than T
    (`sequence_lens`, `[B]`) keeps its state and gives zeros from its end on.
    `activations` of each direction (by default those of the formulas) take their
    parameters from `activation_alpha` and `activation_beta` in order; `clip` bounds what
    goes into them (but not into the h of an LSTM, as in ONNX Runtime). A node that leaves out the last results still has all here.
}];

class ONNX_RecurrentOp<string mnemonic> : ONNX_Op<mnemonic> {
  let hasVerifier = 1;
}

def ONNX_RNNOp : ONNX_RecurrentOp<"RNN"> {
  let summary = "Simple recurrent layer";
  let description = "ONNX RNN: `h' = f(x w^T + h r^T + b)`, f Tanh. " # ONNX_RecurrentText;
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w, ONNX_FloatTensor:$r,
                       ONNX_Optional<ONNX_FloatTensor>:$b, ONNX_Optional<ONNX_IndexTensor>:$sequence_lens,
                       ONNX_Optional<ONNX_FloatTensor>:$initial_h,
                       OptionalAttr<StrArrayAttr>:$activations,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_alpha,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
                       OptionalAttr<F32Attr>:$clip,
                       DefaultValuedAttr<StrAttr, "\"forward\"">:$direction,
                       OptionalAttr<ONNX_IntAttr>:$hidden_size,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$layout);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$y_h);
}

def ONNX_GRUOp : ONNX_RecurrentOp<"GRU"> {
  let summary = "Gated recurrent layer";
  let description = [{
    ONNX GRU: gates z, r, h; `z` and `r` are f(x w^T + h r^T + b), f Sigmoid, the candidate
    `n = g(x w^T + (r * h) r^T + b)`, g Tanh (`linear_before_reset`: `r * (h r^T + b)`
    instead), `h' = (1 - z) * n + z * h`.
  }] # ONNX_RecurrentText;
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w, ONNX_FloatTensor:$r,
                       ONNX_Optional<ONNX_FloatTensor>:$b, ONNX_Optional<ONNX_IndexTensor>:$sequence_lens,
                       ONNX_Optional<ONNX_FloatTensor>:$initial_h,
                       OptionalAttr<StrArrayAttr>:$activations,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_alpha,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
                       OptionalAttr<F32Attr>:$clip,
                       DefaultValuedAttr<StrAttr, "\"forward\"">:$direction,
                       OptionalAttr<ONNX_IntAttr>:$hidden_size,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$linear_before_reset,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$layout);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$y_h);
}

def ONNX_LSTMOp : ONNX_RecurrentOp<"LSTM"> {
  let summary = "Long short-term memory layer";
  let description = [{
    ONNX LSTM: gates i, o, f, c; `i` and `f` are f(x w^T + h r^T + p * c + b), f Sigmoid,
    `c' = f * c + i * g(x w^T + h r^T + b)`, g Tanh, `o` like `i` with `c'` beside its
    peephole weights, `h' = o * h(c')`, h Tanh. `p` is `[D, 3 H]` (i, o, f), `initial_c` and
    `y_c` are `[D, B, H]`. With `input_forget` `f = 1 - i`.
  }] # ONNX_RecurrentText;
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$w, ONNX_FloatTensor:$r,
                       ONNX_Optional<ONNX_FloatTensor>:$b, ONNX_Optional<ONNX_IndexTensor>:$sequence_lens,
                       ONNX_Optional<ONNX_FloatTensor>:$initial_h,
                       ONNX_Optional<ONNX_FloatTensor>:$initial_c,
                       ONNX_Optional<ONNX_FloatTensor>:$p,
                       OptionalAttr<StrArrayAttr>:$activations,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_alpha,
                       OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
                       OptionalAttr<F32Attr>:$clip,
                       DefaultValuedAttr<StrAttr, "\"forward\"">:$direction,
                       OptionalAttr<ONNX_IntAttr>:$hidden_size,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$input_forget,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$layout);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$y_h, ONNX_FloatTensor:$y_c);
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXRECURRENT_TD
