// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// One scale for all columns is repeated at compile time; zero points come from the
// quantize step.
// CHECK-LABEL: func.func @tensor
// CHECK: %[[Q:.*]]:3 = qopt.quantize_rows
// CHECK: %[[WS:.*]] = qopt.weight {{.*}} : tensor<32xf32>
// CHECK: qopt.matmul ins(%[[Q]]#0, %{{.*}} : tensor<?x64xi8>, tensor<64x32xi8>) row_scales(%[[Q]]#1 : tensor<?xf32>) column_scales(%[[WS]] : tensor<32xf32>) zero_points(%[[Q]]#2 : tensor<?xi32>)
// CHECK-NOT: signed_codes
func.func @tensor(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<64x32xi8>} : tensor<64x32xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %q, %s, %z = qopt.dynamic_quantize %x granularity <tensor> : tensor<?x64xf32> -> tensor<?x64xui8>, tensor<f32>, tensor<i32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<i32>) : tensor<?x64xui8>, tensor<f32>, tensor<64x32xi8>, tensor<f32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Codes from elsewhere: made signed and padded, one scale and zero point for all
// rows are repeated.
// CHECK-LABEL: func.func @foreign
// CHECK: arith.xori
// CHECK: tensor.insert_slice
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<f32>) outs(%{{.*}} : tensor<?xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<i32>) outs(%{{.*}} : tensor<?xi32>)
// CHECK: arith.subi
// CHECK: qopt.matmul {{.*}} group 4 row_scales(%{{.*}} : tensor<?xf32>) column_scales(%{{.*}} : tensor<2x8xf32>) zero_points(%{{.*}} : tensor<?xi32>) outs(%{{.*}}) {qopt.signed_codes}
func.func @foreign(%q: tensor<?x6xui8>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<?x8xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<6x8xi8>} : tensor<6x8xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2x8xf32>} : tensor<2x8xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws group 4 zero_point(%z : tensor<i32>) : tensor<?x6xui8>, tensor<f32>, tensor<6x8xi8>, tensor<2x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @weight_only
// CHECK: qopt.matmul ins(%{{.*}}, %{{.*}} : tensor<?x6xf32>, tensor<6x8xi8>) group 4 column_scales(%{{.*}} : tensor<2x8xf32>) with(%{{.*}} : tensor<8xf32>)
func.func @weight_only(%x: tensor<?x6xf32>) -> tensor<?x8xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<6x8xi8>} : tensor<6x8xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2x8xf32>} : tensor<2x8xf32>
  %b = onnx.Constant {value = dense<2.0> : tensor<8xf32>} : tensor<8xf32>
  %y = qopt.weight_only_matmul %x, %w, %ws group 4 bias(%b : tensor<8xf32>) : tensor<?x6xf32>, tensor<6x8xi8>, tensor<2x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
