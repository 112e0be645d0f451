//===- OpsetMath.cpp - reductions, products, normalizations ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, cumulative sums, matrix products, normalizations, attention,
// recurrent layers, losses and transforms of signals.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {
constexpr const char *reduceInput = "keepdims:i noop_with_empty_axes:i";
constexpr const char *reduceAttribute = "axes:I keepdims:i";
constexpr const char *argAttributes =
    "axis:i keepdims:i select_last_index:i@12";
constexpr const char *lossAttributes = "ignore_index:i reduction:s";
constexpr const char *attentionAttributes =
    "is_causal:i kv_num_heads:i q_num_heads:i qk_matmul_output_mode:i scale:f "
    "softcap:f softmax_precision:i";
constexpr const char *rnnAttributes =
    "activation_alpha:F activation_beta:F activations:S clip:f direction:s "
    "hidden_size:i layout:i@14";
constexpr const char *windowAttributes = "output_datatype:d periodic:i";

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"ArgMax", 1, 1, 1, 1, 1, argAttributes},
    {"ArgMin", 1, 1, 1, 1, 1, argAttributes},
    {"Attention", 23, 3, 6, 1, 4, attentionAttributes, decodeAttention},
    {"Attention", 24, 3, 7, 1, 4, attentionAttributes, decodeAttention},
    {"BlackmanWindow", 17, 1, 1, 1, 1, windowAttributes},
    {"CausalConvWithState", 27, 2, 4, 1, 2, "activation:s"},
    {"CumProd", 26, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"CumSum", 11, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"DFT", 17, 1, 2, 1, 1, "axis:i inverse:i onesided:i", upgradeDFT},
    {"DFT", 20, 1, 3, 1, 1, "inverse:i onesided:i"},
    {"Det", 11, 1, 1, 1, 1, ""},
    {"Einsum", 12, 1, -1, 1, 1, "equation:s!"},
    {"GRU", 7, 3, 6, 0, 2,
     "activation_alpha:F activation_beta:F activations:S clip:f direction:s "
     "hidden_size:i layout:i@14 linear_before_reset:i"},
    {"Gemm", 6, 3, 3, 1, 1, "alpha:f beta:f broadcast:x transA:i transB:i"},
    {"Gemm", 7, 3, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"Gemm", 11, 2, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"HammingWindow", 17, 1, 1, 1, 1, windowAttributes},
    {"HannWindow", 17, 1, 1, 1, 1, windowAttributes},
    {"Hardmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Hardmax", 13, 1, 1, 1, 1, "axis:i"},
    {"LSTM", 7, 3, 8, 0, 3,
     "activation_alpha:F activation_beta:F activations:S clip:f direction:s "
     "hidden_size:i input_forget:i layout:i@14"},
    {"LayerNormalization", 17, 2, 3, 1, 3, "axis:i epsilon:f stash_type:i"},
    {"LinearAttention", 27, 3, 6, 1, 2,
     "chunk_size:i kv_num_heads:i! q_num_heads:i! scale:f update_rule:s"},
    {"LogSoftmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"LogSoftmax", 13, 1, 1, 1, 1, "axis:i"},
    {"LpNormalization", 1, 1, 1, 1, 1, "axis:i p:i"},
    {"MatMul", 1, 2, 2, 1, 1, ""},
    {"MeanVarianceNormalization", 9, 1, 1, 1, 1, "axes:I"},
    {"MelWeightMatrix", 17, 5, 5, 1, 1, "output_datatype:d"},
    {"NegativeLogLikelihoodLoss", 12, 2, 3, 1, 1, lossAttributes},
    {"RMSNormalization", 23, 2, 2, 1, 1, "axis:i epsilon:f stash_type:i"},
    {"RNN", 7, 3, 6, 0, 2, rnnAttributes},
    {"ReduceL1", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceL1", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceL2", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceL2", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceLogSum", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceLogSum", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceLogSumExp", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceLogSumExp", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceMax", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceMax", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceMean", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceMean", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceMin", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceMin", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceProd", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceProd", 18, 1, 2, 1, 1, reduceInput},
    {"ReduceSum", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceSum", 13, 1, 2, 1, 1, reduceInput},
    {"ReduceSumSquare", 1, 1, 1, 1, 1, reduceAttribute, upgradeAxes},
    {"ReduceSumSquare", 18, 1, 2, 1, 1, reduceInput},
    {"RotaryEmbedding", 23, 3, 4, 1, 1,
     "interleaved:i num_heads:i rotary_embedding_dim:i"},
    {"STFT", 17, 2, 4, 1, 1, "onesided:i"},
    // No operator of ONNX, but exporters write it into the default domain.
    {"SimplifiedLayerNormalization", 1, 2, 2, 1, 2,
     "axis:i epsilon:f stash_type:i", decodeSimplifiedLayerNormalization},
    {"Softmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Softmax", 13, 1, 1, 1, 1, "axis:i"},
    {"SoftmaxCrossEntropyLoss", 12, 2, 3, 1, 2, lossAttributes},
};
} // namespace

ArrayRef<OpForm> mathForms() { return table; }

} // namespace mlir::qopt::importer
