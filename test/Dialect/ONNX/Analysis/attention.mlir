// RUN: qopt-opt %s -split-input-file -verify-diagnostics --onnx-infer-shapes | FileCheck %s

// CHECK-LABEL: @split_heads
func.func @split_heads(%q: tensor<?x?x32xf32> {onnx.dims = ["batch", "seq", 32]}, %k: tensor<?x?x16xf32> {onnx.dims = ["batch", "seq", 16]}, %p: tensor<?x2x?x8xf32> {onnx.dims = ["batch", 2, "past", 8]}) -> (tensor<*xf32> {onnx.dims = ["?"]}, tensor<*xf32> {onnx.dims = ["?"]}) {
  %n = onnx.NoValue
  // CHECK: onnx.Attention {{.*}} -> (tensor<?x?x32xf32>, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, tensor<?x4x?x?xf32>)
  %y:4 = onnx.Attention %q, %k, %k, %n, %p, %p, %n {q_num_heads = 4 : i64, kv_num_heads = 2 : i64} : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>, none, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0, %y#1 : tensor<*xf32>, tensor<*xf32>
}

// -----

func.func @head_sizes(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x5xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{head sizes of Q and K differ: 4 and 5}}
  %y:4 = onnx.Attention %q, %k, %k, %n, %n, %n, %n : (tensor<1x2x3x4xf32>, tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>, none, none, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: @states
func.func @states(%q: tensor<2x?x32xf16>, %s: tensor<2x2x8x4xf32>, %v: tensor<2x?x8xf16>, %k: tensor<2x?x16xf16>, %w: tensor<32x1x4xf16>, %x: tensor<2x32x?xf16>) -> (tensor<*xf16>, tensor<*xf32>, tensor<*xf16>) {
  %n = onnx.NoValue
  // CHECK: onnx.LinearAttention {{.*}} -> (tensor<2x?x16xf16>, tensor<2x2x8x4xf32>)
  %y:2 = onnx.LinearAttention %q, %k, %v, %s, %n, %n {q_num_heads = 4 : i64, kv_num_heads = 2 : i64, update_rule = "linear"} : (tensor<2x?x32xf16>, tensor<2x?x16xf16>, tensor<2x?x8xf16>, tensor<2x2x8x4xf32>, none, none) -> (tensor<*xf16>, tensor<*xf32>)
  // CHECK: onnx.CausalConvWithState {{.*}} -> (tensor<2x32x?xf16>, tensor<2x32x3xf16>)
  %z:2 = onnx.CausalConvWithState %x, %w, %n, %n : (tensor<2x32x?xf16>, tensor<32x1x4xf16>, none, none) -> (tensor<*xf16>, tensor<*xf16>)
  return %y#0, %y#1, %z#1 : tensor<*xf16>, tensor<*xf32>, tensor<*xf16>
}
