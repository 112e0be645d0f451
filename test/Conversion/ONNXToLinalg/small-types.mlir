// Integers of 4 and 2 bits and floats of 8 and 4 bits are bytes: integers with
// their value, floats with their bits.
// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @moved(%{{.*}}: tensor<?x3xi8>) -> tensor<3x?xi8>
// CHECK: ^bb0(%[[IN:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: linalg.yield %[[IN]]
func.func @moved(%x: tensor<?x3xi4>) -> tensor<3x?xi4> {
  %0 = onnx.Transpose %x {perm = array<i64: 1, 0>} : (tensor<?x3xi4>) -> tensor<3x?xi4>
  return %0 : tensor<3x?xi4>
}

// -----

// CHECK-LABEL: func.func @constants()
// CHECK-DAG: arith.constant dense<[1, -1, -8]> : tensor<3xi8>
// CHECK-DAG: arith.constant dense<[1, 15, 8]> : tensor<3xi8>
// CHECK-DAG: arith.constant dense<[60, -128]> : tensor<2xi8>
// CHECK-DAG: %[[ONE:.*]] = arith.constant -1 : i8
// CHECK: linalg.fill ins(%[[ONE]] : i8) outs(%{{.*}} : tensor<2048xi8>)
func.func @constants() -> (tensor<3xi4>, tensor<3xui4>, tensor<2xf8E5M2>, tensor<2048xi2>) {
  %0 = onnx.Constant {value = dense<[1, -1, -8]> : tensor<3xi4>} : tensor<3xi4>
  %1 = onnx.Constant {value = dense<[1, 15, 8]> : tensor<3xui4>} : tensor<3xui4>
  %2 = onnx.Constant {value = dense<[1.0, -0.0]> : tensor<2xf8E5M2>} : tensor<2xf8E5M2>
  %3 = onnx.Constant {value = dense<-1> : tensor<2048xi2>} : tensor<2048xi2>
  return %0, %1, %2, %3 : tensor<3xi4>, tensor<3xui4>, tensor<2xf8E5M2>, tensor<2048xi2>
}

// -----

// Out of range an integer wraps.
// CHECK-LABEL: func.func @to_int4
// CHECK: %[[BYTE:.*]] = arith.trunci %{{.*}} : i32 to i8
// CHECK: %[[UP:.*]] = arith.shli %[[BYTE]], %{{.*}} : i8
// CHECK: arith.shrsi %[[UP]], %{{.*}} : i8
func.func @to_int4(%x: tensor<?xf32>) -> tensor<?xi4> {
  %0 = onnx.Cast %x {to = i4} : (tensor<?xf32>) -> tensor<?xi4>
  return %0 : tensor<?xi4>
}

// -----

// CHECK-LABEL: func.func @of_uint4
// CHECK: arith.uitofp %{{.*}} : i8 to f32
func.func @of_uint4(%x: tensor<?xui4>) -> tensor<?xf32> {
  %0 = onnx.Cast %x {to = f32} : (tensor<?xui4>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Beyond the largest number (code 123) comes infinity, 124, or the number.
// CHECK-LABEL: func.func @to_e5m2
// CHECK: %[[LARGEST:.*]] = arith.constant 123 : i32
// CHECK: %[[LARGE:.*]] = arith.cmpi ugt, %{{.*}}, %[[LARGEST]]
// CHECK: %[[OVER:.*]] = arith.constant 124 : i32
// CHECK: arith.select %[[LARGE]], %[[OVER]]
// CHECK: ^bb0
// CHECK: %[[LARGE:.*]] = arith.cmpi ugt
// CHECK: %[[OVER:.*]] = arith.constant 123 : i32
// CHECK: arith.select %[[LARGE]], %[[OVER]]
func.func @to_e5m2(%x: tensor<?xf32>) -> (tensor<?xf8E5M2>, tensor<?xf8E5M2>) {
  %0 = onnx.Cast %x {to = f8E5M2, saturate = 0 : i64} : (tensor<?xf32>) -> tensor<?xf8E5M2>
  %1 = onnx.Cast %x {to = f8E5M2} : (tensor<?xf32>) -> tensor<?xf8E5M2>
  return %0, %1 : tensor<?xf8E5M2>, tensor<?xf8E5M2>
}

// -----

// A double is rounded once.
// CHECK-LABEL: func.func @of_double
// CHECK-NOT: arith.truncf
func.func @of_double(%x: tensor<?xf64>) -> tensor<?xf8E4M3FN> {
  %0 = onnx.Cast %x {to = f8E4M3FN} : (tensor<?xf64>) -> tensor<?xf8E4M3FN>
  return %0 : tensor<?xf8E4M3FN>
}

// -----

// Scales are exponents.
// CHECK-LABEL: func.func @of_e8m0
// CHECK: %[[CODE:.*]] = arith.extui %{{.*}} : i8 to i32
// CHECK: arith.shli %[[CODE]], %{{.*}} : i32
// CHECK: arith.bitcast %{{.*}} : i32 to f32
func.func @of_e8m0(%x: tensor<?xf8E8M0FNU>) -> tensor<?xf32> {
  %0 = onnx.Cast %x {to = f32} : (tensor<?xf8E8M0FNU>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @bits
// CHECK: arith.extui %{{.*}} : i1 to i8
// CHECK: arith.bitcast %{{.*}} : i64 to f64
func.func @bits(%x: tensor<?xi1>, %y: tensor<?xi64>) -> (tensor<?xui8>, tensor<?xf64>) {
  %0 = onnx.BitCast %x {to = ui8} : (tensor<?xi1>) -> tensor<?xui8>
  %1 = onnx.BitCast %y {to = f64} : (tensor<?xi64>) -> tensor<?xf64>
  return %0, %1 : tensor<?xui8>, tensor<?xf64>
}

// -----

// The differences of integers are exact, and blocks are read by division.
// CHECK-LABEL: func.func @blocks
// CHECK: %[[X:.*]] = arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.divui
// CHECK: %[[Z:.*]] = arith.extsi %{{.*}} : i8 to i32
// CHECK: %[[D:.*]] = arith.subi %[[X]], %[[Z]] : i32
// CHECK: arith.sitofp %[[D]] : i32 to f32
func.func @blocks(%x: tensor<4x64xi4>, %s: tensor<4x2xf32>, %z: tensor<4x2xi4>) -> tensor<4x64xf32> {
  %0 = onnx.DequantizeLinear %x, %s, %z {axis = 1 : i64, block_size = 32 : i64} : (tensor<4x64xi4>, tensor<4x2xf32>, tensor<4x2xi4>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

// A quotient of halves has their precision.
// CHECK-LABEL: func.func @halves
// CHECK: %[[Q:.*]] = arith.divf %{{.*}} : f32
// CHECK: %[[H:.*]] = arith.truncf %[[Q]] : f32 to f16
// CHECK: %[[W:.*]] = arith.extf %[[H]] : f16 to f32
// CHECK: math.roundeven %[[W]]
func.func @halves(%x: tensor<4xf16>, %s: tensor<f16>, %z: tensor<ui4>) -> tensor<4xui4> {
  %0 = onnx.QuantizeLinear %x, %s, %z : (tensor<4xf16>, tensor<f16>, tensor<ui4>) -> tensor<4xui4>
  return %0 : tensor<4xui4>
}

// -----

// A vector of scales is one scale, or one per index: seen at run time.
// CHECK-LABEL: func.func @open
// CHECK: qopt.require %{{.*}}, "open_1: {0} zero points or scales for a dim of {1}"
// CHECK: tensor.extract
func.func @open(%x: tensor<?x?xi8> {onnx.dims = ["a", "b"]}, %s: tensor<?xf32> {onnx.dims = ["c"]}) -> tensor<?x?xf32> {
  %none = onnx.NoValue
  %0 = onnx.DequantizeLinear %x, %s, %none : (tensor<?x?xi8>, tensor<?xf32>, none) -> tensor<?x?xf32> loc("open_1")
  return %0 : tensor<?x?xf32>
}
