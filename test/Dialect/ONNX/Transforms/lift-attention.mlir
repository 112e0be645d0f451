// RUN: qopt-opt %s --onnx-lift-patterns --canonicalize -split-input-file | FileCheck %s
// RUN: qopt-opt %s --onnx-lift-patterns="attention=false" -split-input-file | FileCheck %s --check-prefix=OFF
// test/Lifting runs all forms; here is what the op holds, and what stays.

// OFF-NOT: onnx.Attention

// One count for the user, without uses for the other results.
// CHECK: module attributes {onnx.lifted = {Attention = 1 : i64}}
// CHECK-LABEL: func.func @added_mask
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[K:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[V:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[M:.*]]: tensor<?x1x?x?xf32>
// CHECK: %[[NONE:.*]] = onnx.NoValue
// CHECK-NEXT: %[[Y:.*]], %{{.*}}, %{{.*}}, %{{.*}} = onnx.Attention %[[Q]], %[[K]], %[[V]], %[[M]], %[[NONE]], %[[NONE]], %[[NONE]] {scale = 2.500000e-01 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @added_mask(%q: tensor<?x4x?x8xf32> {onnx.name = "q", onnx.dims = ["b", 4, "s", 8]},
                      %k: tensor<?x4x?x8xf32> {onnx.name = "k", onnx.dims = ["b", 4, "t", 8]},
                      %v: tensor<?x4x?x8xf32> {onnx.name = "v", onnx.dims = ["b", 4, "t", 8]},
                      %m: tensor<?x1x?x?xf32> {onnx.name = "m", onnx.dims = ["b", 1, "s", "t"]}) -> tensor<?x4x?x8xf32> {
  %four = onnx.Constant {value = dense<4.0> : tensor<f32>} : tensor<f32>
  %kt = onnx.Transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x4x?x8xf32>) -> tensor<?x4x8x?xf32>
  %0 = onnx.MatMul %q, %kt : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  %1 = onnx.Div %0, %four : (tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %2 = onnx.Add %1, %m : (tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %3 = onnx.Softmax %2 : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %4 = onnx.MatMul %3, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %4 : tensor<?x4x?x8xf32>
}

// -----

// A condition stays one; the guard against NaN and the number behind it are attributes.
// CHECK-LABEL: func.func @chosen
// CHECK: onnx.Attention %{{.*}}, %{{.*}}, %{{.*}}, %arg3, {{.*}} {mask_filter_value = -1.000000e+04 : f32, scale = 1.000000e+00 : f32, zero_masked_rows}
func.func @chosen(%q: tensor<2x4x3x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>, %m: tensor<2x1x3x5xi1>) -> tensor<2x4x3x8xf32> {
  %low = onnx.Constant {value = dense<-1.0e4> : tensor<f32>} : tensor<f32>
  %zero = onnx.Constant {value = dense<0.0> : tensor<1xf32>} : tensor<1xf32>
  %kt = onnx.Transpose %k {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x8xf32>) -> tensor<2x4x8x5xf32>
  %0 = onnx.MatMul %q, %kt : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %1 = onnx.Where %m, %0, %low : (tensor<2x1x3x5xi1>, tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %2 = onnx.Softmax %1 : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %nan = onnx.IsNaN %2 : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xi1>
  %3 = onnx.Where %nan, %zero, %2 : (tensor<2x4x3x5xi1>, tensor<1xf32>, tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %4 = onnx.MatMul %3, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %4 : tensor<2x4x3x8xf32>
}

// -----

// Heads repeated for keys and values become fewer heads.
// CHECK-LABEL: func.func @grouped
// CHECK: onnx.Attention %arg0, %arg1, %arg2, {{.*}} : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x8xf32>, none, none, none, none)
func.func @grouped(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x8xf32>) -> tensor<2x4x3x8xf32> {
  %two = onnx.Constant {value = dense<2> : tensor<1xi64>} : tensor<1xi64>
  %times = onnx.Constant {value = dense<[1, 1, 2, 1, 1]> : tensor<5xi64>} : tensor<5xi64>
  %flat = onnx.Constant {value = dense<[2, 4, 5, 8]> : tensor<4xi64>} : tensor<4xi64>
  %k1 = onnx.Unsqueeze %k, %two : (tensor<2x2x5x8xf32>, tensor<1xi64>) -> tensor<2x2x1x5x8xf32>
  %k2 = onnx.Expand %k1, %times : (tensor<2x2x1x5x8xf32>, tensor<5xi64>) -> tensor<2x2x2x5x8xf32>
  %k3 = onnx.Reshape %k2, %flat : (tensor<2x2x2x5x8xf32>, tensor<4xi64>) -> tensor<2x4x5x8xf32>
  %v1 = onnx.Unsqueeze %v, %two : (tensor<2x2x5x8xf32>, tensor<1xi64>) -> tensor<2x2x1x5x8xf32>
  %v2 = onnx.Tile %v1, %times : (tensor<2x2x1x5x8xf32>, tensor<5xi64>) -> tensor<2x2x2x5x8xf32>
  %v3 = onnx.Reshape %v2, %flat : (tensor<2x2x2x5x8xf32>, tensor<4xi64>) -> tensor<2x4x5x8xf32>
  %kt = onnx.Transpose %k3 {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x4x5x8xf32>) -> tensor<2x4x8x5xf32>
  %0 = onnx.MatMul %q, %kt : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %1 = onnx.Softmax %0 : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %2 = onnx.MatMul %1, %v3 : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %2 : tensor<2x4x3x8xf32>
}

// -----

// Somebody else reads the probabilities.
// CHECK-LABEL: func.func @read_elsewhere
// CHECK-NOT: onnx.Attention
func.func @read_elsewhere(%q: tensor<2x4x3x8xf32>, %k: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>) -> (tensor<2x4x3x8xf32>, tensor<2x4x3x5xf32>) {
  %0 = onnx.MatMul %q, %k : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %1 = onnx.Softmax %0 : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %2 = onnx.MatMul %1, %v : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %2, %1 : tensor<2x4x3x8xf32>, tensor<2x4x3x5xf32>
}

// -----

// Nothing says that the batch of the mask is that of the scores, or 1.
// CHECK-LABEL: func.func @wider_mask
// CHECK-NOT: onnx.Attention
func.func @wider_mask(%q: tensor<1x4x3x8xf32>, %k: tensor<1x4x8x5xf32>, %v: tensor<1x4x5x8xf32>, %m: tensor<?x1x3x5xf32> {onnx.name = "m", onnx.dims = ["b", 1, 3, 5]}) -> tensor<?x4x3x8xf32> {
  %0 = onnx.MatMul %q, %k : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %1 = onnx.Add %0, %m : (tensor<1x4x3x5xf32>, tensor<?x1x3x5xf32>) -> tensor<?x4x3x5xf32>
  %2 = onnx.Softmax %1 : (tensor<?x4x3x5xf32>) -> tensor<?x4x3x5xf32>
  %3 = onnx.MatMul %2, %v : (tensor<?x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<?x4x3x8xf32>
  return %3 : tensor<?x4x3x8xf32>
}
