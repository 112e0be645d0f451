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

// Branches that agree in the first dim, and differ in the second; in the third
// result the sizes decide, in the fourth the data does.
// CHECK: func.func @shapes(%[[N:.*]]: index, %[[M:.*]]: index)
// CHECK: %[[EIGHT:.*]] = arith.constant 8 : index
// CHECK: %[[LARGE:.*]] = arith.cmpi sgt, %[[N]], %[[EIGHT]]
// CHECK: %[[CHOSEN:.*]] = arith.select %[[LARGE]], %[[N]], %[[M]]
// CHECK: %[[UNKNOWN:.*]] = arith.constant -1 : index
// CHECK: return %[[N]], %{{.*}}, %[[CHOSEN]], %[[UNKNOWN]]
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>, %flag: tensor<i1>)
    -> (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = tensor.dim %y, %c0 : tensor<?xf32>
  %large = arith.cmpi sgt, %n, %c8 : index
  %condition = tensor.extract %flag[] : tensor<i1>
  %a = scf.if %condition -> tensor<?x?xf32> {
    %0 = tensor.empty(%n, %c8) : tensor<?x?xf32>
    scf.yield %0 : tensor<?x?xf32>
  } else {
    %c8_again = arith.constant 8 : index
    %0 = tensor.empty(%n, %c8_again) : tensor<?x?xf32>
    scf.yield %0 : tensor<?x?xf32>
  }
  %b = scf.if %large -> tensor<?xf32> {
    scf.yield %x : tensor<?xf32>
  } else {
    scf.yield %y : tensor<?xf32>
  }
  %c = scf.if %condition -> tensor<?xf32> {
    scf.yield %x : tensor<?xf32>
  } else {
    scf.yield %y : tensor<?xf32>
  }
  return %a, %b, %c : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>
}

// -----

// A loop that keeps the size of its first value and doubles the second.
// CHECK: func.func @shapes(%[[N:.*]]: index)
// CHECK: %[[UNKNOWN:.*]] = arith.constant -1 : index
// CHECK: return %[[N]], %[[UNKNOWN]]
func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %r:3 = scf.while (%i = %c0, %a = %x, %b = %x)
      : (index, tensor<?xf32>, tensor<?xf32>) -> (index, tensor<?xf32>, tensor<?xf32>) {
    %more = arith.cmpi slt, %i, %c9 : index
    scf.condition(%more) %i, %a, %b : index, tensor<?xf32>, tensor<?xf32>
  } do {
  ^bb0(%i: index, %a: tensor<?xf32>, %b: tensor<?xf32>):
    %next = arith.addi %i, %c1 : index
    %exp = linalg.exp ins(%a : tensor<?xf32>) outs(%a : tensor<?xf32>) -> tensor<?xf32>
    %twice = tensor.concat dim(0) %b, %b : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    scf.yield %next, %exp, %twice : index, tensor<?xf32>, tensor<?xf32>
  }
  return %r#1, %r#2 : tensor<?xf32>, tensor<?xf32>
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
