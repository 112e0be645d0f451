// RUN: qopt-opt %s -split-input-file --pass-pipeline='builtin.module(onnx-infer-shapes,onnx-expand-attention{kernels=true},onnx-infer-shapes{allow-unranked=true},canonicalize,cse)' | FileCheck %s

// Transposes between tokens and heads become notes, in front and behind.
// CHECK-LABEL: @turned
// CHECK-NOT: onnx.Transpose
// CHECK: %[[Y:.*]] = onnx.FlashAttention %arg0, %arg1, %arg2
// CHECK-SAME: k_tokens_first, q_tokens_first, scale = 2.500000e-01 : f32
// CHECK-SAME: v_tokens_first, y_tokens_first
// CHECK-NEXT: return %[[Y]]
func.func @turned(%q: tensor<1x3x2x16xf32>, %k: tensor<1x5x2x16xf32>, %v: tensor<1x5x2x8xf32>) -> tensor<1x3x2x8xf32> {
  %n = onnx.NoValue
  %0 = onnx.Transpose %q {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x16xf32>) -> tensor<1x2x3x16xf32>
  %1 = onnx.Transpose %k {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x16xf32>) -> tensor<1x2x5x16xf32>
  %2 = onnx.Transpose %v {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %y:4 = onnx.Attention %0, %1, %2, %n, %n, %n, %n : (tensor<1x2x3x16xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x8xf32>, none, none, none, none) -> (tensor<1x2x3x8xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x8xf32>, tensor<1x2x3x5xf32>)
  %3 = onnx.Transpose %y#0 {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x3x8xf32>) -> tensor<1x3x2x8xf32>
  return %3 : tensor<1x3x2x8xf32>
}

// -----

// The past is joined in front, and says which keys a query sees; a bool mask is bytes.
// CHECK-LABEL: @past
// CHECK-DAG: %[[K:.*]] = onnx.Concat %{{.*}}, %{{.*}} {axis = 2 : i64}
// CHECK-DAG: %[[MASK:.*]] = onnx.Cast %{{.*}} -> tensor<1x1x?x?xi8>
// CHECK: onnx.FlashAttention %{{.*}}, %{{.*}}, %{{.*}}, %[[MASK]], %{{.*}}, %{{.*}} {mask_filter_value = 0xFF800000 : f32
func.func @past(%q: tensor<1x?x64xf32> {onnx.dims = [1, "seq", 64]}, %k: tensor<1x?x32xf32> {onnx.dims = [1, "seq", 32]}, %pk: tensor<1x2x?x16xf32> {onnx.dims = [1, 2, "past", 16]}, %m: tensor<?x?xi1> {onnx.dims = ["seq", "past + seq"]}) -> (tensor<1x?x64xf32>, tensor<1x2x?x16xf32>) {
  %n = onnx.NoValue
  %y:4 = onnx.Attention %q, %k, %k, %m, %pk, %pk, %n {q_num_heads = 4 : i64, kv_num_heads = 2 : i64, is_causal = 1 : i64} : (tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>, tensor<?x?xi1>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, none) -> (tensor<1x?x64xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x4x?x?xf32>)
  return %y#0, %y#1 : tensor<1x?x64xf32>, tensor<1x2x?x16xf32>
}

// -----

// Scores that are a result, sums in f64 and softmax in f16 have no kernel: one of these
// is a product alone.
// CHECK-LABEL: @not
// CHECK-NOT: onnx.FlashAttention
// CHECK-COUNT-2: onnx.Softmax
func.func @not(%q: tensor<1x2x3x16xf32>, %d: tensor<1x2x3x16xf64>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x16xf64>, tensor<1x2x3x16xf32>) {
  %n = onnx.NoValue
  %a:4 = onnx.Attention %q, %q, %q, %n, %n, %n, %n : (tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, none, none, none, none) -> (tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x3xf32>)
  %b:4 = onnx.Attention %d, %d, %d, %n, %n, %n, %n : (tensor<1x2x3x16xf64>, tensor<1x2x3x16xf64>, tensor<1x2x3x16xf64>, none, none, none, none) -> (tensor<1x2x3x16xf64>, tensor<1x2x3x16xf64>, tensor<1x2x3x16xf64>, tensor<1x2x3x3xf64>)
  %c:4 = onnx.Attention %q, %q, %q, %n, %n, %n, %n {softmax_precision = 10 : i64} : (tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, none, none, none, none) -> (tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x3xf32>)
  return %a#3, %b#0, %c#0 : tensor<1x2x3x3xf32>, tensor<1x2x3x16xf64>, tensor<1x2x3x16xf32>
}

// -----

// A mask of padding that is expanded over the queries is read as it was before; what is
// computed from it on the way too. One that is expanded over the keys is not.
// CHECK-LABEL: @expanded
// CHECK: %[[M:.*]] = onnx.Where %{{.*}} -> tensor<?x1x1x?xf32>
// CHECK: onnx.FlashAttention %{{.*}}, %{{.*}}, %{{.*}}, %[[M]]
// CHECK: %[[E:.*]] = onnx.Expand
// CHECK: onnx.FlashAttention %{{.*}}, %{{.*}}, %{{.*}}, %[[E]]
func.func @expanded(%q: tensor<?x2x?x16xf32> {onnx.dims = ["b", 2, "t", 16]}, %m: tensor<?x1x1x?xf32> {onnx.dims = ["b", 1, 1, "t"]}, %o: tensor<?x1x?x1xf32> {onnx.dims = ["b", 1, "t", 1]}) -> (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) {
  %n = onnx.NoValue
  %unit = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1.0> : tensor<f32>} : tensor<f32>
  %least = onnx.Constant {value = dense<-1.0e30> : tensor<f32>} : tensor<f32>
  %b = onnx.Shape %q {start = 0 : i64, end = 1 : i64} : (tensor<?x2x?x16xf32>) -> tensor<1xi64>
  %t = onnx.Shape %q {start = 2 : i64, end = 3 : i64} : (tensor<?x2x?x16xf32>) -> tensor<1xi64>
  %shape = onnx.Concat %b, %unit, %t, %t {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %0 = onnx.Expand %m, %shape : (tensor<?x1x1x?xf32>, tensor<4xi64>) -> tensor<?x1x?x?xf32>
  %1 = onnx.Sub %one, %0 : (tensor<f32>, tensor<?x1x?x?xf32>) -> tensor<?x1x?x?xf32>
  %2 = onnx.Cast %1 {to = i1} : (tensor<?x1x?x?xf32>) -> tensor<?x1x?x?xi1>
  %3 = onnx.Where %2, %least, %1 : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<?x1x?x?xf32>) -> tensor<?x1x?x?xf32>
  %y:4 = onnx.Attention %q, %q, %q, %3, %n, %n, %n : (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x1x?x?xf32>, none, none, none) -> (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x?xf32>)
  %4 = onnx.Expand %o, %shape : (tensor<?x1x?x1xf32>, tensor<4xi64>) -> tensor<?x1x?x?xf32>
  %z:4 = onnx.Attention %q, %q, %q, %4, %n, %n, %n : (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x1x?x?xf32>, none, none, none) -> (tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x?xf32>)
  return %y#0, %z#0 : tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>
}
