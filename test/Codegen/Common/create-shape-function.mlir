// RUN: qopt-opt %s --qopt-create-shape-function --split-input-file --verify-diagnostics | FileCheck %s

// Sizes follow from the inputs' sizes; nothing of the computation is kept.
// CHECK-LABEL: func.func @main
// CHECK-SAME: qopt.result_ranks = array<i64: 2, 3>
// CHECK: func.func @shapes(%[[BATCH:arg0]]: index, %[[SEQ:arg1]]: index)
// CHECK-NOT: linalg
// CHECK: %[[TWICE:.*]] = arith.addi
// CHECK: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK: return %[[BATCH]], %[[TWICE]], %[[BATCH]], %[[SEQ]], %[[FOUR]]
func.func @main(%x: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%b, %s) : tensor<?x?xf32>
  %exp = linalg.exp ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
  %twice = tensor.concat dim(1) %exp, %x : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %init = tensor.empty(%b, %s) : tensor<?x?x4xf32>
  return %twice, %init : tensor<?x?xf32>, tensor<?x?x4xf32>
}

// -----

// A size that depends on data is -1.
// CHECK-LABEL: func.func @main(%arg0: tensor<i64>)
// CHECK: func.func @shapes()
// CHECK: %[[UNKNOWN:.*]] = arith.constant -1 : index
// CHECK: return %[[UNKNOWN]]
func.func @main(%n: tensor<i64>) -> tensor<?xf32> {
  %value = tensor.extract %n[] : tensor<i64>
  %size = arith.index_cast %value : i64 to index
  %r = tensor.empty(%size) : tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// expected-error @+1 {{arguments of @main are ranked tensors}}
func.func @main(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @+1 {{needs a function @main of one block}}
module {
}
