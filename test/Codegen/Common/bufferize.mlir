// RUN: qopt-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --split-input-file | FileCheck %s

// CHECK-LABEL: @kernels
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>
// CHECK: %[[W:.*]] = qopt.weight dense<0> : tensor<64x32xi8> : memref<64x32xi8>
// CHECK: qopt.quantize_rows ins(%[[X]] : memref<?x64xf32>) outs(%[[Q:.*]], %[[S:.*]] : memref<?x64xi8>, memref<?xf32>)
// CHECK-NOT: memref.copy
// CHECK: qopt.matmul ins(%[[Q]], %[[W]]
// CHECK: qopt.yield
// CHECK: qopt.observe %[[X]] tap 3 "node"
func.func @kernels(%x: tensor<?x64xf32> {bufferization.writable = false}) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %w = qopt.weight dense<0> : tensor<64x32xi8> : tensor<64x32xi8>
  %ws = qopt.weight dense<1.0> : tensor<32xf32> : tensor<32xf32>
  %qe = tensor.empty(%n) : tensor<?x64xi8>
  %se = tensor.empty(%n) : tensor<?xf32>
  %q:2 = qopt.quantize_rows ins(%x : tensor<?x64xf32>) outs(%qe, %se : tensor<?x64xi8>, tensor<?xf32>) -> tensor<?x64xi8>, tensor<?xf32>
  %ye = tensor.empty(%n) : tensor<?x32xf32>
  %y = qopt.matmul ins(%q#0, %w : tensor<?x64xi8>, tensor<64x32xi8>) row_scales(%q#1 : tensor<?xf32>) column_scales(%ws : tensor<32xf32>) outs(%ye : tensor<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x32xf32>
  qopt.observe %x tap 3 "node" : tensor<?x64xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Nobody writes into a weight.
// CHECK-LABEL: @write
// CHECK: %[[W:.*]] = qopt.weight
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %[[W]], %[[COPY]]
func.func @write(%v: f32, %i: index) -> tensor<4xf32> {
  %w = qopt.weight dense<0.0> : tensor<4xf32> : tensor<4xf32>
  %r = tensor.insert %v into %w[%i] : tensor<4xf32>
  return %r : tensor<4xf32>
}
