// RUN: qopt-opt %s --onnx-decompose --onnx-infer-shapes | FileCheck %s

// CHECK-LABEL: @mean_variance
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x?x5xf32>
func.func @mean_variance(%x: tensor<2x3x?x5xf32>) -> tensor<2x3x?x5xf32> {
  // CHECK-DAG: %[[AXES:.*]] = onnx.Constant {value = dense<[0, 2, 3]>
  // CHECK-DAG: %[[MEAN:.*]] = onnx.ReduceMean %[[X]], %[[AXES]]
  // CHECK-SAME: -> tensor<1x3x1x1xf32>
  // CHECK: %[[ROOT:.*]] = onnx.Sqrt
  // CHECK: %[[DEVIATION:.*]] = onnx.Add %[[ROOT]]
  // CHECK: %[[CENTERED:.*]] = onnx.Sub %[[X]], %[[MEAN]]
  // CHECK: onnx.Div %[[CENTERED]], %[[DEVIATION]]
  // CHECK-SAME: -> tensor<2x3x?x5xf32>
  %y = onnx.MeanVarianceNormalization %x : (tensor<2x3x?x5xf32>) -> tensor<2x3x?x5xf32>
  return %y : tensor<2x3x?x5xf32>
}

// A zero vector stays zero.
// CHECK-LABEL: @lp_norm
// CHECK-SAME: (%[[X:.*]]: tensor<2x?xf32>
func.func @lp_norm(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  // CHECK: %[[NORM:.*]] = onnx.ReduceL1 %[[X]]
  // CHECK: %[[ZERO:.*]] = onnx.Equal %[[NORM]]
  // CHECK: %[[QUOTIENT:.*]] = onnx.Div %[[X]], %[[NORM]]
  // CHECK: onnx.Where %[[ZERO]], %{{.*}}, %[[QUOTIENT]]
  %y = onnx.LpNormalization %x {p = 1 : i64} : (tensor<2x?xf32>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}
