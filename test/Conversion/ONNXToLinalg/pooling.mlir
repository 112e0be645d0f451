// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// What the padding holds is the start of the reduction.
// CHECK-LABEL: func.func @max
// CHECK: %[[LEAST:.*]] = arith.constant 0xFF800000 : f32
// CHECK: linalg.fill ins(%[[LEAST]]
// CHECK: tensor.insert_slice
// CHECK: linalg.generic {{.*}}"reduction", "reduction"]
// CHECK: arith.maximumf {{.*}}fastmath<reassoc>
func.func @max(%x: tensor<?x2x8x8xf32>) -> tensor<?x2x4x4xf32> {
  %0, %i = onnx.MaxPool %x {kernel_shape = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x2x8x8xf32>) -> (tensor<?x2x4x4xf32>, tensor<?x2x4x4xi64>)
  return %0 : tensor<?x2x4x4xf32>
}

// -----

// Places are carried beside the maxima; padding is never one.
// CHECK-LABEL: func.func @places
// CHECK: linalg.generic
// CHECK: arith.cmpi ugt
// CHECK: arith.select
// CHECK: linalg.yield %{{.*}}, %{{.*}} : i8, i64
func.func @places(%x: tensor<1x2x8xui8>) -> (tensor<1x2x4xui8>, tensor<1x2x4xi64>) {
  %0, %i = onnx.MaxPool %x {kernel_shape = array<i64: 2>, strides = array<i64: 2>} : (tensor<1x2x8xui8>) -> (tensor<1x2x4xui8>, tensor<1x2x4xi64>)
  return %0, %i : tensor<1x2x4xui8>, tensor<1x2x4xi64>
}

// -----

// Without padding all windows have the same count.
// CHECK-LABEL: func.func @mean
// CHECK: %[[N:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-NOT: arith.divui
// CHECK: arith.divf %{{.*}}, %[[N]]
func.func @mean(%x: tensor<1x2x8xf32>) -> tensor<1x2x4xf32> {
  %0 = onnx.AveragePool %x {kernel_shape = array<i64: 2>, strides = array<i64: 2>} : (tensor<1x2x8xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

// -----

// CHECK-LABEL: func.func @mean_padded
// CHECK: arith.divui
// CHECK: arith.uitofp
// CHECK: arith.divf
func.func @mean_padded(%x: tensor<1x2x8xf32>) -> tensor<1x2x9xf32> {
  %0 = onnx.AveragePool %x {kernel_shape = array<i64: 2>, pads = array<i64: 1, 1>} : (tensor<1x2x8xf32>) -> tensor<1x2x9xf32>
  return %0 : tensor<1x2x9xf32>
}

// -----

// CHECK-LABEL: func.func @norm
// CHECK: math.absf
// CHECK: math.powf
// CHECK: arith.addf
// CHECK: math.powf
func.func @norm(%x: tensor<1x2x8xf32>) -> tensor<1x2x7xf32> {
  %0 = onnx.LpPool %x {kernel_shape = array<i64: 2>, p = 3 : i64} : (tensor<1x2x8xf32>) -> tensor<1x2x7xf32>
  return %0 : tensor<1x2x7xf32>
}

// -----

// Indices are checked before anything is written.
// CHECK-LABEL: func.func @unpool
// CHECK: qopt.require {{.*}}an index lies outside
// CHECK: scf.for
// CHECK: tensor.insert
func.func @unpool(%x: tensor<1x1x2x2xf32>, %i: tensor<1x1x2x2xi64>) -> tensor<1x1x4x4xf32> {
  %none = onnx.NoValue
  %0 = onnx.MaxUnpool %x, %i, %none {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>, none) -> tensor<1x1x4x4xf32>
  return %0 : tensor<1x1x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @regions
// CHECK: qopt.require {{.*}}index {0} is outside
// CHECK: linalg.generic
// CHECK: scf.for
// CHECK: scf.for
// CHECK: tensor.extract
func.func @regions(%x: tensor<1x2x8x8xf32>, %r: tensor<?x4xf32>, %b: tensor<?xi64>) -> tensor<?x2x2x2xf32> {
  %0 = onnx.RoiAlign %x, %r, %b {output_height = 2 : i64, output_width = 2 : i64} : (tensor<1x2x8x8xf32>, tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x2x2x2xf32>
  return %0 : tensor<?x2x2x2xf32>
}
