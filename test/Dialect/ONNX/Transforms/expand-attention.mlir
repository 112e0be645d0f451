// RUN: qopt-opt %s -split-input-file --onnx-expand | FileCheck %s

// Without a mask the scale is on the queries; nothing else is done.
// CHECK-LABEL: @plain
// CHECK-SAME: (%[[Q:.*]]: tensor<1x2x3x16xf32>, %[[K:.*]]: tensor<1x2x5x16xf32>, %[[V:.*]]: tensor<1x2x5x8xf32>)
func.func @plain(%q: tensor<1x2x3x16xf32>, %k: tensor<1x2x5x16xf32>, %v: tensor<1x2x5x8xf32>) -> tensor<1x2x3x8xf32> {
  %n = onnx.NoValue
  // CHECK-DAG: %[[S:.*]] = onnx.Constant {value = dense<2.500000e-01>
  // CHECK-DAG: %[[SCALED:.*]] = onnx.Mul %[[Q]], %[[S]]
  // CHECK-DAG: %[[T:.*]] = onnx.Transpose %[[K]] {perm = array<i64: 0, 1, 3, 2>}
  // CHECK: %[[X:.*]] = onnx.MatMul %[[SCALED]], %[[T]]
  // CHECK-NEXT: %[[P:.*]] = onnx.Softmax %[[X]]
  // CHECK-NEXT: %[[Y:.*]] = onnx.MatMul %[[P]], %[[V]]
  // CHECK-NEXT: return %[[Y]]
  %y:4 = onnx.Attention %q, %k, %v, %n, %n, %n, %n : (tensor<1x2x3x16xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x8xf32>, none, none, none, none) -> (tensor<1x2x3x8xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x8xf32>, tensor<1x2x3x5xf32>)
  return %y#0 : tensor<1x2x3x8xf32>
}

// -----

// Keys are not repeated: queries that share one are rows of one product. Causal
// masking is one condition and one Where.
// CHECK-LABEL: @grouped_causal
func.func @grouped_causal(%q: tensor<1x?x64xf32> {onnx.dims = [1, "seq", 64]}, %k: tensor<1x?x32xf32> {onnx.dims = [1, "seq", 32]}, %pk: tensor<1x2x?x16xf32> {onnx.dims = [1, 2, "past", 16]}) -> (tensor<1x?x64xf32>, tensor<1x2x?x16xf32>) {
  %n = onnx.NoValue
  // CHECK-NOT: onnx.Expand
  // CHECK-DAG: %[[ALL:.*]] = onnx.Concat %{{.*}}, %{{.*}} {axis = 2 : i64} : (tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>)
  // CHECK-DAG: onnx.LessOrEqual
  // CHECK: %[[X:.*]] = onnx.MatMul %{{.*}} : (tensor<1x2x?x16xf32>, tensor<1x2x16x?xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: %[[HEADS:.*]] = onnx.Reshape %[[X]], %{{.*}} -> tensor<1x4x?x?xf32>
  // CHECK: %[[SCALED:.*]] = onnx.Mul %[[HEADS]]
  // CHECK: onnx.Where %{{.*}}, %[[SCALED]]
  // CHECK: onnx.Softmax
  // CHECK: onnx.MatMul
  // CHECK: return %{{.*}}, %[[ALL]]
  %y:4 = onnx.Attention %q, %k, %k, %n, %pk, %pk, %n {q_num_heads = 4 : i64, kv_num_heads = 2 : i64, is_causal = 1 : i64} : (tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>, none, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, none) -> (tensor<1x?x64xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x4x?x?xf32>)
  return %y#0, %y#1 : tensor<1x?x64xf32>, tensor<1x2x?x16xf32>
}

// -----

// A single token with a past sees everything: no mask is left.
// CHECK-LABEL: @step
func.func @step(%q: tensor<1x4x1x16xf32>, %p: tensor<1x4x?x16xf32>) -> tensor<1x4x1x16xf32> {
  %n = onnx.NoValue
  // CHECK-NOT: onnx.Where
  %y:4 = onnx.Attention %q, %q, %q, %n, %p, %p, %n {is_causal = 1 : i64} : (tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>, none, tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>, none) -> (tensor<1x4x1x16xf32>, tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>, tensor<1x4x1x?xf32>)
  return %y#0 : tensor<1x4x1x16xf32>
}

// -----

// A short mask of opset 24 hides the keys behind it; halves are computed in f32.
// CHECK-LABEL: @padded_half
func.func @padded_half(%q: tensor<1x2x3x16xf16>, %m: tensor<3x4xi1>) -> tensor<1x2x3x16xf16> {
  %n = onnx.NoValue
  // CHECK: onnx.Pad %{{.*}} : (tensor<3x2xi1>
  // CHECK: onnx.Cast %{{.*}} {to = f32}
  // CHECK: onnx.MatMul {{.*}}xf32>
  // CHECK: onnx.Where
  // CHECK: %[[NAN:.*]] = onnx.IsNaN
  // CHECK: onnx.Where %[[NAN]]
  // CHECK: onnx.Cast %{{.*}} {to = f16}
  %s = onnx.Constant {value = dense<[3, 2]> : tensor<2xi64>} : tensor<2xi64>
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %short = onnx.Slice %m, %zero, %two, %one, %one : (tensor<3x4xi1>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x2xi1>
  %y:4 = onnx.Attention %q, %q, %q, %short, %n, %n, %n {pad_mask = 1 : i64, zero_masked_rows} : (tensor<1x2x3x16xf16>, tensor<1x2x3x16xf16>, tensor<1x2x3x16xf16>, tensor<3x2xi1>, none, none, none) -> (tensor<1x2x3x16xf16>, tensor<1x2x3x16xf16>, tensor<1x2x3x16xf16>, tensor<1x2x3x3xf16>)
  return %y#0 : tensor<1x2x3x16xf16>
}

// -----

// CHECK-LABEL: @partial_rotary
// CHECK-SAME: (%[[X:[^:]*]]: tensor<1x2x3x16xf32>, %[[C:[^:]*]]: tensor<32x4xf32>
func.func @partial_rotary(%x: tensor<1x2x3x16xf32>, %c: tensor<32x4xf32>, %s: tensor<32x4xf32>, %i: tensor<1x3xi64>) -> tensor<1x2x3x16xf32> {
  // CHECK-DAG: onnx.Gather %[[C]]
  // CHECK-DAG: onnx.Slice %[[X]], {{.*}} -> tensor<1x2x3x8xf32>
  // CHECK-DAG: onnx.Split %{{.*}} -> (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
  // CHECK: onnx.Sub
  // CHECK: onnx.Add
  // CHECK: onnx.Concat %{{.*}}, %{{.*}}, %{{.*}} {axis = -1
  %y = onnx.RotaryEmbedding %x, %c, %s, %i {rotary_embedding_dim = 8 : i64} : (tensor<1x2x3x16xf32>, tensor<32x4xf32>, tensor<32x4xf32>, tensor<1x3xi64>) -> tensor<1x2x3x16xf32>
  return %y : tensor<1x2x3x16xf32>
}

// -----

// CHECK-LABEL: @interleaved
func.func @interleaved(%x: tensor<1x3x32xf32>, %c: tensor<1x3x8xf32>) -> tensor<1x3x32xf32> {
  %n = onnx.NoValue
  // CHECK: onnx.Reshape %{{.*}} -> tensor<1x3x2x16xf32>
  // CHECK-COUNT-2: onnx.Slice
  // CHECK: onnx.Concat %{{.*}} -> tensor<1x3x2x8x2xf32>
  %y = onnx.RotaryEmbedding %x, %c, %c, %n {interleaved = 1 : i64, num_heads = 2 : i64} : (tensor<1x3x32xf32>, tensor<1x3x8xf32>, tensor<1x3x8xf32>, none) -> tensor<1x3x32xf32>
  return %y : tensor<1x3x32xf32>
}
