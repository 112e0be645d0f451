// RUN: qopt-opt %s --onnx-lift-patterns --canonicalize -split-input-file | FileCheck %s
// RUN: qopt-opt %s --onnx-lift-patterns="layer-norm=false rms-norm=false gelu=false swish=false rotary=false attention=false" -split-input-file | FileCheck %s --check-prefix=OFF

// OFF-NOT: onnx.LayerNormalization
// OFF-NOT: onnx.RMSNormalization
// OFF-NOT: onnx.Gelu
// OFF-NOT: onnx.Swish

// CHECK-LABEL: func.func @layer_norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x2xf32>)
func.func @layer_norm(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %axes = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2.0> : tensor<f32>} : tensor<f32>
  %eps = onnx.Constant {value = dense<1.0e-12> : tensor<f32>} : tensor<f32>
  // CHECK-DAG: %[[G:.*]] = onnx.Constant {value = dense<[3.000000e+00, 4.000000e+00]>
  // CHECK-DAG: %[[B:.*]] = onnx.Constant {value = dense<[5.000000e+00, 6.000000e+00]>
  %gain = onnx.Constant {value = dense<[3.0, 4.0]> : tensor<2xf32>} : tensor<2xf32>
  %shift = onnx.Constant {value = dense<[5.0, 6.0]> : tensor<2xf32>} : tensor<2xf32>
  %mean = onnx.ReduceMean %x, %axes : (tensor<?x?x2xf32>, tensor<1xi64>) -> tensor<?x?x1xf32>
  %d = onnx.Sub %x, %mean : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
  %sq = onnx.Pow %d, %two : (tensor<?x?x2xf32>, tensor<f32>) -> tensor<?x?x2xf32>
  %var = onnx.ReduceMean %sq, %axes : (tensor<?x?x2xf32>, tensor<1xi64>) -> tensor<?x?x1xf32>
  %safe = onnx.Add %var, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %dev = onnx.Sqrt %safe : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %q = onnx.Div %d, %dev : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
  %scaled = onnx.Mul %q, %gain : (tensor<?x?x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
  // CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = onnx.LayerNormalization %[[X]], %[[G]], %[[B]] {epsilon = 9.99999996E-13 : f32}
  // CHECK-NEXT: return %[[Y]]
  %y = onnx.Add %scaled, %shift : (tensor<?x?x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// The gain has the dims of another axis: it stays behind the norm.
// CHECK-LABEL: func.func @foreign_gain
// CHECK: %[[G:.*]] = onnx.Constant {value = dense<{{\[\[}}3.0
// CHECK: %[[ONE:.*]] = onnx.Constant {value = dense<1.000000e+00> : tensor<2xf32>}
// CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = onnx.LayerNormalization %{{.*}}, %[[ONE]]
// CHECK: onnx.Mul %[[Y]], %[[G]]
func.func @foreign_gain(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %axes = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %eps = onnx.Constant {value = dense<1.0e-12> : tensor<f32>} : tensor<f32>
  %gain = onnx.Constant {value = dense<[[3.0], [4.0]]> : tensor<2x1xf32>} : tensor<2x1xf32>
  %mean = onnx.ReduceMean %x, %axes : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  %d = onnx.Sub %x, %mean : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %sq = onnx.Mul %d, %d : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %var = onnx.ReduceMean %sq, %axes : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  %safe = onnx.Add %var, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %dev = onnx.Sqrt %safe : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %q = onnx.Div %d, %dev : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %scaled = onnx.Mul %q, %gain : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %scaled : tensor<2x2xf32>
}

// -----

// The mean of another value's square.
// CHECK-LABEL: func.func @not_layer_norm
// CHECK-NOT: onnx.LayerNormalization
// CHECK-NOT: onnx.RMSNormalization
func.func @not_layer_norm(%x: tensor<2x2xf32>, %z: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %axes = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %eps = onnx.Constant {value = dense<1.0e-12> : tensor<f32>} : tensor<f32>
  %mean = onnx.ReduceMean %x, %axes : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  %d = onnx.Sub %x, %mean : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %sq = onnx.Mul %z, %z : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %var = onnx.ReduceMean %sq, %axes : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  %safe = onnx.Add %var, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %dev = onnx.Sqrt %safe : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %q = onnx.Div %d, %dev : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %q : tensor<2x2xf32>
}

// -----

// Widened in front, narrowed behind: the norm of a half type does both.
// CHECK-LABEL: func.func @rms_norm_half
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf16>)
// CHECK-NEXT: %[[G:.*]] = onnx.Constant
// CHECK-NEXT: %[[Y:.*]] = onnx.RMSNormalization %[[X]], %[[G]] {epsilon = 9.99999997E-7 : f32} : (tensor<?x2xf16>, tensor<2xf16>) -> tensor<?x2xf16>
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm_half(%x: tensor<?x2xf16>) -> tensor<?x2xf16> {
  %axes = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2.0> : tensor<f32>} : tensor<f32>
  %eps = onnx.Constant {value = dense<1.0e-6> : tensor<f32>} : tensor<f32>
  %gain = onnx.Constant {value = dense<[3.0, 4.0]> : tensor<2xf16>} : tensor<2xf16>
  %w = onnx.Cast %x {to = f32} : (tensor<?x2xf16>) -> tensor<?x2xf32>
  %sq = onnx.Pow %w, %two : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %ms = onnx.ReduceMean %sq, %axes : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %safe = onnx.Add %ms, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %root = onnx.Sqrt %safe : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %inv = onnx.Reciprocal %root : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = onnx.Mul %w, %inv : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %h = onnx.Cast %n {to = f16} : (tensor<?x2xf32>) -> tensor<?x2xf16>
  %y = onnx.Mul %gain, %h : (tensor<2xf16>, tensor<?x2xf16>) -> tensor<?x2xf16>
  return %y : tensor<?x2xf16>
}

// -----

// LLaMA: gain * (x * (1 / sqrt(mean(x^2) + eps))).
// CHECK-LABEL: func.func @rms_norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf32>)
func.func @rms_norm(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %axes = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2.0> : tensor<f32>} : tensor<f32>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %eps = onnx.Constant {value = dense<1.0e-5> : tensor<f32>} : tensor<f32>
  // CHECK: %[[G:.*]] = onnx.Constant {value = dense<[3.000000e+00, 4.000000e+00]>
  %gain = onnx.Constant {value = dense<[3.0, 4.0]> : tensor<2xf32>} : tensor<2xf32>
  %sq = onnx.Pow %x, %two : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %ms = onnx.ReduceMean %sq, %axes : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %safe = onnx.Add %ms, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %root = onnx.Sqrt %safe : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %inv = onnx.Div %one, %root : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = onnx.Mul %x, %inv : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  // CHECK: onnx.RMSNormalization %[[X]], %[[G]] : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %y = onnx.Mul %gain, %n : (tensor<2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_erf
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf32>)
func.func @gelu_erf(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %root = onnx.Constant {value = dense<1.41421354> : tensor<f32>} : tensor<f32>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %half = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %0 = onnx.Div %x, %root : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %1 = onnx.Erf %0 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = onnx.Add %1, %one : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = onnx.Mul %x, %2 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK-NEXT: %[[Y:.*]] = onnx.Gelu %[[X]] : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK-NEXT: return %[[Y]]
  %4 = onnx.Mul %3, %half : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  return %4 : tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_tanh
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf32>)
func.func @gelu_tanh(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %half = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %three = onnx.Constant {value = dense<3.0> : tensor<f32>} : tensor<f32>
  %inner = onnx.Constant {value = dense<0.044715> : tensor<f32>} : tensor<f32>
  %outer = onnx.Constant {value = dense<0.797884583> : tensor<f32>} : tensor<f32>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %0 = onnx.Mul %x, %half : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %1 = onnx.Pow %x, %three : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %2 = onnx.Mul %1, %inner : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = onnx.Add %x, %2 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %4 = onnx.Mul %3, %outer : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %5 = onnx.Tanh %4 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %6 = onnx.Add %5, %one : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  // CHECK-NEXT: onnx.Gelu %[[X]] {approximate = "tanh"}
  // CHECK-NEXT: return
  %7 = onnx.Mul %0, %6 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %7 : tensor<?x2xf32>
}

// -----

// A factor that is not Gelu's.
// CHECK-LABEL: func.func @not_gelu
// CHECK-NOT: onnx.Gelu
func.func @not_gelu(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %root = onnx.Constant {value = dense<1.5> : tensor<f32>} : tensor<f32>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %half = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %0 = onnx.Div %x, %root : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %1 = onnx.Erf %0 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = onnx.Add %1, %one : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = onnx.Mul %x, %2 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %4 = onnx.Mul %3, %half : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  return %4 : tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @swish
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf32>)
func.func @swish(%x: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  // CHECK-NEXT: onnx.Swish %[[X]] : (tensor<?x2xf32>)
  %0 = onnx.Sigmoid %x : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %1 = onnx.Mul %x, %0 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK-NEXT: onnx.Swish %[[X]] {alpha = 1.702000e+00 : f32}
  %k = onnx.Constant {value = dense<1.702> : tensor<f32>} : tensor<f32>
  %2 = onnx.Mul %x, %k : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = onnx.Sigmoid %2 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %4 = onnx.Mul %3, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %1, %4 : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @swish_written_out
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xf32>)
// CHECK-NEXT: onnx.Swish %[[X]] : (tensor<?x2xf32>)
func.func @swish_written_out(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %0 = onnx.Neg %x : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %1 = onnx.Exp %0 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = onnx.Add %1, %one : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = onnx.Div %x, %2 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %3 : tensor<?x2xf32>
}

// -----

// The sigmoid of something else.
// CHECK-LABEL: func.func @not_swish
// CHECK-NOT: onnx.Swish
func.func @not_swish(%x: tensor<?x2xf32>, %z: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %0 = onnx.Sigmoid %z : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %1 = onnx.Mul %x, %0 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %1 : tensor<?x2xf32>
}
