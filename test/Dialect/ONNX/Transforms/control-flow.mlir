// RUN: qopt-opt %s -split-input-file -onnx-infer-shapes="allow-unranked" -canonicalize | FileCheck %s

// A condition on shapes is decided by them, and the other graph, which would
// contradict itself, is gone.
// CHECK-LABEL: func.func @shape_test
// CHECK-NOT: onnx.If
// CHECK-NOT: onnx.Squeeze
// CHECK: onnx.Neg %{{.*}} -> tensor<?x5xf32>
func.func @shape_test(%x: tensor<?x5xf32> {onnx.dims = ["n", 5]}) -> tensor<*xf32> {
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %one = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %at = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %shape = onnx.Shape %x : (tensor<?x5xf32>) -> tensor<*xi64>
  %dim = onnx.Gather %shape, %at : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %c = onnx.Equal %dim, %one : (tensor<*xi64>, tensor<i64>) -> tensor<*xi1>
  %y = onnx.If %c : (tensor<*xi1>) -> tensor<*xf32> {
    %s = onnx.Squeeze %x, %axis : (tensor<?x5xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %s : tensor<*xf32>
  } else {
    onnx.Yield %x : tensor<?x5xf32>
  }
  %z = onnx.Neg %y : (tensor<*xf32>) -> tensor<*xf32>
  return %z : tensor<*xf32>
}

// -----

// Undecided: the Squeeze stays, and checks the dim.
// CHECK-LABEL: func.func @squeeze
// CHECK-NOT: onnx.If
// CHECK: onnx.Squeeze
// CHECK: onnx.Neg %{{.*}} -> tensor<?xf32>
func.func @squeeze(%c: tensor<i1> {onnx.dims = []}, %x: tensor<?x?xf32> {onnx.dims = ["n", "m"]}) -> tensor<*xf32> {
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %y = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    %s = onnx.Squeeze %x, %axis : (tensor<?x?xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %s : tensor<*xf32>
  } else {
    %i = onnx.Identity %x : (tensor<?x?xf32>) -> tensor<*xf32>
    onnx.Yield %i : tensor<*xf32>
  }
  %z = onnx.Neg %y : (tensor<*xf32>) -> tensor<*xf32>
  return %z : tensor<*xf32>
}

// -----

// Both graphs give what is read; an output that nothing reads goes.
// CHECK-LABEL: func.func @unused
// CHECK: onnx.If %{{.*}} : (tensor<i1>) -> tensor<?xf32>
// CHECK-NOT: onnx.Exp
func.func @unused(%c: tensor<i1> {onnx.dims = []}, %x: tensor<?xf32> {onnx.dims = ["n"]}) -> tensor<*xf32> {
  %y:2 = onnx.If %c : (tensor<i1>) -> (tensor<*xf32>, tensor<*xf32>) {
    %e = onnx.Exp %x : (tensor<?xf32>) -> tensor<*xf32>
    onnx.Yield %x, %e : tensor<?xf32>, tensor<*xf32>
  } else {
    %n = onnx.Neg %x : (tensor<?xf32>) -> tensor<*xf32>
    onnx.Yield %n, %x : tensor<*xf32>, tensor<?xf32>
  }
  return %y#0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func.func @invariant
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<i1>, %[[A:.*]]: tensor<4xf32>, %[[S:.*]]: tensor<4xf32>):
// CHECK-NEXT: onnx.Add %arg0, %[[S]]
func.func @invariant(%x: tensor<4xf32> {onnx.dims = [4]}, %m: tensor<i64> {onnx.dims = []}) -> tensor<*xf32> {
  %none = onnx.NoValue
  %y:2 = onnx.Loop %m, %none, %x, %x : (tensor<i64>, none, tensor<4xf32>, tensor<4xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<*xf32>, %s: tensor<*xf32>):
    %n = onnx.Add %a, %s : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
    onnx.Yield %go, %a, %n : tensor<i1>, tensor<*xf32>, tensor<*xf32>
  }
  return %y#1 : tensor<*xf32>
}

// -----

// A step of rank 0 or 1: all that reads it broadcasts it with a vector, which cannot see the
// difference.
// CHECK-LABEL: func.func @hidden_rank
// CHECK-SAME: %[[C:.*]]: tensor<i1>{{.*}}, %[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<1xf32>, %[[X:.*]]: tensor<?xf32>
// CHECK: %[[STEP:.*]] = onnx.If %[[C]] : (tensor<i1>) -> tensor<1xf32>
// CHECK:   %[[ALIGNED:.*]] = onnx.Unsqueeze %[[A]]
// CHECK:   onnx.Yield %[[ALIGNED]]
// CHECK:   onnx.Yield %[[B]]
// CHECK: onnx.Mul %[[X]], %[[STEP]]
func.func @hidden_rank(%c: tensor<i1> {onnx.dims = []}, %a: tensor<f32>, %b: tensor<1xf32>,
                       %x: tensor<?xf32> {onnx.dims = ["n"]}) -> tensor<*xf32> {
  %step = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    onnx.Yield %a : tensor<f32>
  } else {
    onnx.Yield %b : tensor<1xf32>
  }
  %y = onnx.Mul %x, %step : (tensor<?xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Shape sees it.
// CHECK-LABEL: func.func @visible_rank
// CHECK: onnx.If %{{.*}} : (tensor<i1>) -> tensor<*xf32>
// CHECK-NOT: onnx.Unsqueeze
func.func @visible_rank(%c: tensor<i1> {onnx.dims = []}, %a: tensor<f32>, %b: tensor<1xf32>) -> tensor<*xi64> {
  %step = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    onnx.Yield %a : tensor<f32>
  } else {
    onnx.Yield %b : tensor<1xf32>
  }
  %y = onnx.Shape %step : (tensor<*xf32>) -> tensor<*xi64>
  return %y : tensor<*xi64>
}
