// RUN: qopt-opt %s | qopt-opt | FileCheck %s
// RUN: qopt-opt %s --mlir-print-op-generic | qopt-opt | FileCheck %s

// CHECK-LABEL: func.func @choice
func.func @choice(%c: tensor<i1>, %x: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: onnx.If %{{.*}} : (tensor<i1>) -> tensor<?xf32> {
  // CHECK-NEXT: onnx.Yield %{{.*}} : tensor<?xf32>
  // CHECK-NEXT: } else {
  // CHECK-NEXT: onnx.Neg
  %y = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
    onnx.Yield %x : tensor<?xf32>
  } else {
    %n = onnx.Neg %x : (tensor<?xf32>) -> tensor<?xf32>
    onnx.Yield %n : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @loop
func.func @loop(%m: tensor<i64>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  %none = onnx.NoValue
  // CHECK: onnx.Loop %{{.*}}, %{{.*}}, %{{.*}} : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  // CHECK: ^bb0(%{{.*}}: tensor<i64>, %[[GO:.*]]: tensor<i1>, %{{.*}}: tensor<4xf32>):
  // CHECK: onnx.Yield %[[GO]], %{{.*}}, %{{.*}} : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  %y:2 = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    %n = onnx.Neg %v : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %n, %v : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<4xf32>, tensor<?x4xf32>
}
