// RUN: not qopt-opt %s -qopt-plan=keep=layer.0.fc3 2>&1 | FileCheck %s --check-prefix=NOMATCH
// RUN: not qopt-opt %s -qopt-plan=keep=lm_hed 2>&1 | FileCheck %s --check-prefix=PART
// RUN: not qopt-opt %s -qopt-plan="quantize={fc1=w8a9}" 2>&1 | FileCheck %s --check-prefix=SCHEME
// RUN: not qopt-opt %s -qopt-plan="quantize=fc1" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not qopt-opt %s -qopt-plan="rules=fc1" 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: not qopt-opt %s -qopt-plan="keep=f(c1" 2>&1 | FileCheck %s --check-prefix=REGEX
// RUN: not qopt-opt %s -qopt-plan=scheme=int4 2>&1 | FileCheck %s --check-prefix=PRESET
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8{frequency=2}" 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not qopt-opt %s -qopt-plan="scheme=llm-int8{threshold=nan}" 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not qopt-opt %s -qopt-plan="scheme=w8a8{threshold=6}" 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: not qopt-opt %s -qopt-plan 2>&1 | FileCheck %s --check-prefix=NAN
// RUN: qopt-opt %s -qopt-plan=allow-nonfinite | FileCheck %s --check-prefix=ALLOW
// RUN: qopt-opt %s -qopt-plan=keep=bad | FileCheck %s --check-prefix=KEPT

// NOMATCH: error: no matrix product has a name that matches 'layer.0.fc3'; did you mean 'layer.0.fc1'?
// PART: error: no matrix product has a name that matches 'lm_hed'; did you mean 'lm_head'?
// SCHEME: error: unknown scheme 'w8a9' (fp32, w8a8, llm-int8, w8a16); did you mean 'w8a8'?
// FORM: error: the rule 'fc1' needs the form REGEX=SCHEME
// RULE: error: the rule 'fc1' starts neither with keep: nor with quantize:
// REGEX: error: the pattern 'f(c1' is no regular expression: parentheses not balanced
// PRESET: error: unknown scheme 'int4' (fp32, w8a8, llm-int8, w8a16)
// SHARE: error: frequency takes a number of at least 0 and at most 1, not '2'
// RANGE: error: threshold takes a number of at least 0, not 'nan'
// KEY: error: w8a8 has no option 'threshold' (weights, activations, zero-point, observer, alpha)
// NAN: error: {{.*}}weight 'w_bad' holds NaN at [1, 0]; --allow-nonfinite keeps such layers in float
// ALLOW: onnx.MatMul {{.*}}qopt.scheme
// ALLOW: onnx.Gemm {{.*}}qopt.keep = "weight 'w_bad' holds NaN at [1, 0]"
// KEPT: onnx.Gemm {{.*}}qopt.keep = "kept by the rule 'bad'"
func.func @main(%x: tensor<?x2xf32>, %z: tensor<2x2xf32>) -> tensor<?x2xf32> {
  %none = onnx.NoValue
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  %nan = onnx.Constant {value = dense<[[1.0, 2.0], [0x7FC00000, 0x7F800000]]> : tensor<2x2xf32>} : tensor<2x2xf32> loc("w_bad")
  %0 = onnx.MatMul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32> loc("layer.0.fc1")
  %1 = onnx.Gemm %0, %nan, %none {transB = 1 : i64} : (tensor<?x2xf32>, tensor<2x2xf32>, none) -> tensor<?x2xf32> loc("bad")
  %2 = onnx.MatMul %1, %z : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32> loc("/model/lm_head/MatMul")
  return %2 : tensor<?x2xf32>
}
