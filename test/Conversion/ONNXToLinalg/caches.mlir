// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file --verify-diagnostics | FileCheck %s

// The dims of the past in the graph are the length; the cache itself is written
// behind it and read up to the new end.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[BUFFER:.*]]: tensor<?x4xf32> {onnx.dims = ["max_length", 4], onnx.name = "past.0", qopt.cache = 0 : i64}
// CHECK-SAME: %[[NEW:.*]]: tensor<3x4xf32>
// CHECK-SAME: %[[LENGTH:.*]]: tensor<1xi64>
// CHECK-SAME: -> (tensor<?x4xf32> {onnx.dims = ["max_length", ""], qopt.cache = 0 : i64}, tensor<2xi64>, tensor<?x4xf32>)
// CHECK: %[[I64:.*]] = tensor.extract %[[LENGTH]]
// CHECK: %[[FILLED:.*]] = arith.index_cast %[[I64]]
// CHECK: %[[TOTAL:.*]] = arith.addi %[[FILLED]], %
// CHECK: %[[CAPACITY:.*]] = tensor.dim %[[BUFFER]]
// CHECK: arith.subi %[[CAPACITY]], %[[FILLED]]
// CHECK: qopt.require
// CHECK: %[[UPDATED:.*]] = tensor.insert_slice %[[NEW]] into %[[BUFFER]][%[[FILLED]], 0] [3, 4] [1, 1]
// CHECK: tensor.extract_slice %[[UPDATED]][0, 0] [%[[TOTAL]], 4] [1, 1]
// CHECK: %[[ELEMENT:.*]] = arith.index_cast %[[FILLED]] : index to i64
// CHECK: tensor.from_elements %[[ELEMENT]]
// CHECK: return %[[UPDATED]],
func.func @main(%past: tensor<?x4xf32> {onnx.name = "past.0", onnx.dims = ["past", 4], qopt.cache = 0 : i64}, %new: tensor<3x4xf32>, %n: tensor<1xi64> {qopt.cache_length})
    -> (tensor<?x4xf32> {qopt.cache = 0 : i64}, tensor<2xi64>, tensor<?x4xf32>) {
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x4xf32>
  %s = onnx.Shape %past : (tensor<?x4xf32>) -> tensor<2xi64>
  %y = onnx.Neg %c : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %c, %s, %y : tensor<?x4xf32>, tensor<2xi64>, tensor<?x4xf32>
}

// -----

// expected-error @below {{has caches in place but no length of them}}
func.func @main(%past: tensor<?xf32> {qopt.cache = 0 : i64}, %new: tensor<1xf32>) -> (tensor<?xf32> {qopt.cache = 0 : i64}) {
  %c = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
  return %c : tensor<?xf32>
}

// -----

// How many rows there are must be known before any is computed.
func.func @main(%past: tensor<?xi64> {qopt.cache = 0 : i64}, %x: tensor<?xf32>, %n: tensor<1xi64> {qopt.cache_length}) -> (tensor<?xi64> {qopt.cache = 0 : i64}) {
  %found = onnx.NonZero %x : (tensor<?xf32>) -> tensor<1x?xi64>
  %flat = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %rows = onnx.Reshape %found, %flat : (tensor<1x?xi64>, tensor<1xi64>) -> tensor<?xi64>
  // expected-error @below {{the number of new rows of a cache is not known before they are computed}}
  %c = onnx.Concat %past, %rows {axis = 0 : i64} : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  return %c : tensor<?xi64>
}
