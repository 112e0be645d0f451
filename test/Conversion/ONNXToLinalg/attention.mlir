// RUN: qopt-opt %s -split-input-file --convert-onnx-to-linalg | FileCheck %s

// One copy per batch row; the update has to fit.
// CHECK-LABEL: @linear
func.func @linear(%c: tensor<2x4x?x8xf32>, %u: tensor<2x4x?x8xf32>, %i: tensor<2xi64>) -> tensor<2x4x?x8xf32> {
  // CHECK: qopt.require {{.*}} "{{.*}}an update of {0} tokens exceeds the cache of {1}"
  // CHECK: qopt.require {{.*}} "{{.*}}{0} tokens from index {1} on do not fit the cache"
  // CHECK: scf.for {{.*}} iter_args
  // CHECK-NOT: scf.for
  // CHECK: tensor.insert_slice
  %y = onnx.TensorScatter %c, %u, %i : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2xi64>) -> tensor<2x4x?x8xf32>
  return %y : tensor<2x4x?x8xf32>
}

// -----

// Where indices wrap around, one copy per token.
// CHECK-LABEL: @circular
func.func @circular(%c: tensor<2x5x8xf32>, %u: tensor<2x3x8xf32>, %i: tensor<2xi64>) -> tensor<2x5x8xf32> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: arith.remsi
  // CHECK: tensor.insert_slice
  %y = onnx.TensorScatter %c, %u, %i {mode = "circular"} : (tensor<2x5x8xf32>, tensor<2x3x8xf32>, tensor<2xi64>) -> tensor<2x5x8xf32>
  return %y : tensor<2x5x8xf32>
}

// -----

// CHECK-LABEL: @recurrent
func.func @recurrent(%q: tensor<2x?x16xf32>, %d: tensor<2x?x2xf32>) -> (tensor<2x?x16xf32>, tensor<2x2x8x8xf32>) {
  // CHECK: %[[START:.*]] = linalg.fill
  // CHECK: scf.for {{.*}} -> (tensor<2x2x8x8xf32>, tensor<2x?x2x1x8xf32>)
  // CHECK: math.exp
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]
  // CHECK: scf.yield
  %n = onnx.NoValue
  %y, %s = onnx.LinearAttention %q, %q, %q, %n, %d, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, update_rule = "gated"} : (tensor<2x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x16xf32>, none, tensor<2x?x2xf32>, none) -> (tensor<2x?x16xf32>, tensor<2x2x8x8xf32>)
  return %y, %s : tensor<2x?x16xf32>, tensor<2x2x8x8xf32>
}

// -----

// CHECK-LABEL: @causal_conv
func.func @causal_conv(%x: tensor<1x4x?xf32>, %w: tensor<4x1x3xf32>, %p: tensor<1x4x2xf32>) -> (tensor<1x4x?xf32>, tensor<1x4x2xf32>) {
  // CHECK: %[[FRONT:.*]] = tensor.insert_slice %arg2
  // CHECK: %[[ALL:.*]] = tensor.insert_slice %arg0 into %[[FRONT]]
  // CHECK: linalg.generic {{.*}}"reduction"]
  // CHECK: tensor.extract %[[ALL]]
  // CHECK: math.exp
  // CHECK: tensor.extract_slice %[[ALL]]
  %n = onnx.NoValue
  %y, %s = onnx.CausalConvWithState %x, %w, %n, %p {activation = "silu"} : (tensor<1x4x?xf32>, tensor<4x1x3xf32>, none, tensor<1x4x2xf32>) -> (tensor<1x4x?xf32>, tensor<1x4x2xf32>)
  return %y, %s : tensor<1x4x?xf32>, tensor<1x4x2xf32>
}

// -----

// Exact products of codes by the kernel: 128 less on both sides, the rest of the
// zero point by the sums of the columns.
// CHECK-LABEL: @kernel
func.func @kernel(%x: tensor<?x70xui8>, %z: tensor<ui8>) -> tensor<?x4xi32> {
  // CHECK: arith.xori
  // CHECK: qopt.matmul {{.*}}qopt.signed_codes
  // CHECK: arith.fptosi
  // CHECK: arith.muli
  // CHECK: arith.subi
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<3> : tensor<70x4xi8>} : tensor<70x4xi8>
  %y = onnx.MatMulInteger %x, %w, %z, %n : (tensor<?x70xui8>, tensor<70x4xi8>, tensor<ui8>, none) -> tensor<?x4xi32>
  return %y : tensor<?x4xi32>
}

// -----

// More than 1,024 products are summed in parts, as a float holds no more.
// CHECK-LABEL: @parts
func.func @parts(%x: tensor<?x2048xi8>) -> tensor<?x4xi32> {
  // CHECK-COUNT-2: qopt.matmul
  // CHECK-NOT: qopt.matmul
  %n = onnx.NoValue
  %w = onnx.Constant {value = dense<3> : tensor<2048x4xi8>} : tensor<2048x4xi8>
  %y = onnx.MatMulInteger %x, %w, %n, %n : (tensor<?x2048xi8>, tensor<2048x4xi8>, none, none) -> tensor<?x4xi32>
  return %y : tensor<?x4xi32>
}
