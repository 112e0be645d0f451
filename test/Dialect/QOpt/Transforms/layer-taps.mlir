// RUN: qopt-opt %s --qopt-layer-taps | FileCheck %s
//
// One tap per contraction, also those without a constant operand; nodes of one name
// are told apart. Factors that smoothing has put on the columns of an output are
// taken back for the observer alone.

// CHECK: module attributes {{.*}}qopt.taps = ["first", "same", "same#2", "scaled"]
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<?x4xf32>, %y: tensor<4x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<4x4xf32>} : tensor<4x4xf32>
  // CHECK: %[[A:.*]] = onnx.MatMul
  // CHECK-NEXT: qopt.observe %[[A]] tap 0 "first"
  %a = onnx.MatMul %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("first")
  // CHECK: %[[B:.*]] = onnx.MatMul
  // CHECK-NEXT: qopt.observe %[[B]] tap 1 "same"
  %b = onnx.MatMul %a, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("same")
  // CHECK: %[[C:.*]] = onnx.MatMul
  // CHECK-NEXT: qopt.observe %[[C]] tap 2 "same#2"
  %c = onnx.MatMul %b, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("same")
  // CHECK: %[[D:.*]] = onnx.MatMul
  // CHECK-NEXT: %[[S:.*]] = onnx.Constant {value = dense<[5.000000e-01, 4.000000e+00]>
  // CHECK-NEXT: %[[M:.*]] = onnx.Mul %[[D]], %[[S]]
  // CHECK-NEXT: qopt.observe %[[M]] tap 3 "scaled"
  // CHECK-NEXT: return %[[D]]
  %d = onnx.MatMul %c, %y {qopt.output_scale = dense<[2.0, 0.25]> : tensor<2xf32>} : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32> loc("scaled")
  return %d : tensor<?x2xf32>
}
