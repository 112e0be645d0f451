// RUN: qopt-opt %s -onnx-print-shapes -verify-diagnostics -split-input-file

// Dims on which both branches agree leave the If; the others do not.
func.func @join(%c: tensor<i1> {onnx.dims = []},
                %x: tensor<?x?xf32> {onnx.dims = ["batch", "seq"]}) {
  // expected-remark @+1 {{shape [batch, d}}
  %y = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    // expected-remark @+1 {{shape [batch, 2*seq]}}
    %2 = onnx.Concat %x, %x {axis = 1 : i64} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<*xf32>
    onnx.Yield %2 : tensor<*xf32>
  } else {
    onnx.Yield %x : tensor<?x?xf32>
  }
  return
}

// -----

func.func @ranks(%c: tensor<i1> {onnx.dims = []}, %x: tensor<?x1xf32> {onnx.dims = ["batch", 1]}) {
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  // expected-remark @+1 {{rank is not known}}
  %y = onnx.If %c : (tensor<i1>) -> tensor<*xf32> {
    // expected-remark @+1 {{shape [batch]}}
    %2 = onnx.Squeeze %x, %axis : (tensor<?x1xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %2 : tensor<*xf32>
  } else {
    onnx.Yield %x : tensor<?x1xf32>
  }
  return
}

// -----

// The first dim grows, the second one is carried as it is; what is collected has
// the number of iterations in front.
func.func @carried(%x: tensor<?x?xf32> {onnx.dims = ["batch", "width"]}) {
  %m = onnx.Constant {value = dense<5> : tensor<i64>} : tensor<i64>
  %none = onnx.NoValue
  // expected-remark @+2 {{result 0: shape [d}}
  // expected-remark @+1 {{result 1: shape [5, batch, width]}}
  %y:2 = onnx.Loop %m, %none, %x : (tensor<i64>, none, tensor<?x?xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<*xf32>):
    // expected-remark @+1 {{shape [batch + d}}
    %2 = onnx.Concat %v, %x {axis = 0 : i64} : (tensor<*xf32>, tensor<?x?xf32>) -> tensor<*xf32>
    // expected-remark @+1 {{shape [batch, width]}}
    %3 = onnx.Neg %x : (tensor<?x?xf32>) -> tensor<*xf32>
    onnx.Yield %go, %2, %3 : tensor<i1>, tensor<*xf32>, tensor<*xf32>
  }
  return
}
