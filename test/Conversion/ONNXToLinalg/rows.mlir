// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK: arith.maximumf {{.*}}fastmath<reassoc>
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: arith.addf {{.*}}fastmath<reassoc>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]
// CHECK: arith.mulf
func.func @softmax(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = onnx.Softmax %x {axis = -1 : i64} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// The variance is the mean of squared deviations; an unread mean is not made.
// CHECK-LABEL: func.func @layer_norm
// CHECK: arith.divf %{{.*}}, %[[N:.*]] : f32
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: arith.addf {{.*}}fastmath<reassoc>
// CHECK: math.sqrt
// CHECK-NOT: tensor.expand_shape
// CHECK: return
func.func @layer_norm(%x: tensor<?x?x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<?x?x64xf32> {
  %y, %mean, %inv = onnx.LayerNormalization %x, %g, %b {axis = -1 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>) -> (tensor<?x?x64xf32>, tensor<?x?x1xf32>, tensor<?x?x1xf32>)
  return %y : tensor<?x?x64xf32>
}

// -----

// Half data has f32 statistics.
// CHECK-LABEL: func.func @rms_norm
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.addf %{{.*}} fastmath<reassoc> : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @rms_norm(%x: tensor<?x64xf16>, %g: tensor<64xf16>) -> tensor<?x64xf16> {
  %y = onnx.RMSNormalization %x, %g {axis = -1 : i64, epsilon = 1.0e-5 : f32} : (tensor<?x64xf16>, tensor<64xf16>) -> tensor<?x64xf16>
  return %y : tensor<?x64xf16>
}

// -----

// CHECK-LABEL: func.func @mean
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]
// CHECK: %[[COUNT:.*]] = arith.sitofp
// CHECK: arith.divf %{{.*}}, %[[COUNT]]
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2]]
func.func @mean(%x: tensor<?x?x8xf32>) -> tensor<?x1x8xf32> {
  %axes = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %0 = onnx.ReduceMean %x, %axes {keepdims = 1 : i64} : (tensor<?x?x8xf32>, tensor<1xi64>) -> tensor<?x1x8xf32>
  return %0 : tensor<?x1x8xf32>
}

// -----

// Nothing to reduce over: a maximum of -infinity, not a trap.
// CHECK-LABEL: func.func @maximum
// CHECK: %[[LOW:.*]] = arith.constant 0xFF800000 : f32
// CHECK: linalg.fill ins(%[[LOW]]
func.func @maximum(%x: tensor<?xf32>) -> tensor<f32> {
  %none = onnx.NoValue
  %0 = onnx.ReduceMax %x, %none {keepdims = 0 : i64} : (tensor<?xf32>, none) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @arg_max
// CHECK: qopt.require %{{.*}}, "a: a dim of {0} has no largest or smallest element"
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: arith.cmpf ogt
func.func @arg_max(%x: tensor<?x?xf32>) -> tensor<?xi64> {
  %0 = onnx.ArgMax %x {axis = 1 : i64, keepdims = 0 : i64} : (tensor<?x?xf32>) -> tensor<?xi64> loc("a")
  return %0 : tensor<?xi64>
}

// -----

// CHECK-LABEL: func.func @top_k
// CHECK: qopt.require %{{.*}}, "t: k is {0} for a dim of {1}"
// Any k: positions are sorted, row by row.
// CHECK: scf.for
// CHECK: scf.while
// CHECK: scf.for
// CHECK-COUNT-2: tensor.insert
func.func @top_k(%x: tensor<?x8xf32>, %k: tensor<1xi64>) -> (tensor<?x?xf32>, tensor<?x?xi64>) {
  %0, %1 = onnx.TopK %x, %k : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x?xf32>, tensor<?x?xi64>) loc("t")
  return %0, %1 : tensor<?x?xf32>, tensor<?x?xi64>
}

// -----

// A small k: as many passes, no sort.
// CHECK-LABEL: func.func @top_3
// CHECK: scf.for
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK-COUNT-2: tensor.insert_slice
// CHECK-NOT: scf.while
func.func @top_3(%x: tensor<?x8xf32>) -> (tensor<?x3xf32>, tensor<?x3xi64>) {
  %k = onnx.Constant {value = dense<3> : tensor<1xi64>} : tensor<1xi64>
  %0, %1 = onnx.TopK %x, %k : (tensor<?x8xf32>, tensor<1xi64>) -> (tensor<?x3xf32>, tensor<?x3xi64>) loc("t")
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xi64>
}

// -----

// CHECK-LABEL: func.func @cum_sum
// CHECK: scf.for
// CHECK: arith.addi
func.func @cum_sum(%x: tensor<?x?xi64>) -> tensor<?x?xi64> {
  %axis = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %0 = onnx.CumSum %x, %axis : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  return %0 : tensor<?x?xi64>
}

// -----

// Axes from data: checked, and the sums go to place 0 of the reduced dims.
// CHECK-LABEL: func.func @sum_data_axes
// CHECK: qopt.require %{{.*}}, "s: axis {0} is outside [-{1}, {1})"
// CHECK: scf.for
// CHECK: scf.for
// CHECK: tensor.insert
func.func @sum_data_axes(%x: tensor<4x8xf32>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %0 = onnx.ReduceSum %x, %axes {keepdims = 1 : i64} : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<?x?xf32> loc("s")
  return %0 : tensor<?x?xf32>
}
