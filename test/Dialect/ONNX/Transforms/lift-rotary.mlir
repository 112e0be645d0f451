// RUN: qopt-opt %s --onnx-lift-patterns --canonicalize -split-input-file | FileCheck %s
// RUN: qopt-opt %s --onnx-lift-patterns="rotary=false" -split-input-file | FileCheck %s --check-prefix=OFF
// test/Lifting runs all forms; here is what the op holds, and what stays.

// OFF-NOT: onnx.RotaryEmbedding

// Half of the angles is computed; the partial rotation is one op with what it leaves.
// CHECK: module attributes {onnx.lifted = {RotaryEmbedding = 1 : i64}}
// CHECK-LABEL: func.func @halves
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x5x10xf32>, %[[F:.*]]: tensor<2x5x4xf32>)
// CHECK-DAG: %[[COS:.*]] = onnx.Cos %[[F]] : (tensor<2x5x4xf32>)
// CHECK-DAG: %[[SIN:.*]] = onnx.Sin %[[F]] : (tensor<2x5x4xf32>)
// CHECK: %[[Y:.*]] = onnx.RotaryEmbedding %[[X]], %[[COS]], %[[SIN]], %{{.*}} {rotary_embedding_dim = 8 : i64}
// CHECK-NEXT: return %[[Y]]
func.func @halves(%x: tensor<2x3x5x10xf32>, %f: tensor<2x5x4xf32>) -> tensor<2x3x5x10xf32> {
  %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %three = onnx.Constant {value = dense<3> : tensor<1xi64>} : tensor<1xi64>
  %sizes = onnx.Constant {value = dense<[8, 2]> : tensor<2xi64>} : tensor<2xi64>
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %four = onnx.Constant {value = dense<4> : tensor<1xi64>} : tensor<1xi64>
  %eight = onnx.Constant {value = dense<8> : tensor<1xi64>} : tensor<1xi64>
  %ff = onnx.Concat %f, %f {axis = -1 : i64} : (tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x8xf32>
  %c = onnx.Cos %ff : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %s = onnx.Sin %ff : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %cos = onnx.Unsqueeze %c, %one : (tensor<2x5x8xf32>, tensor<1xi64>) -> tensor<2x1x5x8xf32>
  %sin = onnx.Unsqueeze %s, %one : (tensor<2x5x8xf32>, tensor<1xi64>) -> tensor<2x1x5x8xf32>
  %p:2 = onnx.Split %x, %sizes {axis = -1 : i64} : (tensor<2x3x5x10xf32>, tensor<2xi64>) -> (tensor<2x3x5x8xf32>, tensor<2x3x5x2xf32>)
  %a = onnx.Slice %p#0, %zero, %four, %three, %one : (tensor<2x3x5x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3x5x4xf32>
  %b = onnx.Slice %p#0, %four, %eight, %three, %one : (tensor<2x3x5x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3x5x4xf32>
  %nb = onnx.Neg %b : (tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %r = onnx.Concat %nb, %a {axis = -1 : i64} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x8xf32>
  %0 = onnx.Mul %p#0, %cos : (tensor<2x3x5x8xf32>, tensor<2x1x5x8xf32>) -> tensor<2x3x5x8xf32>
  %1 = onnx.Mul %r, %sin : (tensor<2x3x5x8xf32>, tensor<2x1x5x8xf32>) -> tensor<2x3x5x8xf32>
  %2 = onnx.Add %0, %1 : (tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  %3 = onnx.Concat %2, %p#1 {axis = -1 : i64} : (tensor<2x3x5x8xf32>, tensor<2x3x5x2xf32>) -> tensor<2x3x5x10xf32>
  return %3 : tensor<2x3x5x10xf32>
}

// -----

// Neighbours, heads behind the sequence: rank 3 with a number of heads.
// CHECK-LABEL: func.func @neighbours
// CHECK: %[[X:.*]] = onnx.Reshape %arg0, %{{.*}} -> tensor<2x5x12xf32>
// CHECK: %[[Y:.*]] = onnx.RotaryEmbedding %[[X]], %{{.*}} {interleaved = 1 : i64, num_heads = 3 : i64} : (tensor<2x5x12xf32>, tensor<1x5x2xf32>, tensor<1x5x2xf32>, none) -> tensor<2x5x12xf32>
// CHECK: onnx.Reshape %[[Y]], %{{.*}} -> tensor<2x5x3x4xf32>
func.func @neighbours(%x: tensor<2x5x3x4xf32>, %cos: tensor<1x5x1x2xf32>, %sin: tensor<1x5x1x2xf32>) -> tensor<2x5x3x4xf32> {
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %three = onnx.Constant {value = dense<3> : tensor<1xi64>} : tensor<1xi64>
  %end = onnx.Constant {value = dense<9223372036854775807> : tensor<1xi64>} : tensor<1xi64>
  %last = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %flat = onnx.Constant {value = dense<[2, 5, 3, 4]> : tensor<4xi64>} : tensor<4xi64>
  %a = onnx.Slice %x, %zero, %end, %three, %two : (tensor<2x5x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x5x3x2xf32>
  %b = onnx.Slice %x, %one, %end, %three, %two : (tensor<2x5x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x5x3x2xf32>
  %ac = onnx.Mul %a, %cos : (tensor<2x5x3x2xf32>, tensor<1x5x1x2xf32>) -> tensor<2x5x3x2xf32>
  %bs = onnx.Mul %b, %sin : (tensor<2x5x3x2xf32>, tensor<1x5x1x2xf32>) -> tensor<2x5x3x2xf32>
  %as = onnx.Mul %a, %sin : (tensor<2x5x3x2xf32>, tensor<1x5x1x2xf32>) -> tensor<2x5x3x2xf32>
  %bc = onnx.Mul %b, %cos : (tensor<2x5x3x2xf32>, tensor<1x5x1x2xf32>) -> tensor<2x5x3x2xf32>
  %re = onnx.Sub %ac, %bs : (tensor<2x5x3x2xf32>, tensor<2x5x3x2xf32>) -> tensor<2x5x3x2xf32>
  %im = onnx.Add %as, %bc : (tensor<2x5x3x2xf32>, tensor<2x5x3x2xf32>) -> tensor<2x5x3x2xf32>
  %re1 = onnx.Unsqueeze %re, %last : (tensor<2x5x3x2xf32>, tensor<1xi64>) -> tensor<2x5x3x2x1xf32>
  %im1 = onnx.Unsqueeze %im, %last : (tensor<2x5x3x2xf32>, tensor<1xi64>) -> tensor<2x5x3x2x1xf32>
  %0 = onnx.Concat %re1, %im1 {axis = -1 : i64} : (tensor<2x5x3x2x1xf32>, tensor<2x5x3x2x1xf32>) -> tensor<2x5x3x2x2xf32>
  %1 = onnx.Reshape %0, %flat : (tensor<2x5x3x2x2xf32>, tensor<4xi64>) -> tensor<2x5x3x4xf32>
  return %1 : tensor<2x5x3x4xf32>
}

// -----

// Nothing proves that both halves of the caches are equal.
// CHECK-LABEL: func.func @unknown_halves
// CHECK-NOT: onnx.RotaryEmbedding
func.func @unknown_halves(%x: tensor<2x3x5x8xf32>, %cos: tensor<1x1x5x8xf32>, %sin: tensor<1x1x5x8xf32>) -> tensor<2x3x5x8xf32> {
  %sizes = onnx.Constant {value = dense<4> : tensor<2xi64>} : tensor<2xi64>
  %p:2 = onnx.Split %x, %sizes {axis = -1 : i64} : (tensor<2x3x5x8xf32>, tensor<2xi64>) -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>)
  %nb = onnx.Neg %p#1 : (tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32>
  %r = onnx.Concat %nb, %p#0 {axis = -1 : i64} : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x8xf32>
  %0 = onnx.Mul %x, %cos : (tensor<2x3x5x8xf32>, tensor<1x1x5x8xf32>) -> tensor<2x3x5x8xf32>
  %1 = onnx.Mul %r, %sin : (tensor<2x3x5x8xf32>, tensor<1x1x5x8xf32>) -> tensor<2x3x5x8xf32>
  %2 = onnx.Add %0, %1 : (tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  return %2 : tensor<2x3x5x8xf32>
}
