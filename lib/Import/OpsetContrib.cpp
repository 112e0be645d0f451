//===- OpsetContrib.cpp - domains other than ai.onnx ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators of com.microsoft, as onnxruntime-genai and ONNX Runtime's fusions
// write them, and of ai.onnx.preview. Their decoders make basic operators.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"ai.onnx.preview.FlexAttention", 1, 3, 3, 1, 1,
     "prob_mod:g scale:f score_mod:g softmax_precision:i", decodeFlexAttention},
    {"com.microsoft.Attention", 1, 2, 7, 1, 2,
     "do_rotary:i mask_filter_value:f num_heads:i! past_present_share_buffer:i "
     "qkv_hidden_sizes:I rotary_embedding_dim:x scale:f unidirectional:i",
     decodeContribAttention},
    {"com.microsoft.BiasGelu", 1, 2, 2, 1, 1, "", decodeGelu},
    {"com.microsoft.BiasSplitGelu", 1, 2, 2, 1, 1, "", decodeBiasSplitGelu},
    {"com.microsoft.DequantizeLinear", 1, 2, 3, 1, 1, "axis:i",
     decodeContribDequantizeLinear},
    {"com.microsoft.DynamicQuantizeMatMul", 1, 3, 5, 1, 1, "",
     decodeDynamicQuantizeMatMul},
    {"com.microsoft.EmbedLayerNormalization", 1, 1, 9, 1, 3,
     "epsilon:f mask_index_type:i", decodeEmbedLayerNormalization},
    {"com.microsoft.FastGelu", 1, 1, 2, 1, 1, "", decodeFastGelu},
    {"com.microsoft.FusedGemm", 1, 2, 3, 1, 1,
     "activation:s activation_alpha:f activation_beta:f activation_gamma:f "
     "alpha:f beta:f transA:i transB:i",
     decodeFusedGemm},
    {"com.microsoft.FusedMatMul", 1, 2, 2, 1, 1,
     "alpha:f transA:i transB:i transBatchA:i transBatchB:i",
     decodeFusedMatMul},
    {"com.microsoft.GatherBlockQuantized", 1, 3, 4, 1, 1,
     "bits:i block_size:i gather_axis:i quantize_axis:i",
     decodeGatherBlockQuantized},
    {"com.microsoft.Gelu", 1, 1, 1, 1, 1, "", decodeGelu},
    {"com.microsoft.GroupQueryAttention", 1, 1, 16, 1, 4,
     "causal:i do_rotary:i k_quant_type:s kv_cache_bit_width:i kv_num_heads:i! "
     "local_window_size:i num_heads:i! qk_norm_epsilon:f qk_output:i "
     "rotary_interleaved:i scale:f sliding_window_cache:i smooth_softmax:i "
     "softcap:f v_quant_type:s",
     decodeGroupQueryAttention},
    {"com.microsoft.MatMulIntegerToFloat", 1, 4, 7, 1, 1, "",
     decodeMatMulIntegerToFloat},
    {"com.microsoft.MatMulNBits", 1, 3, 6, 1, 1,
     "K:i! N:i! accuracy_level:i bits:i block_size:i! weight_prepacked:i",
     decodeMatMulNBits},
    {"com.microsoft.MultiHeadAttention", 1, 1, 10, 1, 4,
     "mask_filter_value:f num_heads:i! scale:f unidirectional:i",
     decodeMultiHeadAttention},
    {"com.microsoft.QAttention", 1, 5, 9, 1, 2,
     "do_rotary:i mask_filter_value:f num_heads:i! past_present_share_buffer:i "
     "scale:f unidirectional:i",
     decodeQAttention},
    {"com.microsoft.QLinearAdd", 1, 7, 8, 1, 1, "", decodeQLinearBinary, "25"},
    {"com.microsoft.QLinearAveragePool", 1, 4, 5, 1, 1,
     "auto_pad:s ceil_mode:i channels_last:i count_include_pad:i "
     "kernel_shape:I! pads:I strides:I",
     decodeQLinearPool, "2"},
    {"com.microsoft.QLinearConcat", 1, 3, -1, 1, 1, "axis:i!",
     decodeQLinearConcat},
    {"com.microsoft.QLinearGlobalAveragePool", 1, 5, 5, 1, 1, "channels_last:i",
     decodeQLinearPool, "2"},
    {"com.microsoft.QLinearLeakyRelu", 1, 4, 5, 1, 1, "alpha:f",
     decodeQLinearUnary, "2"},
    {"com.microsoft.QLinearMul", 1, 7, 8, 1, 1, "", decodeQLinearBinary, "25"},
    {"com.microsoft.QLinearSigmoid", 1, 4, 5, 1, 1, "", decodeQLinearUnary,
     "2"},
    {"com.microsoft.QLinearSoftmax", 1, 5, 5, 1, 1, "axis:i opset:i",
     decodeQLinearSoftmax, "2"},
    {"com.microsoft.QuantizeLinear", 1, 2, 3, 1, 1, "axis:i",
     decodeContribQuantizeLinear},
    {"com.microsoft.QuickGelu", 1, 1, 1, 1, 1, "alpha:f", decodeQuickGelu},
    {"com.microsoft.RotaryEmbedding", 1, 4, 4, 1, 1,
     "interleaved:i is_packed_batching:i num_heads:i rotary_embedding_dim:i "
     "scale:f",
     decodeContribRotaryEmbedding},
    {"com.microsoft.SimplifiedLayerNormalization", 1, 2, 2, 1, 2,
     "axis:i epsilon:f stash_type:i", decodeSimplifiedLayerNormalization},
    {"com.microsoft.SkipLayerNormalization", 1, 3, 5, 1, 4, "epsilon:f",
     decodeSkipLayerNormalization},
    {"com.microsoft.SkipSimplifiedLayerNormalization", 1, 3, 4, 1, 4,
     "epsilon:f", decodeSkipSimplifiedLayerNormalization},
};
} // namespace

ArrayRef<OpForm> contribForms() { return table; }

} // namespace mlir::qopt::importer
