// RUN: qopt-opt %s --pass-pipeline='builtin.module(func.func(qopt-prepare-bufferization))' | FileCheck %s

// CHECK-LABEL: @join
// CHECK-SAME: bufferization.writable = false
// CHECK-NOT: tensor.concat
// CHECK-COUNT-2: tensor.insert_slice
func.func @join(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %r = tensor.concat dim(1) %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// Large constants are weights; splats and small ones stay.
// CHECK-LABEL: @constants
// CHECK-DAG: qopt.weight dense_resource<large> : tensor<256xf32>
// CHECK-DAG: arith.constant dense<1.000000e+00> : tensor<1024xf32>
// CHECK-DAG: arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
func.func @constants() -> (tensor<256xf32>, tensor<1024xf32>, tensor<2xf32>) {
  %large = arith.constant dense_resource<large> : tensor<256xf32>
  %splat = arith.constant dense<1.0> : tensor<1024xf32>
  %small = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %large, %splat, %small : tensor<256xf32>, tensor<1024xf32>, tensor<2xf32>
}

// Each reduction starts from a fill of its own.
// CHECK-LABEL: @fills
// CHECK-COUNT-2: linalg.fill
func.func @fills(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.reduce { arith.addf } ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  %b = linalg.reduce { arith.addf } ins(%y : tensor<4x8xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// An elementwise operation may work in place on what another has computed, but
// not on an input.
// CHECK-LABEL: @in_place
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>
// CHECK: %[[EMPTY:.*]] = tensor.empty
// CHECK: %[[EXP:.*]] = linalg.exp ins(%[[X]] : tensor<4xf32>) outs(%[[EMPTY]]
// CHECK: linalg.sqrt ins(%[[EXP]] : tensor<4xf32>) outs(%[[EXP]]
func.func @in_place(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.sqrt ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

{-#
  dialect_resources: { builtin: { large: "0x040000000000803F" } }
#-}
