// RUN: qopt-opt %s -split-input-file -verify-diagnostics --onnx-infer-shapes=allow-unranked --onnx-decompose --onnx-infer-shapes=allow-unranked --cse | FileCheck %s

// A real signal: two products, with cosines and sines.
// CHECK-LABEL: @real
func.func @real(%x: tensor<?x16x1xf32>) -> tensor<?x9x2xf32> {
  %none = onnx.NoValue
  %axis = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  // CHECK-COUNT-2: onnx.MatMul %{{.*}} : (tensor<?x16xf32>, tensor<16x9xf32>) -> tensor<?x9xf32>
  // CHECK-NOT: onnx.MatMul
  // CHECK: onnx.Concat %{{.*}} -> tensor<?x9x2xf32>
  %y = onnx.DFT %x, %none, %axis {onesided = 1 : i64}
    : (tensor<?x16x1xf32>, none, tensor<i64>) -> tensor<?x9x2xf32>
  return %y : tensor<?x9x2xf32>
}

// -----

// A half spectrum gives a real signal: no product for the imaginary part of the result.
// CHECK-LABEL: @inverse_half
func.func @inverse_half(%x: tensor<3x9x2xf32>) -> tensor<3x16x1xf32> {
  %none = onnx.NoValue
  // CHECK-COUNT-2: onnx.MatMul %{{.*}} : (tensor<3x9xf32>, tensor<9x16xf32>) -> tensor<3x16xf32>
  // CHECK-NOT: onnx.MatMul
  // CHECK: return %{{.*}} : tensor<3x16x1xf32>
  %y = onnx.DFT %x, %none, %none {inverse = 1 : i64, onesided = 1 : i64}
    : (tensor<3x9x2xf32>, none, none) -> tensor<3x16x1xf32>
  return %y : tensor<3x16x1xf32>
}

// -----

// An axis from outside chooses.
// CHECK-LABEL: @axis_from_outside
func.func @axis_from_outside(%x: tensor<3x9x2xf32>, %axis: tensor<i64>) -> tensor<?x?x2xf32> {
  %none = onnx.NoValue
  // CHECK: onnx.If
  // CHECK: onnx.MatMul
  // CHECK: } else {
  // CHECK: onnx.MatMul
  %y = onnx.DFT %x, %none, %axis : (tensor<3x9x2xf32>, none, tensor<i64>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// CHECK-LABEL: @frames
func.func @frames(%x: tensor<?x400x1xf32>, %w: tensor<40xf32>) -> tensor<?x37x21x2xf32> {
  %none = onnx.NoValue
  %step = onnx.Constant {value = dense<10> : tensor<i64>} : tensor<i64>
  // CHECK: onnx.Gather %{{.*}} -> tensor<?x37x40x1xf32>
  // CHECK: onnx.MatMul %{{.*}} -> tensor<?x37x21xf32>
  %y = onnx.STFT %x, %step, %w, %none
    : (tensor<?x400x1xf32>, tensor<i64>, tensor<40xf32>, none) -> tensor<?x37x21x2xf32>
  return %y : tensor<?x37x21x2xf32>
}

// -----

// CHECK-LABEL: @window
func.func @window(%n: tensor<i32>) -> tensor<?xf64> {
  // CHECK: onnx.Cos
  // CHECK: onnx.Cast %{{.*}} {to = f64}
  // CHECK-NOT: onnx.HannWindow
  %y = onnx.HannWindow %n {output_datatype = f64} : (tensor<i32>) -> tensor<?xf64>
  return %y : tensor<?xf64>
}

// -----

func.func @last_dim(%x: tensor<3x9x2xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  %axis = onnx.Constant {value = dense<2> : tensor<i64>} : tensor<i64>
  // expected-error @+1 {{axis is outside the signal's dims}}
  %y = onnx.DFT %x, %none, %axis : (tensor<3x9x2xf32>, none, tensor<i64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}
