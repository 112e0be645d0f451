// RUN: qopt-opt %s -split-input-file -verify-diagnostics

func.func @outputs(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{else_branch has 2 outputs, the node 1}}
  %y = onnx.If %c : (tensor<i1>) -> tensor<4xf32> {
    onnx.Yield %x : tensor<4xf32>
  } else {
    onnx.Yield %x, %x : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @types(%c: tensor<i1>, %x: tensor<4xf32>, %z: tensor<4xi64>) {
  // expected-error @+1 {{output 0 of else_branch is 'tensor<4xi64>', that of the node 'tensor<4xf32>'}}
  %y = onnx.If %c : (tensor<i1>) -> tensor<4xf32> {
    onnx.Yield %x : tensor<4xf32>
  } else {
    onnx.Yield %z : tensor<4xi64>
  }
  return
}

// -----

func.func @arguments(%m: tensor<i64>, %x: tensor<4xf32>) {
  %none = onnx.NoValue
  // expected-error @+1 {{body takes 2 inputs in place of 3}}
  %y = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>):
    onnx.Yield %go, %x : tensor<i1>, tensor<4xf32>
  }
  return
}

// -----

func.func @carried(%m: tensor<i64>, %x: tensor<4xf32>) {
  %none = onnx.NoValue
  // expected-error @+1 {{carried value 0 changes its element type}}
  %y = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<4xf32>) -> tensor<4xi64> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    %n = onnx.Cast %v {to = i64} : (tensor<4xf32>) -> tensor<4xi64>
    onnx.Yield %go, %n : tensor<i1>, tensor<4xi64>
  }
  return
}

// -----

func.func @condition(%m: tensor<i64>, %x: tensor<4xf32>) {
  %none = onnx.NoValue
  // expected-error @+1 {{body does not yield a bool condition first}}
  %y = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    onnx.Yield %v, %v : tensor<4xf32>, tensor<4xf32>
  }
  return
}
