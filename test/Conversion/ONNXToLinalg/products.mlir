// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// A constant matrix is a kernel on the activation as it is.
// CHECK-LABEL: func.func @weight
// CHECK: %[[W:.*]] = qopt.weight {{.*}} : tensor<64x96xf32>
// CHECK: qopt.matmul ins(%arg0, %[[W]] : tensor<?x?x64xf32>, tensor<64x96xf32>) outs(%{{.*}} : tensor<?x?x96xf32>)
func.func @weight(%x: tensor<?x?x64xf32>) -> tensor<?x?x96xf32> {
  %w = onnx.Constant {value = dense_resource<w> : tensor<64x96xf32>} : tensor<64x96xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x?x64xf32>, tensor<64x96xf32>) -> tensor<?x?x96xf32>
  return %0 : tensor<?x?x96xf32>
}

// -----

// A weight in half precision stays so.
// CHECK-LABEL: func.func @half_weight
// CHECK: %[[W:.*]] = qopt.weight {{.*}} : tensor<64x96xf16>
// CHECK-NOT: arith.extf
// CHECK: qopt.matmul ins(%arg0, %[[W]]
func.func @half_weight(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {
  %h = onnx.Constant {value = dense_resource<w> : tensor<64x96xf16>} : tensor<64x96xf16>
  %w = onnx.Cast %h {to = f32} : (tensor<64x96xf16>) -> tensor<64x96xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x64xf32>, tensor<64x96xf32>) -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}

// -----

// Gemm's transposition is done here (1 3 5 / 2 4 6 in the blob), the bias after
// the product.
// CHECK-LABEL: func.func @gemm
// CHECK: qopt.weight dense_resource<transposed> : tensor<2x3xf32>
// CHECK: %[[P:.*]] = qopt.matmul
// CHECK: linalg.generic {{.*}} ins(%[[P]]
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: transposed: "0x400000000000803F000040400000A04000000040000080400000C040"
func.func @gemm(%x: tensor<?x2xf32>, %c: tensor<3xf32>) -> tensor<?x3xf32> {
  %w = onnx.Constant {value = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>} : tensor<3x2xf32>
  %0 = onnx.Gemm %x, %w, %c {alpha = 0.5 : f32, transB = 1 : i64} : (tensor<?x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// Attention: one contraction over the original dims, no reshape, no copy.
// CHECK-LABEL: func.func @attention
// CHECK-NOT: tensor.collapse_shape
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]{{.*}} ins(%arg0, %arg1
// CHECK: arith.mulf {{.*}}fastmath<reassoc,contract>
// CHECK: arith.addf {{.*}}fastmath<reassoc,contract>
func.func @attention(%q: tensor<?x4x?x16xf32> {onnx.dims = ["b", 4, "s", 16]}, %k: tensor<?x4x16x?xf32> {onnx.dims = ["b", 4, 16, "s"]}) -> tensor<?x4x?x?xf32> {
  %0 = onnx.MatMul %q, %k : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<?x4x?x?xf32>
  return %0 : tensor<?x4x?x?xf32>
}

// -----

// CHECK-LABEL: func.func @checked
// CHECK: qopt.require %{{.*}}, "m: contracted dims differ: {0} and {1}"
func.func @checked(%a: tensor<4x?xf32> {onnx.dims = [4, "k"]}, %b: tensor<?x4xf32> {onnx.dims = ["l", 4]}) -> tensor<4x4xf32> {
  %0 = onnx.MatMul %a, %b : (tensor<4x?xf32>, tensor<?x4xf32>) -> tensor<4x4xf32> loc("m")
  return %0 : tensor<4x4xf32>
}

// -----

// CHECK-LABEL: func.func @no_terms
// CHECK-NOT: qopt.matmul
// CHECK: linalg.fill
func.func @no_terms(%x: tensor<?x0xf32>) -> tensor<?x3xf32> {
  %w = onnx.Constant {value = dense<> : tensor<0x3xf32>} : tensor<0x3xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x0xf32>, tensor<0x3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// CHECK-LABEL: func.func @einsum
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
func.func @einsum(%a: tensor<?x?x8xf32> {onnx.dims = ["b", "i", 8]}, %b: tensor<?x?x8xf32> {onnx.dims = ["b", "j", 8]}) -> tensor<?x?x?xf32> {
  %0 = onnx.Einsum %a, %b {equation = "bid,bjd->bij"} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x?xf32>
  return %0 : tensor<?x?x?xf32>
}

{-#
  dialect_resources: {
    builtin: { w: "0x04000000" }
  }
#-}
