// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @range
// CHECK: qopt.require %{{.*}}, "r: delta is 0"
// CHECK: math.ceil
// CHECK: linalg.generic
// CHECK: linalg.index 0
func.func @range(%start: tensor<f32>, %limit: tensor<f32>, %delta: tensor<f32>) -> tensor<?xf32> {
  %0 = onnx.Range %start, %limit, %delta : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32> loc("r")
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @filled
// CHECK: linalg.fill ins(%{{.*}} : i64)
func.func @filled(%x: tensor<?x8xf32>) -> tensor<?x8xi64> {
  %shape = onnx.Shape %x : (tensor<?x8xf32>) -> tensor<2xi64>
  %0 = onnx.ConstantOfShape %shape {value = dense<7> : tensor<1xi64>} : (tensor<2xi64>) -> tensor<?x8xi64>
  return %0 : tensor<?x8xi64>
}

// -----

// CHECK-LABEL: func.func @lower
// CHECK: %[[D:.*]] = arith.subi
// CHECK: arith.cmpi sle, %[[D]], %{{.*}}
func.func @lower(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %none = onnx.NoValue
  %0 = onnx.Trilu %x, %none {upper = 0 : i64} : (tensor<?x?xf32>, none) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @one_hot
// CHECK: %[[OFF:.*]] = tensor.extract %arg1[%c0
// CHECK: %[[ON:.*]] = tensor.extract %arg1[%c1
// CHECK: arith.select %{{.*}}, %[[ON]], %[[OFF]]
func.func @one_hot(%i: tensor<?xi64>, %values: tensor<2xf32>) -> tensor<?x5xf32> {
  %depth = onnx.Constant {value = dense<5> : tensor<i64>} : tensor<i64>
  %0 = onnx.OneHot %i, %depth, %values : (tensor<?xi64>, tensor<i64>, tensor<2xf32>) -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

// -----

// One loop counts, the next writes.
// CHECK-LABEL: func.func @non_zero
// CHECK: %[[COUNT:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: tensor.empty(%[[COUNT]]) : tensor<2x?xi64>
// CHECK: scf.for
// CHECK: scf.if
// CHECK-COUNT-2: tensor.insert
func.func @non_zero(%x: tensor<?x?xf32>) -> tensor<2x?xi64> {
  %0 = onnx.NonZero %x : (tensor<?x?xf32>) -> tensor<2x?xi64>
  return %0 : tensor<2x?xi64>
}

// -----

// The position of a scalar has no index: 0 rows, 0 or 1 columns.
// CHECK-LABEL: func.func @non_zero_scalar
// CHECK: %[[COUNT:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[COUNT]]) : tensor<0x?xi64>
// CHECK: return %[[EMPTY]]
func.func @non_zero_scalar(%x: tensor<f32>) -> tensor<0x?xi64> {
  %0 = onnx.NonZero %x : (tensor<f32>) -> tensor<0x?xi64>
  return %0 : tensor<0x?xi64>
}

// -----

// Small constants are code, many equal numbers a fill, the rest a weight.
// CHECK-LABEL: func.func @constants
// CHECK: arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: linalg.fill {{.*}} -> tensor<100xf32>
// CHECK: qopt.weight {{.*}} : tensor<100xi8>
func.func @constants() -> (tensor<2xf32>, tensor<100xf32>, tensor<100xui8>) {
  %0 = onnx.Constant {value = dense<[1.0, 2.0]> : tensor<2xf32>} : tensor<2xf32>
  %1 = onnx.Constant {value = dense<3.0> : tensor<100xf32>} : tensor<100xf32>
  %2 = onnx.Constant {value = dense_resource<u> : tensor<100xui8>} : tensor<100xui8>
  return %0, %1, %2 : tensor<2xf32>, tensor<100xf32>, tensor<100xui8>
}

{-#
  dialect_resources: {
    builtin: { u: "0x0100000000" }
  }
#-}
