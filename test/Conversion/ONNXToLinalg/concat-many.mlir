// RUN: qopt-opt %s --convert-onnx-to-linalg | FileCheck %s

// 65 tensors: first 16, 16, 16, 16 and 1, then these five.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-16: tensor.insert_slice %arg0
// CHECK-NEXT: tensor.empty
// CHECK-COUNT-16: tensor.insert_slice %arg0
// CHECK-NEXT: tensor.empty
// CHECK-COUNT-16: tensor.insert_slice %arg0
// CHECK-NEXT: tensor.empty
// CHECK-COUNT-16: tensor.insert_slice %arg0
// CHECK: tensor.insert_slice %arg0
// CHECK-NEXT: tensor.empty
// CHECK-COUNT-5: tensor.insert_slice %inserted_slice
// CHECK-NOT: tensor.insert_slice
// CHECK: return
func.func @main(%x: tensor<?x4xf32> {onnx.name = "x", onnx.dims = ["n", 4]}) -> (tensor<?x4xf32> {onnx.name = "y", onnx.dims = ["m", 4]}) {
  %y = onnx.Concat %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
