// RUN: qopt-opt %s -qopt-observe | FileCheck %s

// One tap per activation, named after the first reader; a name that occurs twice
// gets a number. Products of two activations have no tap.
// CHECK: qopt.taps = ["q_proj", "twice", "twice#2"]
// CHECK: func.func @main(%[[X:.*]]: tensor<?x8xf32>
// CHECK: qopt.observe %[[X]] tap 0 "q_proj" : tensor<?x8xf32>
// CHECK-NEXT: %[[Q:.*]] = onnx.MatMul %[[X]]
// CHECK-NEXT: %[[K:.*]] = onnx.MatMul %[[X]]
// CHECK-NEXT: %[[A:.*]] = onnx.MatMul %[[Q]]
// CHECK-NEXT: qopt.observe %[[A]] tap 1 "twice"
// CHECK-NEXT: onnx.MatMul %[[A]]
// CHECK-NEXT: qopt.observe %[[K]] tap 2 "twice#2"
// CHECK-NEXT: onnx.MatMul %[[K]]
func.func @main(%x: tensor<?x8xf32>, %z: tensor<8x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<8x8xf32>} : tensor<8x8xf32>
  %q = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("q_proj")
  %k = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("k_proj")
  %a = onnx.MatMul %q, %z : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("product")
  %0 = onnx.MatMul %a, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("twice")
  %1 = onnx.MatMul %k, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32> loc("twice")
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}
