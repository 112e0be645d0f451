// RUN: qopt-opt %s -split-input-file -verify-diagnostics -convert-onnx-to-linalg

func.func @ranks(%c: tensor<i1> {onnx.dims = []}, %x: tensor<?xf32> {onnx.dims = ["n"]}) -> tensor<*xf32> {
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  // expected-error @+1 {{the branches give values of different ranks}}
  %y = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    %u = onnx.Unsqueeze %x, %axis : (tensor<?xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %u : tensor<*xf32>
  } else {
    onnx.Yield %x : tensor<?xf32>
  }
  return %y : tensor<*xf32>
}

// -----

func.func @endless(%x: tensor<4xf32> {onnx.dims = [4]}) -> tensor<4xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{the loop has no end}}
  %y = onnx.Loop %none, %none, %x : (none, none, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
    onnx.Yield %go, %v : tensor<i1>, tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
