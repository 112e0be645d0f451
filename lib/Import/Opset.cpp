//===- Opset.cpp - the operators that the importer knows, by version ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row per form of an operator, not per version: a version that only adds
// types, or an attribute with a default, changes no form. A row without a
// decoder is imported one to one; the others are upgraded to the form of
// opset 23 by Upgrade.cpp. ONNX's own version converter is not used.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace mlir::qopt::importer {

namespace {
constexpr const char *legacyBinary = "axis:i broadcast:i";
constexpr const char *reduceInput = "keepdims:i noop_with_empty_axes:i";
constexpr const char *reduceAttribute = "axes:I keepdims:i";
constexpr const char *argAttributes = "axis:i keepdims:i select_last_index:i";

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"Abs", 6, 1, 1, 1, 1, ""},
    {"Acos", 7, 1, 1, 1, 1, ""},
    {"Acosh", 9, 1, 1, 1, 1, ""},
    {"Add", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Add", 7, 2, 2, 1, 1, ""},
    {"And", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"And", 7, 2, 2, 1, 1, ""},
    {"ArgMax", 1, 1, 1, 1, 1, argAttributes},
    {"ArgMin", 1, 1, 1, 1, 1, argAttributes},
    {"Asin", 7, 1, 1, 1, 1, ""},
    {"Asinh", 9, 1, 1, 1, 1, ""},
    {"Atan", 7, 1, 1, 1, 1, ""},
    {"Atanh", 9, 1, 1, 1, 1, ""},
    {"BitShift", 11, 2, 2, 1, 1, "direction:s!"},
    {"BitwiseAnd", 18, 2, 2, 1, 1, ""},
    {"BitwiseNot", 18, 1, 1, 1, 1, ""},
    {"BitwiseOr", 18, 2, 2, 1, 1, ""},
    {"BitwiseXor", 18, 2, 2, 1, 1, ""},
    {"Cast", 6, 1, 1, 1, 1, "to:d! saturate:i"},
    {"CastLike", 15, 2, 2, 1, 1, "saturate:i"},
    {"Ceil", 6, 1, 1, 1, 1, ""},
    {"Celu", 12, 1, 1, 1, 1, "alpha:f"},
    {"Clip", 6, 1, 1, 1, 1, "max:f min:f", upgradeClip},
    {"Clip", 11, 1, 3, 1, 1, ""},
    {"Compress", 9, 2, 2, 1, 1, "axis:i"},
    {"Concat", 4, 1, -1, 1, 1, "axis:i!"},
    {"Constant", 1, 0, 0, 1, 1,
     "sparse_value:u value:t value_float:f value_floats:F value_int:i "
     "value_ints:I value_string:u value_strings:u",
     decodeConstant},
    {"ConstantOfShape", 9, 1, 1, 1, 1, "value:t"},
    {"Cos", 7, 1, 1, 1, 1, ""},
    {"Cosh", 9, 1, 1, 1, 1, ""},
    {"CumSum", 11, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"DepthToSpace", 1, 1, 1, 1, 1, "blocksize:i! mode:s"},
    {"DequantizeLinear", 10, 2, 3, 1, 1, "axis:i block_size:i output_dtype:d"},
    {"Div", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Div", 7, 2, 2, 1, 1, ""},
    {"Dropout", 7, 1, 1, 1, 2, "ratio:f", decodeDropout},
    {"Dropout", 12, 1, 3, 1, 2, "seed:x", decodeDropout},
    {"DynamicQuantizeLinear", 11, 1, 1, 3, 3, ""},
    {"Einsum", 12, 1, -1, 1, 1, "equation:s!"},
    {"Elu", 6, 1, 1, 1, 1, "alpha:f"},
    {"Equal", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Equal", 7, 2, 2, 1, 1, ""},
    {"Erf", 9, 1, 1, 1, 1, ""},
    {"Exp", 6, 1, 1, 1, 1, ""},
    {"Expand", 8, 2, 2, 1, 1, ""},
    {"EyeLike", 9, 1, 1, 1, 1, "dtype:d k:i"},
    {"Flatten", 1, 1, 1, 1, 1, "axis:i"},
    {"Floor", 6, 1, 1, 1, 1, ""},
    {"Gather", 1, 2, 2, 1, 1, "axis:i"},
    {"GatherElements", 11, 2, 2, 1, 1, "axis:i"},
    {"GatherND", 11, 2, 2, 1, 1, "batch_dims:i"},
    {"Gelu", 20, 1, 1, 1, 1, "approximate:s"},
    {"Gemm", 6, 3, 3, 1, 1, "alpha:f beta:f broadcast:x transA:i transB:i"},
    {"Gemm", 7, 2, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"Greater", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Greater", 7, 2, 2, 1, 1, ""},
    {"GreaterOrEqual", 12, 2, 2, 1, 1, ""},
    {"HardSigmoid", 6, 1, 1, 1, 1, "alpha:f beta:f"},
    {"HardSwish", 14, 1, 1, 1, 1, ""},
    {"Hardmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Hardmax", 13, 1, 1, 1, 1, "axis:i"},
    {"Identity", 1, 1, 1, 1, 1, ""},
    {"IsInf", 10, 1, 1, 1, 1, "detect_negative:i detect_positive:i"},
    {"IsNaN", 9, 1, 1, 1, 1, ""},
    {"LayerNormalization", 17, 2, 3, 1, 3, "axis:i epsilon:f stash_type:i"},
    {"LeakyRelu", 6, 1, 1, 1, 1, "alpha:f"},
    {"Less", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Less", 7, 2, 2, 1, 1, ""},
    {"LessOrEqual", 12, 2, 2, 1, 1, ""},
    {"Log", 6, 1, 1, 1, 1, ""},
    {"LogSoftmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"LogSoftmax", 13, 1, 1, 1, 1, "axis:i"},
    {"MatMul", 1, 2, 2, 1, 1, ""},
    {"MatMulInteger", 10, 2, 4, 1, 1, ""},
    {"Max", 6, 1, -1, 1, 1, ""},
    {"Mean", 6, 1, -1, 1, 1, ""},
    {"MeanVarianceNormalization", 9, 1, 1, 1, 1, "axes:I"},
    {"Min", 6, 1, -1, 1, 1, ""},
    {"Mish", 18, 1, 1, 1, 1, ""},
    {"Mod", 10, 2, 2, 1, 1, "fmod:i"},
    {"Mul", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Mul", 7, 2, 2, 1, 1, ""},
    {"Neg", 6, 1, 1, 1, 1, ""},
    {"NonZero", 9, 1, 1, 1, 1, ""},
    {"Not", 1, 1, 1, 1, 1, ""},
    {"OneHot", 9, 3, 3, 1, 1, "axis:i"},
    {"Or", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Or", 7, 2, 2, 1, 1, ""},
    {"PRelu", 6, 2, 2, 1, 1, "", upgradePRelu},
    {"PRelu", 7, 2, 2, 1, 1, ""},
    {"Pad", 2, 1, 1, 1, 1, "mode:s pads:I! value:f", upgradePad},
    {"Pad", 11, 2, 4, 1, 1, "mode:s"},
    {"Pow", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Pow", 7, 2, 2, 1, 1, ""},
    {"QLinearMatMul", 10, 8, 8, 1, 1, ""},
    {"QuantizeLinear", 10, 2, 3, 1, 1,
     "axis:i block_size:i output_dtype:d precision:i saturate:i"},
    {"RMSNormalization", 23, 2, 2, 1, 1, "axis:i epsilon:f stash_type:i"},
    {"Range", 11, 3, 3, 1, 1, ""},
    {"Reciprocal", 6, 1, 1, 1, 1, ""},
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
    {"Relu", 6, 1, 1, 1, 1, ""},
    {"Reshape", 5, 2, 2, 1, 1, "allowzero:i"},
    {"ReverseSequence", 10, 2, 2, 1, 1, "batch_axis:i time_axis:i"},
    {"Round", 11, 1, 1, 1, 1, ""},
    {"Scatter", 9, 3, 3, 1, 1, "axis:i", decodeScatter},
    {"ScatterElements", 11, 3, 3, 1, 1, "axis:i reduction:s"},
    {"ScatterND", 11, 3, 3, 1, 1, "reduction:s"},
    {"Selu", 6, 1, 1, 1, 1, "alpha:f gamma:f"},
    {"Shape", 1, 1, 1, 1, 1, "end:i start:i"},
    {"Shrink", 9, 1, 1, 1, 1, "bias:f lambd:f"},
    {"Sigmoid", 6, 1, 1, 1, 1, ""},
    {"Sign", 9, 1, 1, 1, 1, ""},
    // No operator of ONNX, but exporters write it into the default domain.
    {"SimplifiedLayerNormalization", 1, 2, 2, 1, 2,
     "axis:i epsilon:f stash_type:i", decodeSimplifiedLayerNormalization},
    {"Sin", 7, 1, 1, 1, 1, ""},
    {"Sinh", 9, 1, 1, 1, 1, ""},
    {"Size", 1, 1, 1, 1, 1, ""},
    {"Slice", 1, 1, 1, 1, 1, "axes:I ends:I! starts:I!", upgradeSlice},
    {"Slice", 10, 3, 5, 1, 1, ""},
    {"Softmax", 1, 1, 1, 1, 1, "axis:i", upgradeSoftmax},
    {"Softmax", 13, 1, 1, 1, 1, "axis:i"},
    {"Softplus", 1, 1, 1, 1, 1, ""},
    {"Softsign", 1, 1, 1, 1, 1, ""},
    {"SpaceToDepth", 1, 1, 1, 1, 1, "blocksize:i!"},
    {"Split", 2, 1, 1, 1, -1, "axis:i split:I", upgradeSplit},
    {"Split", 13, 1, 2, 1, -1, "axis:i num_outputs:i", upgradeSplit},
    {"Sqrt", 6, 1, 1, 1, 1, ""},
    {"Squeeze", 1, 1, 1, 1, 1, "axes:I", upgradeAxes},
    {"Squeeze", 13, 1, 2, 1, 1, ""},
    {"Sub", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Sub", 7, 2, 2, 1, 1, ""},
    {"Sum", 6, 1, -1, 1, 1, ""},
    {"Tan", 7, 1, 1, 1, 1, ""},
    {"Tanh", 6, 1, 1, 1, 1, ""},
    {"ThresholdedRelu", 10, 1, 1, 1, 1, "alpha:f"},
    {"Tile", 6, 2, 2, 1, 1, ""},
    {"TopK", 1, 1, 1, 2, 2, "axis:i k:i!", upgradeTopK},
    {"TopK", 10, 2, 2, 2, 2, "axis:i largest:i sorted:i"},
    {"Transpose", 1, 1, 1, 1, 1, "perm:I"},
    {"Trilu", 14, 1, 2, 1, 1, "upper:i"},
    {"Unsqueeze", 1, 1, 1, 1, 1, "axes:I!", upgradeAxes},
    {"Unsqueeze", 13, 2, 2, 1, 1, ""},
    {"Where", 9, 3, 3, 1, 1, ""},
    {"Xor", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Xor", 7, 2, 2, 1, 1, ""},
};

/// The rows of one operator.
std::pair<const OpForm *, const OpForm *> rowsOf(StringRef op) {
  const OpForm *first = std::lower_bound(
      std::begin(table), std::end(table), op,
      [](const OpForm &row, StringRef name) { return row.op < name; });
  const OpForm *last = first;
  while (last != std::end(table) && last->op == op)
    ++last;
  return {first, last};
}
} // namespace

const OpForm *findForm(StringRef op, int64_t version) {
  auto [first, last] = rowsOf(op);
  const OpForm *found = nullptr;
  for (const OpForm *row = first; row != last && row->since <= version; ++row)
    found = row;
  return found;
}

StringRef attributeKind(const OpForm &form, StringRef name) {
  StringRef rest = form.attributes;
  while (!rest.empty()) {
    auto [entry, tail] = rest.split(' ');
    auto [known, kind] = entry.split(':');
    if (known == name)
      return kind;
    rest = tail;
  }
  return {};
}

int64_t firstVersion(StringRef op) {
  auto [first, last] = rowsOf(op);
  return first == last ? 0 : first->since;
}

std::vector<StringRef> knownOps() {
  std::vector<StringRef> names;
  for (const OpForm &row : table)
    if (names.empty() || names.back() != row.op)
      names.push_back(row.op);
  return names;
}

} // namespace mlir::qopt::importer
