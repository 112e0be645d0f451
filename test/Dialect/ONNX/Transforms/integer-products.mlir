// RUN: qopt-opt %s -split-input-file --onnx-decompose --onnx-infer-shapes | FileCheck %s

// The scales of a product in integers become one factor of its result.
// CHECK-LABEL: @quantized
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xui8>)
func.func @quantized(%x: tensor<?x4xui8>) -> tensor<?x2xui8> {
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<3> : tensor<4x2xi8>} : tensor<4x2xi8>
  %s = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %z = onnx.Constant {value = dense<128> : tensor<ui8>} : tensor<ui8>
  // CHECK: %[[P:.*]] = onnx.MatMulInteger %[[X]], %{{.*}} -> tensor<?x2xi32>
  // CHECK: %[[AB:.*]] = onnx.Mul
  // CHECK: %[[FACTOR:.*]] = onnx.Div %[[AB]]
  // CHECK: %[[FLOAT:.*]] = onnx.Cast %[[P]]
  // CHECK: %[[Y:.*]] = onnx.Mul %[[FLOAT]], %[[FACTOR]]
  // CHECK: %[[ONE:.*]] = onnx.Constant {value = dense<1.000000e+00>
  // CHECK: onnx.QuantizeLinear %[[Y]], %[[ONE]]
  // CHECK-NOT: onnx.DequantizeLinear %[[X]]
  %xf = onnx.DequantizeLinear %x, %s, %z : (tensor<?x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<?x4xf32>
  %wf = onnx.DequantizeLinear %w, %s, %n : (tensor<4x2xi8>, tensor<f32>, none) -> tensor<4x2xf32>
  %yf = onnx.MatMul %xf, %wf : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %y = onnx.QuantizeLinear %yf, %s, %z : (tensor<?x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<?x2xui8>
  return %y : tensor<?x2xui8>
}

// -----

// A bias with the scale of the product is added in i32.
// CHECK-LABEL: @bias
func.func @bias(%x: tensor<?x4xui8>) -> tensor<?x2xf32> {
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<3> : tensor<2x4xi8>} : tensor<2x4xi8>
  %b = onnx.Constant {value = dense<[70, -9]> : tensor<2xi32>} : tensor<2xi32>
  %s = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %ss = onnx.Constant {value = dense<0.25> : tensor<f32>} : tensor<f32>
  // CHECK: onnx.Transpose
  // CHECK: %[[P:.*]] = onnx.MatMulInteger
  // CHECK: %[[SUM:.*]] = onnx.Add %[[P]], %{{.*}} : (tensor<?x2xi32>, tensor<2xi32>)
  // CHECK: onnx.Cast %[[SUM]]
  %xf = onnx.DequantizeLinear %x, %s, %n : (tensor<?x4xui8>, tensor<f32>, none) -> tensor<?x4xf32>
  %wf = onnx.DequantizeLinear %w, %s, %n : (tensor<2x4xi8>, tensor<f32>, none) -> tensor<2x4xf32>
  %bf = onnx.DequantizeLinear %b, %ss, %n : (tensor<2xi32>, tensor<f32>, none) -> tensor<2xf32>
  %y = onnx.Gemm %xf, %wf, %bf {transB = 1 : i64} : (tensor<?x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// One scale per row of the weight is no factor of the result.
// CHECK-LABEL: @per_row
func.func @per_row(%x: tensor<?x4xui8>, %s: tensor<4xf32>) -> tensor<?x2xf32> {
  // CHECK: onnx.MatMul %
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<3> : tensor<4x2xi8>} : tensor<4x2xi8>
  %one = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %xf = onnx.DequantizeLinear %x, %one, %n : (tensor<?x4xui8>, tensor<f32>, none) -> tensor<?x4xf32>
  %wf = onnx.DequantizeLinear %w, %s, %n {axis = 0 : i64} : (tensor<4x2xi8>, tensor<4xf32>, none) -> tensor<4x2xf32>
  %y = onnx.MatMul %xf, %wf : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
