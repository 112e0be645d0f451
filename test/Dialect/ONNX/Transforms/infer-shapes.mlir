// RUN: qopt-opt %s --onnx-infer-shapes | FileCheck %s

// Types get the dims that are constant; shape arithmetic on them disappears.
// CHECK-LABEL: func.func @static_part
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x16xf32>
// CHECK-SAME: -> (tensor<?x64xf32> {onnx.dims = ["n", 64]}, tensor<i64>)
func.func @static_part(%x: tensor<?x4x16xf32> {onnx.dims = ["n", 4, 16]})
    -> (tensor<*xf32> {onnx.dims = ["wrong", 1]}, tensor<*xi64>) {
  %i = onnx.Constant {value = dense<[1, 2]> : tensor<2xi64>} : tensor<2xi64>
  %n = onnx.NoValue
  %minus = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %shape = onnx.Shape %x : (tensor<?x4x16xf32>) -> tensor<*xi64>
  %inner = onnx.Gather %shape, %i : (tensor<*xi64>, tensor<2xi64>) -> tensor<*xi64>
  // CHECK: %[[SIZE:.*]] = onnx.Constant {value = dense<64> : tensor<i64>}
  %size = onnx.ReduceProd %inner, %n {keepdims = 0 : i64} : (tensor<*xi64>, none) -> tensor<*xi64>
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  %size1 = onnx.Unsqueeze %size, %axis : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK: %[[TO:.*]] = onnx.Constant {value = dense<[-1, 64]> : tensor<2xi64>}
  %to = onnx.Concat %minus, %size1 {axis = 0 : i64} : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
  // CHECK: %[[Y:.*]] = onnx.Reshape %[[X]], %[[TO]] : (tensor<?x4x16xf32>, tensor<2xi64>) -> tensor<?x64xf32>
  %y = onnx.Reshape %x, %to : (tensor<?x4x16xf32>, tensor<*xi64>) -> tensor<*xf32>
  // CHECK-NOT: onnx.Gather
  // CHECK: return %[[Y]], %[[SIZE]]
  return %y, %size : tensor<*xf32>, tensor<*xi64>
}

// Dims of arguments that another input fixes; sums in the names of results.
// CHECK-LABEL: func.func @arguments
// CHECK-SAME: tensor<2x?xf32>
// CHECK-SAME: tensor<2x?xf32>
// CHECK-SAME: -> (tensor<2x?xf32> {onnx.dims = [2, "s + t"]})
func.func @arguments(%x: tensor<2x?xf32> {onnx.dims = ["b", "s"]},
                     %y: tensor<?x?xf32> {onnx.dims = ["b", "t"]})
    -> (tensor<*xf32> {onnx.dims = ["b", "unknown"]}) {
  %0 = onnx.Concat %x, %y {axis = 1 : i64} : (tensor<2x?xf32>, tensor<?x?xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// The data decides; the declared name stays, a declared number does not.
// CHECK-LABEL: func.func @data_dependent
// CHECK-SAME: -> (tensor<2x?xi64> {onnx.dims = [2, "count"]}, tensor<2x?xi64> {onnx.dims = [2, "?"]})
func.func @data_dependent(%x: tensor<3x4xf32>)
    -> (tensor<*xi64> {onnx.dims = [2, "count"]}, tensor<*xi64> {onnx.dims = [2, 7]}) {
  %0 = onnx.NonZero %x : (tensor<3x4xf32>) -> tensor<*xi64>
  return %0, %0 : tensor<*xi64>, tensor<*xi64>
}

// Expanding to the shape it has; reversing is not nothing, though no dim changes.
// CHECK-LABEL: func.func @no_ops
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
func.func @no_ops(%x: tensor<?x4xf32> {onnx.dims = ["n", 4]}) -> tensor<*xf32> {
  %n = onnx.NoValue
  %s = onnx.Shape %x : (tensor<?x4xf32>) -> tensor<2xi64>
  %0 = onnx.Expand %x, %s : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<*xf32>
  %from = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %to = onnx.Constant {value = dense<-9223372036854775808> : tensor<1xi64>} : tensor<1xi64>
  %axis = onnx.Constant {value = dense<0> : tensor<1xi64>} : tensor<1xi64>
  // CHECK-NOT: onnx.Expand
  // CHECK: %[[Y:.*]] = onnx.Slice %[[X]]
  // CHECK: return %[[Y]]
  %1 = onnx.Slice %0, %from, %to, %axis, %from : (tensor<*xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// Heads are split off and joined again: the dims of the batch are copied.
// CHECK-LABEL: func.func @targets
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x64xf32>
func.func @targets(%x: tensor<?x?x64xf32> {onnx.dims = ["b", "s", 64]}) -> (tensor<*xf32>, tensor<*xf32>) {
  %first = onnx.Shape %x {end = 1 : i64} : (tensor<?x?x64xf32>) -> tensor<*xi64>
  %second = onnx.Shape %x {start = 1 : i64, end = 2 : i64} : (tensor<?x?x64xf32>) -> tensor<*xi64>
  %heads = onnx.Constant {value = dense<[4, 16]> : tensor<2xi64>} : tensor<2xi64>
  %to = onnx.Concat %first, %second, %heads {axis = 0 : i64} : (tensor<*xi64>, tensor<*xi64>, tensor<2xi64>) -> tensor<*xi64>
  // CHECK-NOT: onnx.Concat
  // CHECK: %[[TO:.*]] = onnx.Constant {value = dense<[0, 0, 4, 16]> : tensor<4xi64>}
  // CHECK: %[[Y:.*]] = onnx.Reshape %[[X]], %[[TO]] : (tensor<?x?x64xf32>, tensor<4xi64>) -> tensor<?x?x4x16xf32>
  %y = onnx.Reshape %x, %to : (tensor<?x?x64xf32>, tensor<*xi64>) -> tensor<*xf32>
  %rows = onnx.Mul %first, %second : (tensor<*xi64>, tensor<*xi64>) -> tensor<*xi64>
  %width = onnx.Constant {value = dense<64> : tensor<1xi64>} : tensor<1xi64>
  %to2 = onnx.Concat %rows, %width {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK: %[[FLAT:.*]] = onnx.Constant {value = dense<[-1, 64]> : tensor<2xi64>}
  // CHECK: onnx.Reshape %[[Y]], %[[FLAT]] : (tensor<?x?x4x16xf32>, tensor<2xi64>) -> tensor<?x64xf32>
  %z = onnx.Reshape %y, %to2 : (tensor<*xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y, %z : tensor<*xf32>, tensor<*xf32>
}
