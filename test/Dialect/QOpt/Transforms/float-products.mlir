// RUN: qopt-opt %s -qopt-float-products | FileCheck %s
// RUN: qopt-opt %s -qopt-float-products -qopt-float-weights | FileCheck %s --check-prefix=STORED
// RUN: qopt-opt %s -qopt-float-products=type=f32 | FileCheck %s --check-prefix=F32
// RUN: not qopt-opt %s -qopt-float-products=type=f16 2>&1 | FileCheck %s --check-prefix=TYPE

// F32-NOT: qopt.products
// TYPE: error: products are f32 or bf16, not 'f16'

// CHECK-LABEL: @main
func.func @main(%ids: tensor<?xi64>, %x: tensor<?x64xf32>, %z: tensor<?x65xf32>) -> (tensor<?x2048xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %weight = onnx.Constant {value = dense<1.0> : tensor<64x2048xf32>} : tensor<64x2048xf32>
  %rows = onnx.Constant {value = dense<2.0> : tensor<8x64xf32>} : tensor<8x64xf32>
  %tied = onnx.Constant {value = dense<3.0> : tensor<64x8xf32>} : tensor<64x8xf32>
  %odd = onnx.Constant {value = dense<4.0> : tensor<65x8xf32>} : tensor<65x8xf32>
  %asked = onnx.Constant {value = dense<5.0> : tensor<64x8xf32>} : tensor<64x8xf32>
  // The weight is stored by the product, not as a half.
  // CHECK: onnx.MatMul {{.*}} {qopt.products = bf16}
  // STORED: onnx.Constant {{.*}}tensor<64x2048xf32>
  // STORED-NOT: f16>
  %0 = onnx.MatMul %x, %weight : (tensor<?x64xf32>, tensor<64x2048xf32>) -> tensor<?x2048xf32>
  // CHECK: onnx.Gemm {{.*}} {qopt.products = bf16, transB = 1 : i64}
  %none = onnx.NoValue
  %1 = onnx.Gemm %x, %rows, %none {transB = 1 : i64} : (tensor<?x64xf32>, tensor<8x64xf32>, none) -> tensor<?x8xf32>
  // Read as a table too; K that is no whole number of steps; storage asked for; no
  // constant.
  // CHECK-NOT: qopt.products
  %2 = onnx.MatMul %x, %tied : (tensor<?x64xf32>, tensor<64x8xf32>) -> tensor<?x8xf32>
  %3 = onnx.Gather %tied, %ids {axis = 0 : i64} : (tensor<64x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %4 = onnx.MatMul %z, %odd : (tensor<?x65xf32>, tensor<65x8xf32>) -> tensor<?x8xf32>
  %5 = onnx.MatMul %x, %asked {qopt.weights = f32} : (tensor<?x64xf32>, tensor<64x8xf32>) -> tensor<?x8xf32>
  %6 = onnx.Neg %asked : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %7 = onnx.MatMul %x, %6 : (tensor<?x64xf32>, tensor<64x8xf32>) -> tensor<?x8xf32>
  return %0, %1, %2, %3, %4, %5, %7 : tensor<?x2048xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
