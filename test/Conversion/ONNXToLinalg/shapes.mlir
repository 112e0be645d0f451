// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// Shape arithmetic is the analysis' affair: what is left is a view of known dims.
// CHECK-LABEL: func.func @heads
// CHECK-DAG: %[[B:.*]] = tensor.dim %arg0, %c0
// CHECK-DAG: %[[S:.*]] = tensor.dim %arg0, %c1
// CHECK-NOT: linalg
// CHECK: tensor.expand_shape %arg0 {{\[\[}}0], [1], [2, 3]] output_shape [%[[B]], %[[S]], 4, 16]
// CHECK-NOT: qopt.require
func.func @heads(%x: tensor<?x?x64xf32> {onnx.dims = ["b", "s", 64]}) -> tensor<?x?x4x16xf32> {
  %shape = onnx.Shape %x : (tensor<?x?x64xf32>) -> tensor<3xi64>
  %zero = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %b = onnx.Gather %shape, %zero : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %rest = onnx.Constant {value = dense<[-1, 4, 16]> : tensor<3xi64>} : tensor<3xi64>
  %dims = onnx.Concat %b, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<3xi64>) -> tensor<4xi64>
  %0 = onnx.Reshape %x, %dims : (tensor<?x?x64xf32>, tensor<4xi64>) -> tensor<?x?x4x16xf32>
  return %0 : tensor<?x?x4x16xf32>
}

// -----

// CHECK-LABEL: func.func @merge
// CHECK: tensor.collapse_shape %arg0 {{\[\[}}0], [1], [2, 3]]
func.func @merge(%x: tensor<?x?x4x16xf32>) -> tensor<?x?x64xf32> {
  %dims = onnx.Constant {value = dense<[0, 0, 64]> : tensor<3xi64>} : tensor<3xi64>
  %0 = onnx.Reshape %x, %dims : (tensor<?x?x4x16xf32>, tensor<3xi64>) -> tensor<?x?x64xf32>
  return %0 : tensor<?x?x64xf32>
}

// -----

// Dims from data: computed by ONNX's rules for 0 and -1, and the count checked.
// CHECK-LABEL: func.func @dynamic
// CHECK: tensor.extract %arg1
// CHECK: qopt.require %{{.*}}, "r: a dim of {0} is asked for"
// CHECK: qopt.require %{{.*}}, "r: cannot reshape {0} elements to {1}"
// CHECK: tensor.expand_shape
func.func @dynamic(%x: tensor<?xf32>, %dims: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = onnx.Reshape %x, %dims : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32> loc("r")
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @squeeze
// CHECK: qopt.require %{{.*}}, "s: dim 0 is {0}, not 1"
// CHECK: tensor.collapse_shape
func.func @squeeze(%x: tensor<?x8xf32>) -> tensor<8xf32> {
  %axes = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %0 = onnx.Squeeze %x, %axes : (tensor<?x8xf32>, tensor<1xi64>) -> tensor<8xf32> loc("s")
  return %0 : tensor<8xf32>
}

// -----

// Integers that are returned are made from the dims.
// CHECK-LABEL: func.func @returned
// CHECK: %[[N:.*]] = tensor.dim %arg0, %c0
// CHECK: %[[I:.*]] = arith.index_cast %[[N]] : index to i64
// CHECK: tensor.from_elements %[[I]], %{{.*}} : tensor<2xi64>
func.func @returned(%x: tensor<?x8xf32>) -> tensor<2xi64> {
  %0 = onnx.Shape %x : (tensor<?x8xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// -----

// Without elements there is nothing to copy.
// CHECK-LABEL: func.func @no_elements
// CHECK: tensor.empty() : tensor<3x0xf32>
// CHECK-NOT: tensor.extract_slice
func.func @no_elements(%x: tensor<3x0xf32>) -> tensor<3x0xf32> {
  %t = onnx.Transpose %x {perm = array<i64: 1, 0>} : (tensor<3x0xf32>) -> tensor<0x3xf32>
  %0 = onnx.Transpose %t {perm = array<i64: 1, 0>} : (tensor<0x3xf32>) -> tensor<3x0xf32>
  return %0 : tensor<3x0xf32>
}
