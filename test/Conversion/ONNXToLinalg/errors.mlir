// RUN: not qopt-opt %s --convert-onnx-to-linalg --split-input-file 2>&1 | FileCheck %s

// Everything that cannot be converted is reported, not only the first, with the
// name of the node.
// CHECK: 'onnx.ReduceSum' op 'sum': axes are not constant
// CHECK: 'onnx.ReduceLogSum' op 'log': not implemented for element type i32
func.func @two(%x: tensor<4x8xf32>, %axes: tensor<1xi64>, %i: tensor<4xi32>) -> (tensor<?xf32>, tensor<i32>) {
  %none = onnx.NoValue
  %0 = onnx.ReduceSum %x, %axes {keepdims = 0 : i64} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<?xf32> loc("sum")
  %1 = onnx.ReduceLogSum %i, %none {keepdims = 0 : i64} : (tensor<4xi32>, none) -> tensor<i32> loc("log")
  return %0, %1 : tensor<?xf32>, tensor<i32>
}

// -----

// CHECK: error: the rank of argument 0 is not known
func.func @argument(%x: tensor<*xf32>) -> tensor<*xf32> {
  return %x : tensor<*xf32>
}

// -----

// CHECK: 'onnx.Reshape' op 'r': the rank of an operand or result is not known
func.func @rank(%x: tensor<?xf32>, %dims: tensor<?xi64>) -> tensor<*xf32> {
  %0 = onnx.Reshape %x, %dims : (tensor<?xf32>, tensor<?xi64>) -> tensor<*xf32> loc("r")
  return %0 : tensor<*xf32>
}

// -----

// CHECK: 'onnx.Gather' op 'g': index 9 is outside [-4, 4)
func.func @index(%x: tensor<4x8xf32>) -> tensor<70x8xf32> {
  %i = onnx.Constant {value = dense<9> : tensor<70xi64>} : tensor<70xi64>
  %0 = onnx.Gather %x, %i : (tensor<4x8xf32>, tensor<70xi64>) -> tensor<70x8xf32> loc("g")
  return %0 : tensor<70x8xf32>
}

// -----

// Nothing is computed in storage types.
// CHECK: 'onnx.Add' op 'sum_1': the operator is not implemented for element type i4
func.func @int4(%x: tensor<4xi4>) -> tensor<4xi4> {
  %0 = onnx.Add %x, %x : (tensor<4xi4>, tensor<4xi4>) -> tensor<4xi4> loc("sum_1")
  return %0 : tensor<4xi4>
}
