// With a plan: layers that stay float get no factors, and the table says which
// activation went where.
//
// RUN: %qcal %S/Inputs/smooth.json %t.smooth.qcal
// RUN: qopt-opt %s -qopt-plan="keep=k" -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" -qopt-print-plan -o /dev/null | FileCheck %s
// RUN: qopt-opt %s -qopt-plan="rules=quantize:fc=llm-int8" -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" -qopt-quantize | FileCheck %s --check-prefix=SPLIT

// CHECK: q {{ *}}4x4 {{ *}}w8a8 alpha 0.5 {{.*}}smoothed into 'rms' (s 1 to 4)
// CHECK: k {{ *}}4x4 {{ *}}float {{.*}}kept by the rule
// CHECK: fc {{ *}}4x4 {{ *}}w8a8 alpha 0.5
// CHECK-NEXT: smoothed in-kernel (s 1 to 4): 'sum' takes no factors
// CHECK: tied {{ *}}4x4 {{ *}}float {{.*}}last projection
// CHECK: smoothing factors from 4 samples, 100 tokens, alpha 0.5

// The tail of a split is what it was: factors act on the body.
// SPLIT: %[[B:.*]], %[[T:.*]], %[[C:.*]] = qopt.outlier_split
// SPLIT: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %[[B]] factors(
// SPLIT: qopt.quantized_matmul %[[Q]], %[[S]], {{.*}} tail(%[[T]]
module attributes {onnx.source_sha256 = "abc"} {
  func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32> loc("rms")
    %q = onnx.MatMul %n, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("q")
    %k = onnx.MatMul %n, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("k")
    %s = onnx.Add %q, %k : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("sum")
    %d = onnx.MatMul %s, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("fc")
    %r = onnx.Add %d, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("residual")
    %y = onnx.MatMul %r, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("tied")
    return %y : tensor<4x4xf32>
  }
}
