// RUN: qopt-opt %s --onnx-decompose --onnx-infer-shapes | FileCheck %s

// CHECK-LABEL: @batch_norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?xf32>, %[[S:[^:]*]]
func.func @batch_norm(%x: tensor<?x4x?xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>) -> tensor<?x4x?xf32> {
  // CHECK: %[[MEAN:.*]] = onnx.Unsqueeze %{{.*}} -> tensor<4x1xf32>
  // CHECK: %[[CENTERED:.*]] = onnx.Sub %[[X]], %[[MEAN]]
  // CHECK: %[[ROOT:.*]] = onnx.Sqrt
  // CHECK: %[[FACTOR:.*]] = onnx.Div %{{.*}}, %[[ROOT]]
  // CHECK: %[[SCALED:.*]] = onnx.Mul %[[CENTERED]], %[[FACTOR]]
  // CHECK: onnx.Add %[[SCALED]]
  %y, %rm, %rv = onnx.BatchNormalization %x, %s, %b, %m, %v : (tensor<?x4x?xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<?x4x?xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<?x4x?xf32>
}

// The running statistics are mixed with those of the batch.
// CHECK-LABEL: @training
func.func @training(%x: tensor<2x4x5xf16>, %s: tensor<4xf32>, %b: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>) -> (tensor<2x4x5xf16>, tensor<4xf32>) {
  // CHECK: onnx.Cast %{{.*}} {to = f32}
  // CHECK: onnx.ReduceMean %{{.*}} -> tensor<1x4x1xf32>
  // CHECK: onnx.Squeeze
  // CHECK: %[[OLD:.*]] = onnx.Mul
  // CHECK: %[[NEW:.*]] = onnx.Mul
  // CHECK: onnx.Add %[[OLD]], %[[NEW]]
  %y, %rm, %rv = onnx.BatchNormalization %x, %s, %b, %m, %v {training_mode = 1 : i64} : (tensor<2x4x5xf16>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4x5xf16>, tensor<4xf32>, tensor<4xf32>)
  return %y, %rm : tensor<2x4x5xf16>, tensor<4xf32>
}

// CHECK-LABEL: @instance_norm
func.func @instance_norm(%x: tensor<?x4x?x?xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<?x4x?x?xf32> {
  // CHECK: dense<[2, 3]>
  // CHECK: onnx.ReduceMean %{{.*}} -> tensor<?x4x1x1xf32>
  %y = onnx.InstanceNormalization %x, %s, %b : (tensor<?x4x?x?xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4x?x?xf32>
  return %y : tensor<?x4x?x?xf32>
}

// Scale and bias per channel act on the whole tensor, those per group (opset 18)
// on the groups.
// CHECK-LABEL: @group_norm
func.func @group_norm(%x: tensor<2x4x5xf32>, %s: tensor<4xf32>, %g: tensor<2xf32>) -> (tensor<2x4x5xf32>, tensor<2x4x5xf32>) {
  // CHECK: %[[GROUPS:.*]] = onnx.Reshape %{{.*}} -> tensor<2x2x10xf32>
  // CHECK: onnx.ReduceMean %[[GROUPS]], %{{.*}} -> tensor<2x2x1xf32>
  // CHECK: onnx.Reshape %{{.*}} -> tensor<2x4x5xf32>
  // CHECK: onnx.Mul %{{.*}} : (tensor<2x4x5xf32>, tensor<4x1xf32>)
  %0 = onnx.GroupNormalization %x, %s, %s {num_groups = 2 : i64} : (tensor<2x4x5xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4x5xf32>
  // CHECK: onnx.Mul %{{.*}} : (tensor<2x2x10xf32>, tensor<2x1xf32>)
  // CHECK: onnx.Reshape %{{.*}} -> tensor<2x4x5xf32>
  %1 = onnx.GroupNormalization %x, %g, %g {num_groups = 2 : i64, per_group} : (tensor<2x4x5xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4x5xf32>
  return %0, %1 : tensor<2x4x5xf32>, tensor<2x4x5xf32>
}

// A sum over three channels is a sum of three slices.
// CHECK-LABEL: @lrn
func.func @lrn(%x: tensor<1x?x4x4xf32>) -> tensor<1x?x4x4xf32> {
  // CHECK: onnx.Pad
  // CHECK-COUNT-3: onnx.Slice
  // CHECK: onnx.Pow
  // CHECK: onnx.Div
  %y = onnx.LRN %x {size = 3 : i64} : (tensor<1x?x4x4xf32>) -> tensor<1x?x4x4xf32>
  return %y : tensor<1x?x4x4xf32>
}

// CHECK-LABEL: @global
func.func @global(%x: tensor<1x2x?x4xf32>) -> (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) {
  // CHECK: onnx.ReduceMean
  %0 = onnx.GlobalAveragePool %x : (tensor<1x2x?x4xf32>) -> tensor<1x2x1x1xf32>
  // CHECK: onnx.ReduceMax
  %1 = onnx.GlobalMaxPool %x : (tensor<1x2x?x4xf32>) -> tensor<1x2x1x1xf32>
  // CHECK: onnx.ReduceL2
  %2 = onnx.GlobalLpPool %x : (tensor<1x2x?x4xf32>) -> tensor<1x2x1x1xf32>
  return %0, %1, %2 : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>
}

// CHECK-LABEL: @center
func.func @center(%x: tensor<20x8x3xf32>) -> tensor<10x7x3xf32> {
  %shape = onnx.Constant {value = dense<[10, 7]> : tensor<2xi64>} : tensor<2xi64>
  // CHECK: onnx.Pad
  // CHECK: onnx.Slice %{{.*}} -> tensor<10x7x3xf32>
  %y = onnx.CenterCropPad %x, %shape {axes = array<i64: 0, -2>} : (tensor<20x8x3xf32>, tensor<2xi64>) -> tensor<10x7x3xf32>
  return %y : tensor<10x7x3xf32>
}
