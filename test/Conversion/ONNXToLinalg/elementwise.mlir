// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// Equal dims need no check, and a bias is read by column.
// CHECK: #[[BIAS:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @bias
// CHECK-NOT: qopt.require
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[BIAS]], #{{.*}}]
// CHECK: arith.addf
func.func @bias(%x: tensor<?x64xf32>, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = onnx.Add %x, %b : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// A dim that is 1 is read at 0.
// CHECK: #[[MASK:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-LABEL: func.func @unit_dim
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[MASK]], #{{.*}}]
func.func @unit_dim(%x: tensor<?x64xf32> {onnx.dims = ["n", 64]}, %m: tensor<?x1xf32> {onnx.dims = ["n", 1]}) -> tensor<?x64xf32> {
  %0 = onnx.Mul %x, %m : (tensor<?x64xf32>, tensor<?x1xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// A broadcast that is not proved is checked, and reads at a selected index.
// CHECK-LABEL: func.func @unproved
// CHECK: qopt.require %{{.*}}, "add_1: a dim of {0} does not broadcast to {1}"
// CHECK: linalg.generic
// CHECK: %[[LOOP:.*]] = linalg.index 0
// CHECK: %[[INDEX:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LOOP]]
// CHECK: tensor.extract %{{.*}}[%[[INDEX]]]
func.func @unproved(%x: tensor<?xf32> {onnx.dims = ["n"]}, %y: tensor<?xf32> {onnx.dims = ["m"]}) -> tensor<?xf32> {
  %0 = onnx.Add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> loc("add_1")
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @half
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @half(%x: tensor<?xf16>) -> tensor<?xf16> {
  %0 = onnx.Exp %x : (tensor<?xf16>) -> tensor<?xf16>
  return %0 : tensor<?xf16>
}

// -----

// Signedness leaves the types and goes into the operations.
// CHECK-LABEL: func.func @unsigned(
// CHECK-SAME: tensor<?xi8>{{.*}}, %{{.*}}: tensor<?xi8>{{.*}}) -> tensor<?xi8>
// CHECK: %[[IS_ZERO:.*]] = arith.cmpi eq
// CHECK: arith.divui
func.func @unsigned(%x: tensor<?xui8> {onnx.dims = ["n"]}, %y: tensor<?xui8> {onnx.dims = ["n"]}) -> tensor<?xui8> {
  %0 = onnx.Div %x, %y : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

// Out of range saturates, NaN gives 0; the conversion sees neither.
// CHECK-LABEL: func.func @saturating
// CHECK: arith.cmpf olt, %[[X:.*]], %{{.*}} : f32
// CHECK: arith.cmpf oge, %[[X]], %{{.*}} : f32
// CHECK: arith.cmpf uno, %[[X]], %[[X]] : f32
// CHECK: %[[SAFE:.*]] = arith.select %{{.*}}, %{{.*}}, %[[X]] : f32
// CHECK: arith.fptosi %[[SAFE]] : f32 to i32
// CHECK-COUNT-2: arith.select
func.func @saturating(%x: tensor<?xf32>) -> tensor<?xi32> {
  %0 = onnx.Cast %x {to = i32} : (tensor<?xf32>) -> tensor<?xi32>
  return %0 : tensor<?xi32>
}

// -----

// A constant of one number is no operand, and an absent bound is no code.
// CHECK-LABEL: func.func @clip
// CHECK: linalg.generic {{.*}} ins(%{{[a-z0-9]*}} : tensor<?xf32>)
// CHECK-NOT: arith.minimumf
// CHECK: arith.maximumf
// CHECK-NOT: arith.minimumf
func.func @clip(%x: tensor<?xf32>) -> tensor<?xf32> {
  %low = onnx.Constant {value = dense<0.5> : tensor<f32>} : tensor<f32>
  %none = onnx.NoValue
  %0 = onnx.Clip %x, %low, %none : (tensor<?xf32>, tensor<f32>, none) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
