// TensorScatter into a cache of fixed size, in place: the rows are written to the
// caller's buffer, and the product reads it.
// RUN: qopt-opt %s --onnx-infer-shapes --qopt-inplace-caches --convert-onnx-to-linalg --qopt-buffers | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[CACHE:arg0]]: memref<?x8x16xf32>
// CHECK-NOT: memref.alloc{{.*}}x16xf32>
// CHECK: scf.for
// CHECK: %[[ROWS:.*]] = memref.subview %[[CACHE]]
// CHECK: memref.copy %{{.*}}, %[[ROWS]]
// CHECK-NOT: %[[CACHE]]
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[CACHE]] :
// CHECK-NOT: %[[CACHE]]
// CHECK: return{{$}}
func.func @main(
    %past: tensor<?x8x16xf32> {onnx.name = "past_key_values.0.key", onnx.dims = ["batch", 8, 16]},
    %new: tensor<?x?x16xf32> {onnx.name = "new", onnx.dims = ["batch", "seq", 16]},
    %at: tensor<?xi64> {onnx.name = "at", onnx.dims = ["batch"]},
    %q: tensor<?x?x16xf32> {onnx.name = "q", onnx.dims = ["batch", "seq", 16]})
    -> (tensor<?x?x8xf32> {onnx.name = "scores"}, tensor<?x8x16xf32> {onnx.name = "present.0.key"}) {
  %keys = onnx.TensorScatter %past, %new, %at {axis = 1 : i64} : (tensor<?x8x16xf32>, tensor<?x?x16xf32>, tensor<?xi64>) -> tensor<?x8x16xf32>
  %kt = onnx.Transpose %keys {perm = array<i64: 0, 2, 1>} : (tensor<?x8x16xf32>) -> tensor<?x16x8xf32>
  %scores = onnx.MatMul %q, %kt : (tensor<?x?x16xf32>, tensor<?x16x8xf32>) -> tensor<?x?x8xf32>
  return %scores, %keys : tensor<?x?x8xf32>, tensor<?x8x16xf32>
}
