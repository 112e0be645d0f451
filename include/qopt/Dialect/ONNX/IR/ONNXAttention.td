//===- ONNXAttention.td - attention, its caches and its relatives ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXATTENTION_TD
#define QOPT_DIALECT_ONNX_IR_ONNXATTENTION_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

def ONNX_AttentionOp : ONNX_Op<"Attention"> {
  let summary = "Scaled dot product attention";
  let description = [{
    ONNX Attention. `q` is `[batch, heads, sequence, head size]`, or
    `[batch, sequence, heads * head size]` with `q_num_heads` and `kv_num_heads` given;
    `k` and `v` likewise, with fewer heads where several queries share a key
    (`heads % kv heads == 0`).

    - `present_key = concat(past_key, k)` and `present_value` along the sequence, always of
      rank 4; without a past they are `k` and `v`.
    - `qk = q * transpose(present_key) * scale`; no `scale` means `1 / sqrt(head size)`.
    - `softcap > 0`: `qk = softcap * tanh(qk / softcap)`.
    - `attn_mask` broadcasts to `[batch, heads, sequence, total sequence]`; a float mask is
      added, where a bool mask is false `qk` becomes `-inf`. With `pad_mask` (from opset 24
      on) a mask with fewer columns than keys masks the keys without a column.
    - `is_causal`: query `i` sees keys up to `past sequence + i`.
    - `nonpad_kv_seqlen` (`[batch]`): keys from that one on are not seen.
    - `y = softmax(qk) * present_value`, in the layout of `q`. A query that sees nothing
      gives NaN, as in ONNX.

    `qk_matmul_output` is `qk` after the product (mode 0), after the softcap (1), after the
    masks (2) or after softmax (3). `softmax_precision` is the number of an ONNX data type.
    There are always four results; those that a node leaves out have no uses. Half types are
    computed in f32. `onnx-expand-attention` writes the op as basic ones.

    Two attributes are not ONNX's; lifting sets them where exporters say so.
    `mask_filter_value` is what `qk` becomes where a bool mask is false, instead of
    `-inf`. With `zero_masked_rows`, NaN behind softmax becomes 0: a query that sees
    nothing gives 0.
  }];
  let arguments = (ins ONNX_FloatTensor:$q, ONNX_FloatTensor:$k, ONNX_FloatTensor:$v,
                       ONNX_Optional<ONNX_NumberTensor>:$attn_mask,
                       ONNX_Optional<ONNX_FloatTensor>:$past_key,
                       ONNX_Optional<ONNX_FloatTensor>:$past_value,
                       ONNX_Optional<ONNX_I64Tensor>:$nonpad_kv_seqlen,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$is_causal,
                       OptionalAttr<ONNX_IntAttr>:$q_num_heads,
                       OptionalAttr<ONNX_IntAttr>:$kv_num_heads,
                       OptionalAttr<F32Attr>:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       OptionalAttr<ONNX_IntAttr>:$softmax_precision,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$qk_matmul_output_mode,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$pad_mask,
                       OptionalAttr<F32Attr>:$mask_filter_value,
                       UnitAttr:$zero_masked_rows);
  let results = (outs ONNX_FloatTensor:$y, ONNX_FloatTensor:$present_key,
                      ONNX_FloatTensor:$present_value,
                      ONNX_FloatTensor:$qk_matmul_output);
  let elementRule = [{elementOf(operands, result == 1 ? 1 : result == 2 ? 2 : 0)}];
  let hasVerifier = 1;
}

def ONNX_FlashAttentionOp : ONNX_Op<"FlashAttention"> {
  let summary = "Attention as one kernel computes it";
  let description = [{
    What `onnx-expand-attention` makes of an Attention that has a kernel; not an operator of
    ONNX. `y = softmax(scale * q * transpose(k) + mask) * v` in f32 for `q`
    `[batch, heads, sequence, size]` and `k`, `v` `[batch, kv heads, keys, size]`, which hold
    the past already. With `q_tokens_first` `q` is stored as
    `[batch, sequence, heads, size]`; likewise `k`, `v` and `y`.

    - `attn_mask` has rank 4, each of its first three dims is 1 or that of the scores, the last
      the number of keys. A float is added; where an 8-bit integer is 0 a score becomes
      `mask_filter_value`.
    - `lengths` (`[batch]`): keys from that one on are not seen.
    - `past` (`[1]`): query `i` sees keys up to `past + i`.
    - `softcap` and `zero_masked_rows` as in Attention.
  }];
  let arguments = (ins ONNX_FloatTensor:$q, ONNX_FloatTensor:$k, ONNX_FloatTensor:$v,
                       ONNX_Optional<ONNX_NumberTensor>:$attn_mask,
                       ONNX_Optional<ONNX_I64Tensor>:$lengths,
                       ONNX_Optional<ONNX_I64Tensor>:$past,
                       F32Attr:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap,
                       OptionalAttr<F32Attr>:$mask_filter_value,
                       UnitAttr:$zero_masked_rows, UnitAttr:$q_tokens_first,
                       UnitAttr:$k_tokens_first, UnitAttr:$v_tokens_first,
                       UnitAttr:$y_tokens_first);
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_RotaryEmbeddingOp : ONNX_Op<"RotaryEmbedding"> {
  let summary = "Rotates pairs of a head's elements by their position";
  let description = [{
    ONNX RotaryEmbedding. `x` is `[batch, heads, sequence, head size]`, or
    `[batch, sequence, heads * head size]` with `num_heads` given. Of each head the first
    `rotary_embedding_dim` elements (0: all) are pairs `(a, b)`, neighbours with
    `interleaved`, otherwise half the rotary dim apart, and become
    `(a * cos - b * sin, a * sin + b * cos)`; the rest stays. `cos_cache` and `sin_cache`
    are `[batch, sequence, rotary dim / 2]` (either of the first two may be 1), or with
    `position_ids` `[positions, rotary dim / 2]`, whose rows they choose.
    `onnx-expand-attention` writes the op as basic ones.
  }];
  let arguments = (ins ONNX_FloatTensor:$x, ONNX_FloatTensor:$cos_cache,
                       ONNX_FloatTensor:$sin_cache,
                       ONNX_Optional<ONNX_I64Tensor>:$position_ids,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$interleaved,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$num_heads,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$rotary_embedding_dim);
  let results = (outs ONNX_FloatTensor:$y);
  let hasVerifier = 1;
}

def ONNX_TensorScatterOp : ONNX_Op<"TensorScatter"> {
  let summary = "Writes new tokens into a cache";
  let description = [{
    ONNX TensorScatter: `past_cache` with `update` written over it along `axis`, in batch
    row `b` (dim 0) from index `write_indices[b]` (0 if absent) on. In mode "circular"
    indices wrap around the dim; in mode "linear" the update has to fit, which is checked
    at run time.
  }];
  let arguments = (ins AnyTensor:$past_cache, AnyTensor:$update,
                       ONNX_Optional<ONNX_I64Tensor>:$write_indices,
                       DefaultValuedAttr<ONNX_IntAttr, "-2">:$axis,
                       DefaultValuedAttr<StrAttr, "\"linear\"">:$mode);
  let results = (outs AnyTensor:$present_cache);
  let hasVerifier = 1;
}

def ONNX_LinearAttentionOp : ONNX_Op<"LinearAttention"> {
  let summary = "Attention by a recurrent state instead of a cache";
  let description = [{
    ONNX LinearAttention: `query`, `key`, `value` are `[batch, sequence, heads * size]`, the
    state per head is a matrix `S` of `[key size, value size]`, kept in f32. Token by token:

    - "gated", "gated_delta": `S *= exp(decay)`, one decay per head or per key element;
    - "delta", "gated_delta": `v = beta * (v - S^T k)`;
    - `S += k v^T`, and the output is `scale * S^T q` (no scale: `1 / sqrt(key size)`).

    Several query heads may share one state. `present_state` is the last `S`. `chunk_size`
    is a hint that changes no result.
  }];
  let arguments = (ins ONNX_FloatTensor:$query, ONNX_FloatTensor:$key,
                       ONNX_FloatTensor:$value,
                       ONNX_Optional<ONNX_FloatTensor>:$past_state,
                       ONNX_Optional<ONNX_FloatTensor>:$decay,
                       ONNX_Optional<ONNX_FloatTensor>:$beta,
                       ONNX_IntAttr:$q_num_heads, ONNX_IntAttr:$kv_num_heads,
                       DefaultValuedAttr<F32Attr, "0.0f">:$scale,
                       DefaultValuedAttr<StrAttr, "\"gated_delta\"">:$update_rule,
                       DefaultValuedAttr<ONNX_IntAttr, "64">:$chunk_size);
  let results = (outs ONNX_FloatTensor:$output, ONNX_FloatTensor:$present_state);
  let elementRule = [{result == 0 ? elementOf(operands, 0)
                                  : elementOf(operands, 3, elementOf(operands, 0))}];
  let hasVerifier = 1;
}

def ONNX_CausalConvWithStateOp : ONNX_Op<"CausalConvWithState"> {
  let summary = "Depthwise convolution over the last tokens";
  let description = [{
    ONNX CausalConvWithState: `input` is `[batch, channels, length]`, `weight`
    `[channels, 1, k]`. The input with `past_state` (`[batch, channels, k - 1]`, zeros if
    absent) in front of it is correlated channel by channel with the weight; `bias` is
    added, and `activation` "silu" or "swish" applied. `present_state` is the last `k - 1`
    tokens. `onnx-decompose` removes it.
  }];
  let arguments = (ins ONNX_FloatTensor:$input, ONNX_FloatTensor:$weight,
                       ONNX_Optional<ONNX_FloatTensor>:$bias,
                       ONNX_Optional<ONNX_FloatTensor>:$past_state,
                       DefaultValuedAttr<StrAttr, "\"none\"">:$activation);
  let results = (outs ONNX_FloatTensor:$output, ONNX_FloatTensor:$present_state);
  let hasVerifier = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXATTENTION_TD
