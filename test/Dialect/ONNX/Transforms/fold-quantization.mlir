// RUN: qopt-opt %s -split-input-file --onnx-fold-constants | FileCheck %s

// A weight in blocks is a float weight at compile time.
// CHECK-LABEL: @weight
func.func @weight(%x: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: onnx.Constant {value = dense<{{\[\[}}-1.000000e+00, -5.000000e-01, 4.000000e+00, 6.000000e+00], [0.000000e+00, 1.500000e+00, -2.000000e+00, 0.000000e+00]]>
  // CHECK-NOT: onnx.DequantizeLinear
  %w = onnx.Constant {value = dense<[[1, 2, 3, 4], [5, 8, 0, 1]]> : tensor<2x4xui8>} : tensor<2x4xui8>
  %s = onnx.Constant {value = dense<[[0.5, 2.0], [0.5, 2.0]]> : tensor<2x2xf32>} : tensor<2x2xf32>
  %z = onnx.Constant {value = dense<[[3, 1], [5, 1]]> : tensor<2x2xui8>} : tensor<2x2xui8>
  %wf = onnx.DequantizeLinear %w, %s, %z {block_size = 2 : i64} : (tensor<2x4xui8>, tensor<2x2xf32>, tensor<2x2xui8>) -> tensor<2x4xf32>
  %y = onnx.MatMul %x, %wf : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A table whose rows are read stays as small as it is.
// CHECK-LABEL: @table
func.func @table(%i: tensor<?xi64>) -> tensor<?x4xf32> {
  // CHECK: onnx.DequantizeLinear
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<[[1, 2, 3, 4], [5, 8, 0, 1]]> : tensor<2x4xui8>} : tensor<2x4xui8>
  %s = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %wf = onnx.DequantizeLinear %w, %s, %n : (tensor<2x4xui8>, tensor<f32>, none) -> tensor<2x4xf32>
  %y = onnx.Gather %wf, %i : (tensor<2x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
