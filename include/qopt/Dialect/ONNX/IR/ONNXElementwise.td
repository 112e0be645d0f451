//===- ONNXElementwise.td - elementwise ops, casts, comparisons, activations ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef QOPT_DIALECT_ONNX_IR_ONNXELEMENTWISE_TD
#define QOPT_DIALECT_ONNX_IR_ONNXELEMENTWISE_TD

include "qopt/Dialect/ONNX/IR/ONNXBase.td"

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

class ONNX_UnaryOp<string mnemonic, string formula, Type type = ONNX_NumberTensor,
                   list<Trait> traits = []>
    : ONNX_Op<mnemonic, !listconcat([ONNX_Elementwise], traits)> {
  let summary = "Elementwise " # formula;
  let description = "ONNX " # mnemonic # ": `y = " # formula # "`, elementwise. Shape and "
                    "element type of the result are those of the operand.";
  let arguments = (ins type:$x);
  let results = (outs type:$y);
}
class ONNX_FloatOp<string mnemonic, string formula>
    : ONNX_UnaryOp<mnemonic, formula, ONNX_FloatTensor>;

def ONNX_AbsOp : ONNX_UnaryOp<"Abs", "|x|">;
def ONNX_NegOp : ONNX_UnaryOp<"Neg", "-x">;
def ONNX_SignOp : ONNX_UnaryOp<"Sign", "sign of x: -1, 0 or 1">;
def ONNX_ReluOp : ONNX_UnaryOp<"Relu", "max(x, 0)">;
def ONNX_NotOp : ONNX_UnaryOp<"Not", "not x", ONNX_BoolTensor>;
def ONNX_BitwiseNotOp : ONNX_UnaryOp<"BitwiseNot", "~x", ONNX_IntTensor>;

def ONNX_CeilOp : ONNX_FloatOp<"Ceil", "ceil(x)">;
def ONNX_FloorOp : ONNX_FloatOp<"Floor", "floor(x)">;
def ONNX_RoundOp : ONNX_FloatOp<"Round", "x rounded to the nearest integer, halves to even">;
def ONNX_ReciprocalOp : ONNX_FloatOp<"Reciprocal", "1 / x">;
def ONNX_SqrtOp : ONNX_FloatOp<"Sqrt", "sqrt(x)">;
def ONNX_ExpOp : ONNX_FloatOp<"Exp", "exp(x)">;
def ONNX_LogOp : ONNX_FloatOp<"Log", "ln(x)">;
def ONNX_ErfOp : ONNX_UnaryOp<"Erf", "erf(x)">;
def ONNX_SinOp : ONNX_FloatOp<"Sin", "sin(x)">;
def ONNX_CosOp : ONNX_FloatOp<"Cos", "cos(x)">;
def ONNX_TanOp : ONNX_FloatOp<"Tan", "tan(x)">;
def ONNX_AsinOp : ONNX_FloatOp<"Asin", "asin(x)">;
def ONNX_AcosOp : ONNX_FloatOp<"Acos", "acos(x)">;
def ONNX_AtanOp : ONNX_FloatOp<"Atan", "atan(x)">;
def ONNX_SinhOp : ONNX_FloatOp<"Sinh", "sinh(x)">;
def ONNX_CoshOp : ONNX_FloatOp<"Cosh", "cosh(x)">;
def ONNX_TanhOp : ONNX_FloatOp<"Tanh", "tanh(x)">;
def ONNX_AsinhOp : ONNX_FloatOp<"Asinh", "asinh(x)">;
def ONNX_AcoshOp : ONNX_FloatOp<"Acosh", "acosh(x)">;
def ONNX_AtanhOp : ONNX_FloatOp<"Atanh", "atanh(x)">;
def ONNX_SigmoidOp : ONNX_FloatOp<"Sigmoid", "1 / (1 + exp(-x))">;
def ONNX_SoftplusOp : ONNX_FloatOp<"Softplus", "ln(1 + exp(x))">;
def ONNX_SoftsignOp : ONNX_FloatOp<"Softsign", "x / (1 + |x|)">;
def ONNX_MishOp : ONNX_FloatOp<"Mish", "x * tanh(ln(1 + exp(x)))">;
def ONNX_HardSwishOp : ONNX_FloatOp<"HardSwish", "x * max(0, min(1, x / 6 + 0.5))">;

class ONNX_AlphaOp<string mnemonic, string formula, string alpha>
    : ONNX_FloatOp<mnemonic, formula> {
  let arguments = (ins ONNX_FloatTensor:$x, DefaultValuedAttr<F32Attr, alpha>:$alpha);
}
def ONNX_LeakyReluOp : ONNX_AlphaOp<"LeakyRelu", "x < 0 ? alpha * x : x", "0.01f">;
def ONNX_EluOp : ONNX_AlphaOp<"Elu", "x < 0 ? alpha * (exp(x) - 1) : x", "1.0f">;
def ONNX_CeluOp
    : ONNX_AlphaOp<"Celu", "max(0, x) + min(0, alpha * (exp(x / alpha) - 1))", "1.0f">;
def ONNX_ThresholdedReluOp : ONNX_AlphaOp<"ThresholdedRelu", "x > alpha ? x : 0", "1.0f">;
def ONNX_SwishOp : ONNX_AlphaOp<"Swish", "x / (1 + exp(-alpha * x))", "1.0f">;

def ONNX_SeluOp
    : ONNX_FloatOp<"Selu", "gamma * (x > 0 ? x : alpha * (exp(x) - 1))"> {
  let arguments = (ins ONNX_FloatTensor:$x,
                       DefaultValuedAttr<F32Attr, "1.67326319217681884765625f">:$alpha,
                       DefaultValuedAttr<F32Attr, "1.05070102214813232421875f">:$gamma);
}
def ONNX_HardSigmoidOp
    : ONNX_FloatOp<"HardSigmoid", "max(0, min(1, alpha * x + beta))"> {
  let arguments = (ins ONNX_FloatTensor:$x, DefaultValuedAttr<F32Attr, "0.2f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.5f">:$beta);
}
def ONNX_ShrinkOp
    : ONNX_UnaryOp<"Shrink", "x < -lambd ? x + bias : x > lambd ? x - bias : 0"> {
  let arguments = (ins ONNX_NumberTensor:$x, DefaultValuedAttr<F32Attr, "0.0f">:$bias,
                       DefaultValuedAttr<F32Attr, "0.5f">:$lambd);
}
def ONNX_GeluOp : ONNX_FloatOp<"Gelu", "x * P(X <= x) for X normally distributed"> {
  let description = [{
    ONNX Gelu, elementwise. `approximate = "none"`: `0.5 * x * (1 + erf(x / sqrt(2)))`;
    `"tanh"`: `0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
  }];
  let arguments = (ins ONNX_FloatTensor:$x,
                       DefaultValuedStrAttr<StrAttr, "none">:$approximate);
  let hasVerifier = 1;
}

class ONNX_TestOp<string mnemonic, string formula> : ONNX_UnaryOp<mnemonic, formula> {
  let description = "ONNX " # mnemonic # ": `y = " # formula # "`, elementwise, of element "
                    "type `i1`; the shape of the result is that of the operand.";
  let results = (outs ONNX_BoolTensor:$y);
  let elementRule = ONNX_BoolRule;
}
def ONNX_IsNaNOp : ONNX_TestOp<"IsNaN", "x is not a number">;
def ONNX_IsInfOp : ONNX_TestOp<"IsInf", "x is infinite, of a sign that is asked for"> {
  let arguments = (ins ONNX_FloatTensor:$x, DefaultValuedAttr<ONNX_IntAttr, "1">:$detect_negative,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$detect_positive);
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

class ONNX_BinaryOp<string mnemonic, string formula, Type type = ONNX_NumberTensor,
                    list<Trait> traits = []>
    : ONNX_Op<mnemonic, !listconcat([ONNX_Elementwise], traits)> {
  let summary = "Elementwise " # formula;
  let description = "ONNX " # mnemonic # ": `c = " # formula # "`, elementwise with "
                    "multidirectional broadcasting. Both operands and the result have one "
                    "element type.";
  let arguments = (ins type:$a, type:$b);
  let results = (outs type:$c);
}
def ONNX_AddOp : ONNX_BinaryOp<"Add", "a + b"> { let hasFolder = 1; }
def ONNX_SubOp : ONNX_BinaryOp<"Sub", "a - b"> { let hasFolder = 1; }
def ONNX_MulOp : ONNX_BinaryOp<"Mul", "a * b"> { let hasFolder = 1; }
def ONNX_DivOp : ONNX_BinaryOp<"Div", "a / b"> {
  let description = [{
    ONNX Div: `c = a / b`, elementwise with multidirectional broadcasting. Integers
    divide with truncation toward zero.
  }];
  let hasFolder = 1;
}
def ONNX_PowOp : ONNX_BinaryOp<"Pow", "a ^ b"> {
  let description = [{
    ONNX Pow: `c = a ^ b`, elementwise with multidirectional broadcasting. The
    exponent may have another element type; the result has the type of `a`.
  }];
}
def ONNX_ModOp : ONNX_BinaryOp<"Mod", "a mod b"> {
  let description = [{
    ONNX Mod, elementwise with multidirectional broadcasting. `fmod = 0` (integers
    only): the result has the sign of `b`, as in Python; `fmod = 1`: the sign of `a`,
    as in C.
  }];
  let arguments = (ins ONNX_NumberTensor:$a, ONNX_NumberTensor:$b,
                       DefaultValuedAttr<ONNX_IntAttr, "0">:$fmod);
}
def ONNX_PReluOp : ONNX_BinaryOp<"PRelu", "a < 0 ? a * b : a"> {
  let description = [{
    ONNX PRelu: `c = a < 0 ? a * b : a`; the slope `b` broadcasts to the shape of `a`.
  }];
}
def ONNX_BitShiftOp : ONNX_BinaryOp<"BitShift", "a shifted by b bits", ONNX_IntTensor> {
  let arguments = (ins ONNX_IntTensor:$a, ONNX_IntTensor:$b, StrAttr:$direction);
  let hasVerifier = 1;
}
def ONNX_BitwiseAndOp : ONNX_BinaryOp<"BitwiseAnd", "a & b", ONNX_IntTensor>;
def ONNX_BitwiseOrOp : ONNX_BinaryOp<"BitwiseOr", "a | b", ONNX_IntTensor>;
def ONNX_BitwiseXorOp : ONNX_BinaryOp<"BitwiseXor", "a ^ b, bit by bit", ONNX_IntTensor>;
def ONNX_AndOp : ONNX_BinaryOp<"And", "a and b", ONNX_BoolTensor>;
def ONNX_OrOp : ONNX_BinaryOp<"Or", "a or b", ONNX_BoolTensor>;
def ONNX_XorOp : ONNX_BinaryOp<"Xor", "a xor b", ONNX_BoolTensor>;

class ONNX_CompareOp<string mnemonic, string formula> : ONNX_BinaryOp<mnemonic, formula> {
  let description = "ONNX " # mnemonic # ": `c = " # formula # "`, elementwise with "
                    "multidirectional broadcasting; the result has element type `i1`.";
  let results = (outs ONNX_BoolTensor:$c);
  let elementRule = ONNX_BoolRule;
}
def ONNX_EqualOp : ONNX_CompareOp<"Equal", "a == b">;
def ONNX_LessOp : ONNX_CompareOp<"Less", "a < b">;
def ONNX_LessOrEqualOp : ONNX_CompareOp<"LessOrEqual", "a <= b">;
def ONNX_GreaterOp : ONNX_CompareOp<"Greater", "a > b">;
def ONNX_GreaterOrEqualOp : ONNX_CompareOp<"GreaterOrEqual", "a >= b">;

//===----------------------------------------------------------------------===//
// Any number of operands
//===----------------------------------------------------------------------===//

class ONNX_VariadicOp<string mnemonic, string what>
    : ONNX_Op<mnemonic, [ONNX_Elementwise]> {
  let summary = "Elementwise " # what # " of one or more tensors";
  let description = "ONNX " # mnemonic # ": elementwise " # what # " of all operands with "
                    "multidirectional broadcasting; one element type throughout.";
  let arguments = (ins Variadic<ONNX_NumberTensor>:$inputs);
  let results = (outs ONNX_NumberTensor:$output);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def ONNX_MaxOp : ONNX_VariadicOp<"Max", "maximum">;
def ONNX_MinOp : ONNX_VariadicOp<"Min", "minimum">;
def ONNX_SumOp : ONNX_VariadicOp<"Sum", "sum">;
def ONNX_MeanOp : ONNX_VariadicOp<"Mean", "mean">;

//===----------------------------------------------------------------------===//
// Selection and conversion
//===----------------------------------------------------------------------===//

def ONNX_WhereOp : ONNX_Op<"Where", [ONNX_Elementwise]> {
  let summary = "Elementwise condition ? x : y";
  let description = [{
    ONNX Where: `output = condition ? x : y`, elementwise with multidirectional
    broadcasting of all three operands.
  }];
  let arguments = (ins ONNX_BoolTensor:$condition, AnyTensor:$x, AnyTensor:$y);
  let results = (outs AnyTensor:$output);
  let elementRule = [{elementOf(operands, 1)}];
  let hasFolder = 1;
}

def ONNX_ClipOp : ONNX_Op<"Clip", [ONNX_Elementwise]> {
  let summary = "Elementwise min(max(input, min), max)";
  let description = [{
    ONNX Clip: `output = min(max(input, min), max)`; `min` and `max` are scalars of the
    element type of the input, or absent.
  }];
  let arguments = (ins ONNX_NumberTensor:$input, ONNX_Optional<ONNX_NumberTensor>:$min,
                       ONNX_Optional<ONNX_NumberTensor>:$max);
  let results = (outs ONNX_NumberTensor:$output);
}

def ONNX_CastOp : ONNX_Op<"Cast", [ONNX_Elementwise]> {
  let summary = "Converts the element type";
  let description = [{
    ONNX Cast: elementwise conversion to the element type `to`. Float to integer
    truncates toward zero, number to bool is `x != 0`, float to a narrower float rounds
    to nearest even. `saturate` concerns 8-bit floats only, `round_mode` (`up`, `down`,
    `nearest`) float8e8m0 only. Integers of 4 and 2 bits wrap.
  }];
  let arguments = (ins ONNX_NumberTensor:$input, TypeAttr:$to,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$saturate,
                       DefaultValuedStrAttr<StrAttr, "up">:$round_mode);
  let results = (outs ONNX_NumberTensor:$output);
  let elementRule = [{typeAttribute(attributes, "to")}];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def ONNX_CastLikeOp : ONNX_Op<"CastLike", [ONNX_Elementwise]> {
  let summary = "Converts to the element type of another tensor";
  let description = [{
    ONNX CastLike: `Cast` of `input` to the element type of `target_type`, whose
    values are not used.
  }];
  let arguments = (ins ONNX_NumberTensor:$input, ONNX_NumberTensor:$target_type,
                       DefaultValuedAttr<ONNX_IntAttr, "1">:$saturate,
                       DefaultValuedStrAttr<StrAttr, "up">:$round_mode);
  let results = (outs ONNX_NumberTensor:$output);
  let elementRule = [{elementOf(operands, 1)}];
  let hasCanonicalizer = 1;
}

def ONNX_BitCastOp : ONNX_Op<"BitCast", [ONNX_Elementwise]> {
  let summary = "The same bits as another element type";
  let description = [{
    ONNX BitCast: the bits of each element are those of a number of type `to`, which is
    as wide. A bool is 8 bits wide.
  }];
  let arguments = (ins ONNX_NumberTensor:$input, TypeAttr:$to);
  let results = (outs ONNX_NumberTensor:$output);
  let elementRule = [{typeAttribute(attributes, "to")}];
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // QOPT_DIALECT_ONNX_IR_ONNXELEMENTWISE_TD
