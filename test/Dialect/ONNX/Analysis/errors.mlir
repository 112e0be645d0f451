// Contradictions are errors at the node; the message has the shapes.
// RUN: qopt-opt %s --onnx-infer-shapes -split-input-file -verify-diagnostics

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Add' op dims 3 and 4 do not broadcast}}
  %0 = onnx.Add %x, %y : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @contraction(%x: tensor<?x3xf32>, %w: tensor<4x5xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.MatMul' op contracted dims differ: 3 and 4}}
  %0 = onnx.MatMul %x, %w : (tensor<?x3xf32>, tensor<4x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @symbolic(%x: tensor<?x?xf32> {onnx.dims = ["b", "s"]},
                    %w: tensor<?x5xf32> {onnx.dims = ["s + 1", 5]}) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.MatMul' op contracted dims differ: s and s + 1}}
  %0 = onnx.MatMul %x, %w : (tensor<?x?xf32>, tensor<?x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @two_open(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %to = onnx.Constant {value = dense<[-1, -1]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.Reshape' op shape holds -1 twice}}
  %0 = onnx.Reshape %x, %to : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @zero_and_open(%x: tensor<3x4xf32>) -> tensor<*xf32> {
  %to = onnx.Constant {value = dense<[0, -1]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.Reshape' op shape holds 0 and -1 under allowzero}}
  %0 = onnx.Reshape %x, %to {allowzero = 1 : i64} : (tensor<3x4xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @counts(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %to = onnx.Constant {value = dense<[4, 2]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.Reshape' op element counts before and after differ: 6 and 8}}
  %0 = onnx.Reshape %x, %to : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @remainder(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %to = onnx.Constant {value = dense<[4, -1]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.Reshape' op cannot divide 6 elements into groups of 4}}
  %0 = onnx.Reshape %x, %to : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @split(%x: tensor<6xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  %sizes = onnx.Constant {value = dense<[2, 3]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.Split' op split does not add up to the dim: 6 and 5}}
  %0:2 = onnx.Split %x, %sizes : (tensor<6xf32>, tensor<2xi64>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0#0, %0#1 : tensor<*xf32>, tensor<*xf32>
}

// -----

func.func @axes(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %axes = onnx.Constant {value = dense<[0, -2]> : tensor<2xi64>} : tensor<2xi64>
  // expected-error @+1 {{'onnx.ReduceSum' op axis -2 occurs twice}}
  %0 = onnx.ReduceSum %x, %axes : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @squeeze(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %axes = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  // expected-error @+1 {{'onnx.Squeeze' op dim 1 is 3 and cannot be removed}}
  %0 = onnx.Squeeze %x, %axes : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @gather(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  %i = onnx.Constant {value = dense<2> : tensor<i64>} : tensor<i64>
  // expected-error @+1 {{'onnx.Gather' op index 2 is outside a dim of 2}}
  %0 = onnx.Gather %x, %i : (tensor<2x3xf32>, tensor<i64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @declared(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{'onnx.Neg' op dim 1 of result 0 is 3, but its type is 'tensor<2x4xf32>'}}
  %0 = onnx.Neg %x : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// expected-error @+1 {{dim 'n' is 2 in one input and 3 in another}}
func.func @names(%x: tensor<2xf32> {onnx.dims = ["n"]}, %y: tensor<3xf32> {onnx.dims = ["n"]}) {
  return
}

// -----

func.func @rank(%x: tensor<2x3xf32>, %axes: tensor<?xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Squeeze' op the rank of the result cannot be inferred}}
  %0 = onnx.Squeeze %x, %axes : (tensor<2x3xf32>, tensor<?xi64>) -> tensor<*xf32>
  // Not reported again.
  %1 = onnx.Neg %0 : (tensor<*xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}
