// RUN: qopt-opt %s -split-input-file --convert-onnx-to-linalg | FileCheck %s

// One pass over the columns; the sign follows the exchanges of rows.
// CHECK-LABEL: func.func @det
// CHECK: scf.for
// CHECK:   math.absf
// CHECK:   arith.cmpf oeq
// CHECK:   arith.divf
func.func @det(%x: tensor<?x3x3xf32>) -> tensor<?xf32> {
  %y = onnx.Det %x : (tensor<?x3x3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// The number of rows is known behind the loops only.
// CHECK-LABEL: func.func @suppression
// CHECK: %[[LOOP:.*]]:2 = scf.for
// CHECK:   arith.minimumf
// CHECK: tensor.extract_slice %[[LOOP]]#0[0, 0] [%[[LOOP]]#1, 3] [1, 1]
func.func @suppression(%boxes: tensor<1x?x4xf32>, %scores: tensor<1x2x?xf32>, %n: tensor<1xi64>,
                       %iou: tensor<1xf32>) -> tensor<?x3xi64> {
  %none = onnx.NoValue
  %y = onnx.NonMaxSuppression %boxes, %scores, %n, %iou, %none
    : (tensor<1x?x4xf32>, tensor<1x2x?xf32>, tensor<1xi64>, tensor<1xf32>, none) -> tensor<?x3xi64>
  return %y : tensor<?x3xi64>
}

// -----

// Passes of a merge sort, then groups of neighbours.
// CHECK-LABEL: func.func @unique
// CHECK: scf.while
// CHECK: %[[GROUPS:.*]]:4 = scf.for
// CHECK: tensor.extract_slice %[[GROUPS]]#0[0] [%[[GROUPS]]#3] [1]
func.func @unique(%x: tensor<?x4xi64>) -> (tensor<?x4xi64>, tensor<?xi64>) {
  %y, %i, %inverse, %counts = onnx.Unique %x {axis = 0 : i64}
    : (tensor<?x4xi64>) -> (tensor<?x4xi64>, tensor<?xi64>, tensor<?xi64>, tensor<?xi64>)
  return %y, %i : tensor<?x4xi64>, tensor<?xi64>
}

// -----

// CHECK-LABEL: func.func @cum_prod
// CHECK: scf.for
// CHECK: arith.mulf
func.func @cum_prod(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %axis = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %0 = onnx.CumProd %x, %axis {exclusive = 1 : i64} : (tensor<?x?xf32>, tensor<i64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
