// qopt's passes in a stock mlir-opt, on a module that no part of qopt made.
// RUN: mlir-opt %s --load-dialect-plugin=%qopt_plugin --load-pass-plugin=%qopt_plugin -split-input-file --pass-pipeline='builtin.module(qopt-plan)' | FileCheck %s --check-prefix=PLAN
// RUN: mlir-opt %s --load-dialect-plugin=%qopt_plugin --load-pass-plugin=%qopt_plugin -split-input-file --pass-pipeline='builtin.module(qopt-plan,qopt-select,qopt-quantize)' | FileCheck %s
// RUN: mlir-opt %s --load-dialect-plugin=%qopt_plugin --load-pass-plugin=%qopt_plugin -split-input-file --pass-pipeline='builtin.module(qopt-plan,qopt-select,qopt-quantize,convert-qopt-to-linalg)' | FileCheck %s --check-prefix=LINALG

// PLAN-LABEL: @layer
// PLAN: linalg.matmul {{.*}}qopt.scheme = #qopt.scheme<weight_bits = 8
// CHECK-LABEL: @layer
// CHECK: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %{{.*}} : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
// CHECK-DAG: %[[WEIGHT:.*]] = arith.constant dense<{{.*}}> : tensor<4x3xi8>
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<{{.*}}> : tensor<3xf32>
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %[[WEIGHT]], %[[SCALE]]
// CHECK-NOT: linalg.matmul
// LINALG-LABEL: @layer
// LINALG-NOT: qopt.
// LINALG: arith.muli {{.*}} : i32
func.func @layer(%x: tensor<?x4xf32>, %rows: index) -> tensor<?x3xf32> {
  %w = arith.constant dense<[[1.0, -2.0, 0.5], [0.25, 4.0, -1.0], [3.0, 0.0, 1.5], [-0.5, 1.0, 2.0]]> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%rows) : tensor<?x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x3xf32>) -> tensor<?x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x3xf32>) outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
  %next = arith.addf %y, %y : tensor<?x3xf32>
  return %next : tensor<?x3xf32>
}

// -----

// A weight stored [N, K], a sum that is not 0, rows of two axes.
// CHECK-LABEL: @forms
// CHECK: %[[PRODUCT:.*]] = qopt.quantized_matmul
// CHECK: arith.addf %[[PRODUCT]], %arg1
// CHECK: qopt.quantized_matmul {{.*}} tensor<2x?x4xi8>, tensor<2x?xf32>, tensor<4x3xi8>
// LINALG-LABEL: @forms
// LINALG-NOT: qopt.
#rows = affine_map<(m, n, k) -> (m, k)>
#transposed = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
#rows2 = affine_map<(b, m, n, k) -> (b, m, k)>
#weight2 = affine_map<(b, m, n, k) -> (k, n)>
#out2 = affine_map<(b, m, n, k) -> (b, m, n)>
func.func @forms(%x: tensor<?x4xf32>, %acc: tensor<?x3xf32>, %z: tensor<2x?x4xf32>, %init: tensor<2x?x3xf32>) -> (tensor<?x3xf32>, tensor<2x?x3xf32>) {
  %w = arith.constant dense<1.0> : tensor<3x4xf32>
  %v = arith.constant dense<0.5> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %fill = linalg.fill ins(%zero : f32) outs(%init : tensor<2x?x3xf32>) -> tensor<2x?x3xf32>
  %y = linalg.matmul indexing_maps = [#rows, #transposed, #out] ins(%x, %w : tensor<?x4xf32>, tensor<3x4xf32>) outs(%acc : tensor<?x3xf32>) -> tensor<?x3xf32>
  %p = linalg.contract indexing_maps = [#rows2, #weight2, #out2] ins(%z, %v : tensor<2x?x4xf32>, tensor<4x3xf32>) outs(%fill : tensor<2x?x3xf32>) -> tensor<2x?x3xf32>
  %s = arith.addf %y, %acc : tensor<?x3xf32>
  %t = arith.addf %p, %init : tensor<2x?x3xf32>
  return %s, %t : tensor<?x3xf32>, tensor<2x?x3xf32>
}

// -----

// PLAN-LABEL: @others
// LINALG-LABEL: @others
// PLAN: linalg.batch_matmul {{.*}}qopt.keep = "the indexing maps are not those of rows times one matrix"
// PLAN: linalg.matmul {{.*}}qopt.keep = "only products of f32 are quantized"
// PLAN: linalg.matmul {{.*}}qopt.keep = "the product is not on tensors"
func.func @others(%x: tensor<2x?x4xf32>, %a: tensor<?x4xi8>, %acc: tensor<?x3xi32>, %m: memref<4x4xf32>, %init: tensor<2x?x3xf32>) -> (tensor<2x?x3xf32>, tensor<?x3xi32>) {
  %w = arith.constant dense<1.0> : tensor<2x4x3xf32>
  %c = arith.constant dense<1> : tensor<4x3xi8>
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x?x4xf32>, tensor<2x4x3xf32>) outs(%init : tensor<2x?x3xf32>) -> tensor<2x?x3xf32>
  %z = linalg.matmul ins(%a, %c : tensor<?x4xi8>, tensor<4x3xi8>) outs(%acc : tensor<?x3xi32>) -> tensor<?x3xi32>
  linalg.matmul ins(%m, %m : memref<4x4xf32>, memref<4x4xf32>) outs(%m : memref<4x4xf32>)
  return %y, %z : tensor<2x?x3xf32>, tensor<?x3xi32>
}
