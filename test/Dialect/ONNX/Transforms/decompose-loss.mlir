// RUN: qopt-opt %s -split-input-file -verify-diagnostics --onnx-decompose --onnx-infer-shapes --cse | FileCheck %s

// The mean divides by the weights that were used.
// CHECK-LABEL: @weighted_mean
// CHECK-SAME: (%[[X:.*]]: tensor<?x5xf32>{{.*}}, %[[T:.*]]: tensor<?xi64>{{.*}}, %[[W:.*]]: tensor<5xf32>
func.func @weighted_mean(%x: tensor<?x5xf32>, %t: tensor<?xi64>, %w: tensor<5xf32>) -> tensor<f32> {
  // CHECK: %[[COLUMN:.*]] = onnx.Unsqueeze %[[T]]
  // CHECK: onnx.GatherElements %[[X]], %[[COLUMN]] {axis = 1
  // CHECK: %[[USED:.*]] = onnx.Gather %[[W]], %[[T]]
  // CHECK: %[[LOSS:.*]] = onnx.Mul %{{.*}}, %[[USED]]
  // CHECK: %[[SUM:.*]] = onnx.ReduceSum %[[LOSS]]
  // CHECK: %[[WEIGHTS:.*]] = onnx.ReduceSum %[[USED]]
  // CHECK: onnx.Div %[[SUM]], %[[WEIGHTS]]
  %y = onnx.NegativeLogLikelihoodLoss %x, %t, %w
    : (tensor<?x5xf32>, tensor<?xi64>, tensor<5xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// An ignored target may be out of range: it reads class 0, its loss is 0.
// CHECK-LABEL: @ignored
// CHECK-SAME: (%[[X:.*]]: tensor<3x5xf32>{{.*}}, %[[T:.*]]: tensor<3xi32>
func.func @ignored(%x: tensor<3x5xf32>, %t: tensor<3xi32>) -> (tensor<3xf32>, tensor<3x5xf32>) {
  %none = onnx.NoValue
  // CHECK: %[[LOG:.*]] = onnx.LogSoftmax %[[X]] {axis = 1
  // CHECK: %[[IGNORED:.*]] = onnx.Equal %[[T]]
  // CHECK: %[[SAFE:.*]] = onnx.Where %[[IGNORED]]
  // CHECK: %[[COLUMN:.*]] = onnx.Unsqueeze %[[SAFE]]
  // CHECK: onnx.GatherElements %[[LOG]], %[[COLUMN]]
  // CHECK: %[[LOSS:.*]] = onnx.Where %[[IGNORED]]
  // CHECK-SAME: -> tensor<3xf32>
  // CHECK: return %[[LOSS]], %[[LOG]]
  %y:2 = onnx.SoftmaxCrossEntropyLoss %x, %t, %none {ignore_index = -1 : i64, reduction = "none"}
    : (tensor<3x5xf32>, tensor<3xi32>, none) -> (tensor<3xf32>, tensor<3x5xf32>)
  return %y#0, %y#1 : tensor<3xf32>, tensor<3x5xf32>
}

// -----

func.func @reduction(%x: tensor<3x5xf32>, %t: tensor<3xi64>) -> tensor<f32> {
  %none = onnx.NoValue
  // expected-error @+1 {{attribute 'reduction' is "max", expected one of "mean", "none", "sum"}}
  %y = onnx.NegativeLogLikelihoodLoss %x, %t, %none {reduction = "max"}
    : (tensor<3x5xf32>, tensor<3xi64>, none) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @ranks(%x: tensor<3x5x7xf32>, %t: tensor<3xi64>) -> tensor<f32> {
  %none = onnx.NoValue
  // expected-error @+1 {{expected class numbers of rank 2, got rank 1}}
  %y = onnx.NegativeLogLikelihoodLoss %x, %t, %none
    : (tensor<3x5x7xf32>, tensor<3xi64>, none) -> tensor<f32>
  return %y : tensor<f32>
}
