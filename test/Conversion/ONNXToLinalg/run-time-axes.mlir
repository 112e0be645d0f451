// RUN: qopt-opt %s -split-input-file -convert-onnx-to-linalg -canonicalize | FileCheck %s

// One axis of the data: the rank follows, which dim goes does not.
// CHECK-LABEL: func.func @squeeze
// CHECK: qopt.require %{{.*}}, "s: axis {0} is outside [-{1}, {1})"
// CHECK: qopt.require %{{.*}}, "s: a dim of {0} cannot be removed"
// CHECK: tensor.expand_shape %{{.*}} : tensor<?xf32> into tensor<?x?xf32>
func.func @squeeze(%x: tensor<?x?x?xf32>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %y = onnx.Squeeze %x, %axes : (tensor<?x?x?xf32>, tensor<1xi64>) -> tensor<?x?xf32> loc("s")
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @unsqueeze
// CHECK: qopt.require %{{.*}}, "u: axis {0} is outside [-{1}, {1})"
// CHECK: tensor.expand_shape
func.func @unsqueeze(%x: tensor<?x?xf32>, %axes: tensor<1xi64>) -> tensor<?x?x?xf32> {
  %y = onnx.Unsqueeze %x, %axes : (tensor<?x?xf32>, tensor<1xi64>) -> tensor<?x?x?xf32> loc("u")
  return %y : tensor<?x?x?xf32>
}

// -----

// Any number of axes: a loop over them, and the rank of the type is checked.
// CHECK-LABEL: func.func @squeeze_any
// CHECK: scf.for
// CHECK: qopt.require %{{.*}}, "s: the axes leave {0} dims, {1} are declared"
func.func @squeeze_any(%x: tensor<?x?x?xf32>, %axes: tensor<?xi64>) -> tensor<?xf32> {
  %y = onnx.Squeeze %x, %axes : (tensor<?x?x?xf32>, tensor<?xi64>) -> tensor<?xf32> loc("s")
  return %y : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @slice_any
// CHECK: qopt.require %{{.*}}, "s: {0} and {1} bounds"
// CHECK: scf.for
func.func @slice_any(%x: tensor<?x?xf32>, %s: tensor<?xi64>, %e: tensor<?xi64>) -> tensor<?x?xf32> {
  %none = onnx.NoValue
  %y = onnx.Slice %x, %s, %e, %none, %none : (tensor<?x?xf32>, tensor<?xi64>, tensor<?xi64>, none, none) -> tensor<?x?xf32> loc("s")
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @expand_any
// CHECK: qopt.require %{{.*}}, "e: an operand has {0} elements in place of {1}"
func.func @expand_any(%x: tensor<?xf32>, %s: tensor<?xi64>) -> tensor<?x?xf32> {
  %y = onnx.Expand %x, %s : (tensor<?xf32>, tensor<?xi64>) -> tensor<?x?xf32> loc("e")
  return %y : tensor<?x?xf32>
}
