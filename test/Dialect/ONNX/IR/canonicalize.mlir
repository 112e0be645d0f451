// RUN: qopt-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @no_ops
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK-NEXT: return %[[X]] : tensor<?x4xf32>
func.func @no_ops(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = onnx.Identity %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Cast %0 {to = f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.Transpose %1 {perm = array<i64: 0, 1>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %3 = onnx.Mul %2, %one : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %4 = onnx.Div %3, %one : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %zero = onnx.Constant {value = dense<0.0> : tensor<f32>} : tensor<f32>
  %5 = onnx.Sub %4, %zero : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %5 : tensor<?x4xf32>
}

// x + 0 turns -0 into +0, and a one of shape [1, 1, 1] adds a dim.
// CHECK-LABEL: func.func @not_no_ops
func.func @not_no_ops(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<1x?x4xf32>) {
  // CHECK: onnx.Add
  %zero = onnx.Constant {value = dense<0.0> : tensor<f32>} : tensor<f32>
  %0 = onnx.Add %x, %zero : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  // CHECK: onnx.Mul
  %one = onnx.Constant {value = dense<1.0> : tensor<1x1x1xf32>} : tensor<1x1x1xf32>
  %1 = onnx.Mul %x, %one : (tensor<?x4xf32>, tensor<1x1x1xf32>) -> tensor<1x?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<1x?x4xf32>
}

// CHECK-LABEL: func.func @casts
// CHECK-SAME: (%[[B:.*]]: tensor<4xi1>, %[[F:.*]]: tensor<4xf32>)
func.func @casts(%b: tensor<4xi1>, %f: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xi64>) {
  // A bool survives the detour through i64.
  // CHECK: onnx.Cast %[[B]] {to = f32}
  %0 = onnx.Cast %b {to = i64} : (tensor<4xi1>) -> tensor<4xi64>
  %1 = onnx.Cast %0 {to = f32} : (tensor<4xi64>) -> tensor<4xf32>
  // A float does not survive half precision.
  // CHECK: %[[H:.*]] = onnx.Cast %[[F]] {to = f16}
  // CHECK: onnx.Cast %[[H]] {to = f32}
  %2 = onnx.Cast %f {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
  %3 = onnx.Cast %2 {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
  // CHECK: onnx.Cast %[[F]] {to = i64}
  %4 = onnx.CastLike %f, %0 : (tensor<4xf32>, tensor<4xi64>) -> tensor<4xi64>
  return %1, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xi64>
}

// CHECK-LABEL: func.func @transposes
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  // CHECK-NEXT: onnx.Transpose %[[X]] {perm = array<i64: 1, 2, 0>}
  // CHECK-NEXT: return
  %0 = onnx.Transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %1 = onnx.Transpose %0 {perm = array<i64: 0, 2, 1>} : (tensor<3x2x4xf32>) -> tensor<3x4x2xf32>
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: func.func @reshapes
// CHECK-SAME: (%[[X:.*]]: tensor<2x6xf32>)
func.func @reshapes(%x: tensor<2x6xf32>) -> (tensor<3x4xf32>, tensor<4x3xf32>) {
  %a = onnx.Constant {value = dense<[4, 3]> : tensor<2xi64>} : tensor<2xi64>
  %0 = onnx.Reshape %x, %a : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  // CHECK: onnx.Reshape %[[X]]
  %b = onnx.Constant {value = dense<[3, -1]> : tensor<2xi64>} : tensor<2xi64>
  %1 = onnx.Reshape %0, %b : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  // The 0 copies a dim of the inner reshape.
  // CHECK: %[[INNER:.*]] = onnx.Reshape
  // CHECK: onnx.Reshape %[[INNER]]
  %c = onnx.Constant {value = dense<[0, 3]> : tensor<2xi64>} : tensor<2xi64>
  %d = onnx.Constant {value = dense<[4, -1]> : tensor<2xi64>} : tensor<2xi64>
  %2 = onnx.Reshape %x, %d : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  %3 = onnx.Reshape %2, %c : (tensor<4x?xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  return %1, %3 : tensor<3x4xf32>, tensor<4x3xf32>
}
