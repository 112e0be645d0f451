//===- OpsetElementwise.cpp - element by element --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unary, binary and variadic operators, comparisons, conversions of element
// types.
// The rows of the operator table are explained in Opset.h.
//===----------------------------------------------------------------------===//

#include "Opset.h"
#include "Upgrade.h"

namespace mlir::qopt::importer {

namespace {
constexpr const char *legacyBinary = "axis:i broadcast:i";

// Sorted by name, then by version.
constexpr OpForm table[] = {
    {"Abs", 6, 1, 1, 1, 1, ""},
    {"Acos", 7, 1, 1, 1, 1, ""},
    {"Acosh", 9, 1, 1, 1, 1, ""},
    {"Add", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Add", 7, 2, 2, 1, 1, ""},
    {"And", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"And", 7, 2, 2, 1, 1, ""},
    {"Asin", 7, 1, 1, 1, 1, ""},
    {"Asinh", 9, 1, 1, 1, 1, ""},
    {"Atan", 7, 1, 1, 1, 1, ""},
    {"Atanh", 9, 1, 1, 1, 1, ""},
    {"BitCast", 26, 1, 1, 1, 1, "to:d!"},
    {"BitShift", 11, 2, 2, 1, 1, "direction:s!"},
    {"BitwiseAnd", 18, 2, 2, 1, 1, ""},
    {"BitwiseNot", 18, 1, 1, 1, 1, ""},
    {"BitwiseOr", 18, 2, 2, 1, 1, ""},
    {"BitwiseXor", 18, 2, 2, 1, 1, ""},
    {"Cast", 6, 1, 1, 1, 1, "round_mode:s@24 saturate:i@19 to:d!"},
    {"CastLike", 15, 2, 2, 1, 1, "round_mode:s@24 saturate:i@19"},
    {"Ceil", 6, 1, 1, 1, 1, ""},
    {"Celu", 12, 1, 1, 1, 1, "alpha:f"},
    {"Clip", 6, 1, 1, 1, 1, "max:f min:f", upgradeClip},
    {"Clip", 11, 1, 3, 1, 1, ""},
    {"Cos", 7, 1, 1, 1, 1, ""},
    {"Cosh", 9, 1, 1, 1, 1, ""},
    {"Div", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Div", 7, 2, 2, 1, 1, ""},
    {"Elu", 6, 1, 1, 1, 1, "alpha:f"},
    {"Equal", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Equal", 7, 2, 2, 1, 1, ""},
    {"Erf", 9, 1, 1, 1, 1, ""},
    {"Exp", 6, 1, 1, 1, 1, ""},
    {"Floor", 6, 1, 1, 1, 1, ""},
    {"Gelu", 20, 1, 1, 1, 1, "approximate:s"},
    {"Greater", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Greater", 7, 2, 2, 1, 1, ""},
    {"GreaterOrEqual", 12, 2, 2, 1, 1, ""},
    {"HardSigmoid", 6, 1, 1, 1, 1, "alpha:f beta:f"},
    {"HardSwish", 14, 1, 1, 1, 1, ""},
    {"IsInf", 10, 1, 1, 1, 1, "detect_negative:i detect_positive:i"},
    {"IsNaN", 9, 1, 1, 1, 1, ""},
    {"LeakyRelu", 6, 1, 1, 1, 1, "alpha:f"},
    {"Less", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Less", 7, 2, 2, 1, 1, ""},
    {"LessOrEqual", 12, 2, 2, 1, 1, ""},
    {"Log", 6, 1, 1, 1, 1, ""},
    {"Max", 6, 1, -1, 1, 1, ""},
    {"Mean", 6, 1, -1, 1, 1, ""},
    {"Min", 6, 1, -1, 1, 1, ""},
    {"Mish", 18, 1, 1, 1, 1, ""},
    {"Mod", 10, 2, 2, 1, 1, "fmod:i"},
    {"Mul", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Mul", 7, 2, 2, 1, 1, ""},
    {"Neg", 6, 1, 1, 1, 1, ""},
    {"Not", 1, 1, 1, 1, 1, ""},
    {"Or", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Or", 7, 2, 2, 1, 1, ""},
    {"PRelu", 6, 2, 2, 1, 1, "", upgradePRelu},
    {"PRelu", 7, 2, 2, 1, 1, ""},
    {"Pow", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Pow", 7, 2, 2, 1, 1, ""},
    {"Reciprocal", 6, 1, 1, 1, 1, ""},
    {"Relu", 6, 1, 1, 1, 1, ""},
    {"Round", 11, 1, 1, 1, 1, ""},
    {"Selu", 6, 1, 1, 1, 1, "alpha:f gamma:f"},
    {"Shrink", 9, 1, 1, 1, 1, "bias:f lambd:f"},
    {"Sigmoid", 6, 1, 1, 1, 1, ""},
    {"Sign", 9, 1, 1, 1, 1, ""},
    {"Sin", 7, 1, 1, 1, 1, ""},
    {"Sinh", 9, 1, 1, 1, 1, ""},
    {"Softplus", 1, 1, 1, 1, 1, ""},
    {"Softsign", 1, 1, 1, 1, 1, ""},
    {"Sqrt", 6, 1, 1, 1, 1, ""},
    {"Sub", 6, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Sub", 7, 2, 2, 1, 1, ""},
    {"Sum", 6, 1, -1, 1, 1, ""},
    {"Swish", 24, 1, 1, 1, 1, "alpha:f"},
    {"Tan", 7, 1, 1, 1, 1, ""},
    {"Tanh", 6, 1, 1, 1, 1, ""},
    {"ThresholdedRelu", 10, 1, 1, 1, 1, "alpha:f"},
    {"Where", 9, 3, 3, 1, 1, ""},
    {"Xor", 1, 2, 2, 1, 1, legacyBinary, upgradeBroadcast},
    {"Xor", 7, 2, 2, 1, 1, ""},
};
} // namespace

ArrayRef<OpForm> elementwiseForms() { return table; }

} // namespace mlir::qopt::importer
