// RUN: qopt-opt %s --onnx-infer-shapes=allow-unranked --onnx-assume-lengths --split-input-file --verify-diagnostics | FileCheck %s

// The result is declared with three dims, so the shape has three elements.
// CHECK-LABEL: func.func @declared
// CHECK-SAME: %{{.*}}: tensor<?xf32>
// CHECK-SAME: %[[SHAPE:.*]]: tensor<3xi64>
// CHECK-SAME: -> (tensor<?x?x?xf32>
// CHECK: onnx.Transpose
// CHECK-SAME: tensor<?x?x?xf32>
// expected-warning @+1 {{input 'shape' decides ranks by its length: compiled for 3}}
func.func @declared(
    %x: tensor<?xf32> {onnx.dims = ["n"], onnx.name = "x"},
    %shape: tensor<?xi64> {onnx.dims = ["rank"], onnx.name = "shape"})
    -> (tensor<*xf32> {onnx.dims = ["?", "?", "?"], onnx.name = "y"}) {
  %0 = onnx.Reshape %x, %shape : (tensor<?xf32>, tensor<?xi64>) -> tensor<*xf32>
  %1 = onnx.Transpose %0 : (tensor<*xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// A condition on the length: only 4 leads to what is declared.
// CHECK-LABEL: func.func @condition
// CHECK-SAME: %[[SIZE:.*]]: tensor<4xi64>
// CHECK-NOT: onnx.If
// CHECK: onnx.ReduceSum
// expected-warning @+1 {{input 'size' decides ranks by its length: compiled for 4}}
func.func @condition(
    %size: tensor<?xi64> {onnx.dims = ["rank"], onnx.name = "size"})
    -> (tensor<*xi64> {onnx.dims = [], onnx.name = "y"}) {
  %four = onnx.Constant {value = dense<4> : tensor<i64>} : tensor<i64>
  %none = onnx.NoValue
  %count = onnx.Size %size : (tensor<?xi64>) -> tensor<*xi64>
  %is4 = onnx.Equal %count, %four : (tensor<*xi64>, tensor<i64>) -> tensor<*xi1>
  %y = onnx.If %is4 : (tensor<*xi1>) -> tensor<*xi64> {
    %sum = onnx.ReduceSum %size, %none {keepdims = 0 : i64} : (tensor<?xi64>, none) -> tensor<*xi64>
    onnx.Yield %sum : tensor<*xi64>
  } else {
    %same = onnx.Identity %size : (tensor<?xi64>) -> tensor<*xi64>
    onnx.Yield %same : tensor<*xi64>
  }
  return %y : tensor<*xi64>
}

// -----

// Any length gives a graph: none is assumed.
// CHECK-LABEL: func.func @open
// CHECK-SAME: tensor<?xi64>
func.func @open(
    %x: tensor<?xf32> {onnx.dims = ["n"], onnx.name = "x"},
    %shape: tensor<?xi64> {onnx.dims = ["rank"], onnx.name = "shape"})
    -> (tensor<*xf32> {onnx.name = "y"}) {
  %0 = onnx.Reshape %x, %shape : (tensor<?xf32>, tensor<?xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Two lists that only together say how many dims there are.
// CHECK-LABEL: func.func @together
// CHECK-SAME: tensor<2xi64>
// CHECK-SAME: tensor<2xi64>
// CHECK: onnx.Col2Im
// CHECK-SAME: -> tensor<?x?x?x?xf32>
// expected-warning @+2 {{input 'image' decides ranks by its length: compiled for 2}}
// expected-warning @+1 {{input 'block' decides ranks by its length: compiled for 2}}
func.func @together(
    %x: tensor<?x?x?xf32> {onnx.dims = ["n", "c", "l"], onnx.name = "x"},
    %image: tensor<?xi64> {onnx.dims = ["i"], onnx.name = "image"},
    %block: tensor<?xi64> {onnx.dims = ["b"], onnx.name = "block"})
    -> (tensor<*xf32> {onnx.dims = ["?", "?", "?", "?"], onnx.name = "y"}) {
  %0 = onnx.Col2Im %x, %image, %block : (tensor<?x?x?xf32>, tensor<?xi64>, tensor<?xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
