// RUN: %qcal %S/Inputs/smooth.json %t.smooth.qcal
// RUN: qopt-opt %s -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" -split-input-file | FileCheck %s
// RUN: qopt-opt %s -qopt-smooth="statistics=%t.smooth.qcal alpha=1" -split-input-file | FileCheck %s --check-prefix=WHOLE
// RUN: qopt-opt %s -qopt-plan -qopt-smooth="statistics=%t.smooth.qcal alpha=0.5" -qopt-quantize -split-input-file | FileCheck %s --check-prefix=QUANT

// wx is 1, so that s = sqrt(ax) = 2, 4, 1 (always 0), 1. Both readers share it, and
// the constant that they share is copied, since a third operation reads it too.
// CHECK: qopt.smoothing = {alpha = 5.000000e-01 : f64, samples = 4 : i64, tokens = 100 : i64}
// CHECK-LABEL: @norm
// CHECK-DAG: %[[W:.*]] = onnx.Constant {value = dense<1.000000e+00> : tensor<4x4xf32>}
// CHECK-DAG: %[[G:.*]] = onnx.Constant {value = dense<[1.000000e+00, 5.000000e-01, 2.000000e+00, 2.000000e+00]>
// CHECK-DAG: %[[B:.*]] = onnx.Constant {value = dense<[2.000000e+00, 1.000000e+00, 4.000000e+00, 4.000000e+00]>
// CHECK-DAG: %[[S:.*]] = onnx.Constant {value = dense<{{\[}}[2.000000e+00, 2.000000e+00, 2.000000e+00, 2.000000e+00], [4.000000e+00, {{.*}}], [1.000000e+00, {{.*}}], [1.000000e+00,
// CHECK: onnx.LayerNormalization %{{.*}}, %[[G]], %[[B]]
// CHECK: onnx.MatMul %{{.*}}, %[[S]] {qopt.alpha = 5.000000e-01 : f64, qopt.note = "smoothed into 'ln' (s 1 to 4)", qopt.smoothed = dense<[2.000000e+00, 4.000000e+00, 1.000000e+00, 1.000000e+00]> : tensor<4xf32>}
// CHECK: onnx.MatMul %{{.*}}, %[[S]] {qopt.alpha = 5.000000e-01 : f64, qopt.note = "smoothed into 'ln' (s 1 to 4)"
// CHECK: onnx.Mul %arg0, %[[W]]
// WHOLE: qopt.note = "smoothed into 'ln' (s 1 to 16)"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @norm(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %b = onnx.Constant {value = dense<4.0> : tensor<4xf32>} : tensor<4xf32>
    %n, %m, %i = onnx.LayerNormalization %x, %g, %b : (tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x4xf32>, tensor<4x1xf32>, tensor<4x1xf32>) loc("ln")
    %r = onnx.Relu %n : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %shape = onnx.Shape %n : (tensor<4x4xf32>) -> tensor<2xi64>
    %q = onnx.MatMul %r, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("q")
    %k = onnx.MatMul %r, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("k")
    %o = onnx.Mul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %q, %k, %o : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
  }
}

// -----

// A gated product: the factors go into `up`, whose result meets nothing but a
// factor on its way; `gate` is not linear. The input of the model takes none.
// CHECK-LABEL: @gated
// CHECK: onnx.MatMul %arg0, %{{.*}} {qopt.alpha = 5.000000e-01 : f64, qopt.note = "smoothed in-kernel (s 1 to 4): it is an input of the model", {{.*}}qopt.smooth = dense<[2.000000e+00, 4.000000e+00, 1.000000e+00, 1.000000e+00]> : tensor<4xf32>
// CHECK: %[[UP:.*]] = onnx.Constant {value = dense<{{\[}}[5.000000e-01, 5.000000e-01, 6.250000e-02, 5.000000e-01],
// CHECK: onnx.MatMul %arg0, %{{.*}} {qopt.alpha = 5.000000e-01 : f64, qopt.note = "smoothed in-kernel {{.*}}qopt.smooth =
// CHECK: onnx.MatMul %{{.*}} {qopt.alpha = 5.000000e-01 : f64, qopt.note = "smoothed into 'up' (s 1 to 8)"
//
// One set of codes for both readers; their weights hold the factors.
// QUANT-LABEL: @gated
// QUANT: %[[F:.*]] = onnx.Constant {value = dense<[5.000000e-01, 2.500000e-01, 1.000000e+00, 1.000000e+00]>
// QUANT-NEXT: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %arg0 factors(%[[F]] : tensor<4xf32>) : tensor<4x4xf32>
// QUANT: qopt.quantized_matmul %[[Q]], %[[S]],
// QUANT: qopt.quantized_matmul %[[Q]], %[[S]],
module attributes {onnx.source_sha256 = "abc"} {
  func.func @gated(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %v = onnx.Constant {value = dense<0.5> : tensor<4x4xf32>} : tensor<4x4xf32>
    %gate = onnx.MatMul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("gate")
    %up = onnx.MatMul %x, %v : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("up")
    %s = onnx.Sigmoid %gate : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %a = onnx.Mul %gate, %s : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("silu")
    %h = onnx.Mul %a, %up : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("mul")
    %d = onnx.MatMul %h, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("down")
    %y = onnx.Add %d, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %y : tensor<4x4xf32>
  }
}

// -----

// A norm whose result the residual reads too stays as it is.
// CHECK-LABEL: @fork
// CHECK: onnx.RMSNormalization %arg0, %[[G:[^ ]*]]
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed in-kernel (s 1 to 4): 'residual' reads 'rms' too", qopt.smooth =
// QUANT-LABEL: @fork
// QUANT: qopt.dynamic_quantize %{{.*}} factors(
module attributes {onnx.source_sha256 = "abc"} {
  func.func @fork(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %g = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
    %n = onnx.RMSNormalization %x, %g : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32> loc("rms")
    %d = onnx.MatMul %n, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("fc")
    %y = onnx.Add %d, %n : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("residual")
    return %y : tensor<4x4xf32>
  }
}

// -----

// A square would see the factors twice; a product of two activations is none that
// could take them back.
// CHECK-LABEL: @refused
// CHECK: onnx.MatMul {{.*}}qopt.note = "smoothed in-kernel (s 1 to 4): 'square' reads 'q' twice"
module attributes {onnx.source_sha256 = "abc"} {
  func.func @refused(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
    %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
    %a = onnx.MatMul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("q")
    %s = onnx.Mul %a, %a : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("square")
    %d = onnx.MatMul %s, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("fc")
    %y = onnx.Add %d, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %y : tensor<4x4xf32>
  }
}
