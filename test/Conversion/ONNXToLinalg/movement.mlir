// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// CHECK: #[[FROM:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// CHECK-LABEL: func.func @transpose
// CHECK: linalg.generic {indexing_maps = [#[[FROM]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel"]}
func.func @transpose(%x: tensor<?x?x8xf32>) -> tensor<?x8x?xf32> {
  %0 = onnx.Transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<?x?x8xf32>) -> tensor<?x8x?xf32>
  return %0 : tensor<?x8x?xf32>
}

// -----

// The cache in front, the new rows behind it.
// CHECK-LABEL: func.func @concat
// CHECK-DAG: %[[PAST:.*]] = tensor.dim %arg0, %c0
// CHECK-DAG: %[[NEW:.*]] = tensor.dim %arg1, %c0
// CHECK: %[[A:.*]] = tensor.insert_slice %arg0 into %{{.*}}[0, 0] [%[[PAST]], 8] [1, 1]
// CHECK: tensor.insert_slice %arg1 into %[[A]][%[[PAST]], 0] [%[[NEW]], 8] [1, 1]
func.func @concat(%past: tensor<?x8xf32> {onnx.dims = ["p", 8]}, %new: tensor<?x8xf32> {onnx.dims = ["s", 8]}) -> tensor<?x8xf32> {
  %0 = onnx.Concat %past, %new {axis = 0 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @concat_checked
// CHECK: qopt.require %{{.*}}, "c: dims 1 of operands differ: {0} and {1}"
func.func @concat_checked(%a: tensor<2x?xf32> {onnx.dims = [2, "n"]}, %b: tensor<3x?xf32> {onnx.dims = [3, "m"]}) -> tensor<5x?xf32> {
  %0 = onnx.Concat %a, %b {axis = 0 : i64} : (tensor<2x?xf32>, tensor<3x?xf32>) -> tensor<5x?xf32> loc("c")
  return %0 : tensor<5x?xf32>
}

// -----

// A part that nobody reads is not cut.
// CHECK-LABEL: func.func @split
// CHECK: tensor.extract_slice %arg0[0, 64] [%{{.*}}, 64] [1, 1]
// CHECK-NOT: tensor.extract_slice
func.func @split(%x: tensor<?x192xf32>) -> tensor<?x64xf32> {
  %none = onnx.NoValue
  %0:3 = onnx.Split %x, %none {axis = 1 : i64} : (tensor<?x192xf32>, none) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return %0#1 : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: func.func @slice
// CHECK: tensor.extract_slice %arg0[0, 32] [%{{.*}}, 32] [1, 1]
func.func @slice(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %start = onnx.Constant {value = dense<32> : tensor<1xi64>} : tensor<1xi64>
  %end = onnx.Constant {value = dense<9223372036854775807> : tensor<1xi64>} : tensor<1xi64>
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %none = onnx.NoValue
  %0 = onnx.Slice %x, %start, %end, %axis, %none : (tensor<?x64xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// -----

// Backwards: element by element.
// CHECK-LABEL: func.func @reverse
// CHECK: linalg.generic
// CHECK: arith.muli %{{.*}}, %c-1
// CHECK: tensor.extract %arg0
func.func @reverse(%x: tensor<8xf32>) -> tensor<8xf32> {
  %start = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %end = onnx.Constant {value = dense<-9223372036854775807> : tensor<1xi64>} : tensor<1xi64>
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %step = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %0 = onnx.Slice %x, %start, %end, %axis, %step : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Bounds from data are clamped at run time.
// CHECK-LABEL: func.func @slice_data
// CHECK: qopt.require %{{.*}}, "w: a step is 0"
// CHECK: arith.ceildivsi
// CHECK: tensor.extract %arg0
func.func @slice_data(%x: tensor<8xf32>, %start: tensor<1xi64>, %end: tensor<1xi64>, %step: tensor<1xi64>) -> tensor<?xf32> {
  %none = onnx.NoValue
  %0 = onnx.Slice %x, %start, %end, %none, %step : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, none, tensor<1xi64>) -> tensor<?xf32> loc("w")
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @tile
// CHECK: linalg.generic {{.*}}outs(%{{.*}} : tensor<2x?x3x8xf32>)
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2, 3]]
func.func @tile(%x: tensor<?x8xf32>) -> tensor<?x24xf32> {
  %times = onnx.Constant {value = dense<[2, 3]> : tensor<2xi64>} : tensor<2xi64>
  %0 = onnx.Tile %x, %times : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x24xf32>
  return %0 : tensor<?x24xf32>
}

// -----

// CHECK-LABEL: func.func @pad
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<11xf32>)
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[1] [8] [1]
func.func @pad(%x: tensor<8xf32>) -> tensor<11xf32> {
  %pads = onnx.Constant {value = dense<[1, 2]> : tensor<2xi64>} : tensor<2xi64>
  %none = onnx.NoValue
  %0 = onnx.Pad %x, %pads, %none, %none {mode = "constant"} : (tensor<8xf32>, tensor<2xi64>, none, none) -> tensor<11xf32>
  return %0 : tensor<11xf32>
}

// -----

// CHECK-LABEL: func.func @expand
// CHECK: qopt.require %{{.*}}, "e: a dim of {0} cannot expand to {1}"
// CHECK: linalg.generic
func.func @expand(%x: tensor<?xf32>, %shape: tensor<1xi64>) -> tensor<?xf32> {
  %0 = onnx.Expand %x, %shape : (tensor<?xf32>, tensor<1xi64>) -> tensor<?xf32> loc("e")
  return %0 : tensor<?xf32>
}
