//===- OpsetMath.cpp - reductions, products, normalizations ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, cumulative sums, matrix products, normalizations, attention,
// recurrent layers and losses.
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

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"ArgMax", 1, 1, 1, 1, 1, argAttributes},
    {"ArgMin", 1, 1, 1, 1, 1, argAttributes},
    {"CumProd", 26, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"CumSum", 11, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"Einsum", 12, 1, -1, 1, 1, "equation:s!"},
    {"Gemm", 6, 3, 3, 1, 1, "alpha:f beta:f broadcast:x transA:i transB:i"},
    {"Gemm", 7, 3, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"Gemm", 11, 2, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"Hardmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Hardmax", 13, 1, 1, 1, 1, "axis:i"},
    {"LayerNormalization", 17, 2, 3, 1, 3, "axis:i epsilon:f stash_type:i"},
    {"LogSoftmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"LogSoftmax", 13, 1, 1, 1, 1, "axis:i"},
    {"MatMul", 1, 2, 2, 1, 1, ""},
    {"MeanVarianceNormalization", 9, 1, 1, 1, 1, "axes:I"},
    {"RMSNormalization", 23, 2, 2, 1, 1, "axis:i epsilon:f stash_type:i"},
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
    // No operator of ONNX, but exporters write it into the default domain.
    {"SimplifiedLayerNormalization", 1, 2, 2, 1, 2,
     "axis:i epsilon:f stash_type:i", decodeSimplifiedLayerNormalization},
    {"Softmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Softmax", 13, 1, 1, 1, 1, "axis:i"},
};
} // namespace

ArrayRef<OpForm> mathForms() { return table; }

} // namespace mlir::qopt::importer
