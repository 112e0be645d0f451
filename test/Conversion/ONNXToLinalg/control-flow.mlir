// RUN: qopt-opt %s -split-input-file -onnx-infer-shapes -convert-onnx-to-linalg -canonicalize | FileCheck %s

// A branch that yields what it did not make yields a copy.
// CHECK-LABEL: func.func @choice
// CHECK: %[[C:.*]] = tensor.extract
// CHECK: scf.if %[[C]] -> (tensor<?xf32>)
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%arg1)
// CHECK: scf.yield %[[COPY]]
// CHECK: else
// CHECK: %[[NEG:.*]] = linalg.generic
// CHECK: scf.yield %[[NEG]]
func.func @choice(%c: tensor<i1> {onnx.dims = []}, %x: tensor<?xf32> {onnx.dims = ["n"]}) -> tensor<?xf32> {
  %y = onnx.If %c : (tensor<i1>) -> tensor<?xf32> {
    onnx.Yield %x : tensor<?xf32>
  } else {
    %n = onnx.Neg %x : (tensor<?xf32>) -> tensor<?xf32>
    onnx.Yield %n : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}

// -----

// The count alone decides: what is collected has its place before the loop.
// CHECK-LABEL: func.func @counted
// CHECK: %[[ALL:.*]] = tensor.empty() : tensor<5x4xf32>
// CHECK: scf.while (%{{.*}} = %c0, %{{.*}} = %{{.*}}, %[[ACC:.*]] = %[[ALL]])
// CHECK: arith.cmpi slt, %{{.*}}, %c5
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[%{{.*}}, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<5x4xf32>
func.func @counted(%x: tensor<4xf32> {onnx.dims = [4]}) -> (tensor<4xf32>, tensor<5x4xf32>) {
  %m = onnx.Constant {value = dense<5> : tensor<i64>} : tensor<i64>
  %none = onnx.NoValue
  %y:2 = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<5x4xf32>) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    %n = onnx.Add %v, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %n, %v : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<4xf32>, tensor<5x4xf32>
}

// -----

// A condition of the data: the buffer doubles when it is full, and the rows that
// were written are the result.
// CHECK-LABEL: func.func @conditional
// CHECK: scf.while
// CHECK: scf.condition
// CHECK: scf.while
// CHECK: arith.cmpi eq
// CHECK: arith.maxsi
// CHECK: tensor.insert_slice
// CHECK: tensor.insert_slice
// CHECK: tensor.extract_slice
func.func @conditional(%x: tensor<4xf32> {onnx.dims = [4]}, %limit: tensor<f32> {onnx.dims = []}) -> tensor<?x4xf32> {
  %none = onnx.NoValue
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %y:2 = onnx.Loop %none, %none, %x : (none, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    %n = onnx.Add %v, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %s = onnx.ReduceSum %n, %axis {keepdims = 0 : i64} : (tensor<4xf32>, tensor<1xi64>) -> tensor<f32>
    %more = onnx.Less %s, %limit : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.Yield %more, %n, %v : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#1 : tensor<?x4xf32>
}
