// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// One table of places per dim, one pass of copies.
// CHECK-LABEL: func.func @nearest
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]
// CHECK: math.floor
// CHECK: -> tensor<4xi64>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]
// CHECK: tensor.extract
// CHECK: -> tensor<1x2x4xi8>
func.func @nearest(%x: tensor<1x2x2xui8>) -> tensor<1x2x4xui8> {
  %none = onnx.NoValue
  %scales = onnx.Constant {value = dense<[1.0, 1.0, 2.0]> : tensor<3xf32>} : tensor<3xf32>
  %0 = onnx.Resize %x, %none, %scales, %none {nearest_mode = "floor", coordinate_transformation_mode = "asymmetric"} : (tensor<1x2x2xui8>, none, tensor<3xf32>, none) -> tensor<1x2x4xui8>
  return %0 : tensor<1x2x4xui8>
}

// -----

// One pass per dim that changes: two taps each.
// CHECK-LABEL: func.func @linear
// CHECK: -> tensor<2x6xi64>
// CHECK: -> tensor<2x6xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: -> tensor<1x6x4xf32>
// CHECK: -> tensor<2x8xi64>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: -> tensor<1x6x8xf32>
func.func @linear(%x: tensor<1x3x4xf32>) -> tensor<1x6x8xf32> {
  %none = onnx.NoValue
  %sizes = onnx.Constant {value = dense<[1, 6, 8]> : tensor<3xi64>} : tensor<3xi64>
  %0 = onnx.Resize %x, %none, %none, %sizes {mode = "linear"} : (tensor<1x3x4xf32>, none, none, tensor<3xi64>) -> tensor<1x6x8xf32>
  return %0 : tensor<1x6x8xf32>
}

// -----

// Weights outside count nothing, the others are scaled to a sum of 1.
// CHECK-LABEL: func.func @cubic
// CHECK: -> tensor<4x8xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]
// CHECK: arith.divf
func.func @cubic(%x: tensor<1x4xf32>) -> tensor<1x8xf32> {
  %none = onnx.NoValue
  %scales = onnx.Constant {value = dense<2.0> : tensor<1xf32>} : tensor<1xf32>
  %0 = onnx.Resize %x, %none, %scales, %none {mode = "cubic", exclude_outside = 1 : i64, axes = array<i64: 1>} : (tensor<1x4xf32>, none, tensor<1xf32>, none) -> tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// -----

// Scales that are data give the dims of the result.
// CHECK-LABEL: func.func @scales
// CHECK: tensor.extract
// CHECK: qopt.require {{.*}}a scale is not positive
// CHECK: arith.fptosi
func.func @scales(%x: tensor<4xf32>, %s: tensor<1xf32>) -> tensor<?xf32> {
  %none = onnx.NoValue
  %0 = onnx.Resize %x, %none, %s, %none {mode = "linear"} : (tensor<4xf32>, none, tensor<1xf32>, none) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Padding of zeros reads nothing outside.
// CHECK-LABEL: func.func @grid
// CHECK: scf.for
// CHECK: scf.if
// CHECK: tensor.extract
func.func @grid(%x: tensor<1x2x4x4xf32>, %g: tensor<1x3x3x2xf32>) -> tensor<1x2x3x3xf32> {
  %0 = onnx.GridSample %x, %g : (tensor<1x2x4x4xf32>, tensor<1x3x3x2xf32>) -> tensor<1x2x3x3xf32>
  return %0 : tensor<1x2x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @affine
// CHECK: linalg.generic
// CHECK: tensor.extract
// CHECK: return %{{.*}} : tensor<1x4x5x2xf32>
func.func @affine(%t: tensor<1x2x3xf32>) -> tensor<1x4x5x2xf32> {
  %size = onnx.Constant {value = dense<[1, 3, 4, 5]> : tensor<4xi64>} : tensor<4xi64>
  %0 = onnx.AffineGrid %t, %size : (tensor<1x2x3xf32>, tensor<4xi64>) -> tensor<1x4x5x2xf32>
  return %0 : tensor<1x4x5x2xf32>
}
