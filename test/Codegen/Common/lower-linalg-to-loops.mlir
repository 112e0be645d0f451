// RUN: qopt-opt %s --pass-pipeline='builtin.module(func.func(qopt-lower-linalg-to-loops,canonicalize))' --split-input-file --verify-diagnostics | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#tr = affine_map<(d0, d1, d2) -> (d1, d0, d2)>

// Rows are collapsed; the last dim stays inside.
// CHECK-LABEL: @elementwise
// CHECK-SAME: (%[[X:.*]]: memref<?x?x8xf32>, %[[Y:.*]]: memref<?x?x8xf32>)
// CHECK: scf.parallel (%[[ROW:.*]]) =
// CHECK: %[[AT:.*]]:2 = affine.delinearize_index %[[ROW]]
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %c8
// CHECK: memref.load %[[X]][%[[AT]]#1, %[[AT]]#0, %[[K]]]
// CHECK: memref.store %{{.*}}, %[[Y]][%[[AT]]#0, %[[AT]]#1, %[[K]]]
func.func @elementwise(%x: memref<?x?x8xf32>, %y: memref<?x?x8xf32>) {
  linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : memref<?x?x8xf32>) outs(%y : memref<?x?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A sum along the row stays in a register, starts from the fill's value, and may
// be reordered. What is computed per row runs in a loop over rows.
// CHECK-LABEL: @sum
// CHECK-NOT: linalg.fill
// CHECK: scf.parallel (%[[ROW:.*]]) =
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[ACC:.*]] = %cst) -> (f32)
// CHECK: arith.addf %{{.*}}, %[[ACC]] fastmath<reassoc,contract>
// CHECK: memref.store %[[SUM]], %{{.*}}[%[[ROW]]]
// CHECK: scf.parallel
// CHECK-NOT: scf.for
// CHECK: math.sqrt
func.func @sum(%x: memref<?x8xf32>, %n: index, %r: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc(%n) : memref<?xf32>
  linalg.fill ins(%zero : f32) outs(%s : memref<?xf32>)
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x8xf32>) outs(%s : memref<?xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = arith.addf %in, %acc : f32
    linalg.yield %0 : f32
  }
  linalg.sqrt ins(%s : memref<?xf32>) outs(%r : memref<?xf32>)
  return
}

// -----

// A sum over the leading dim adds rows: the contiguous dim is innermost.
// CHECK-LABEL: @columns
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c4
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c8
// CHECK: memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]]
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[COLUMN]]]
func.func @columns(%x: memref<4x8xf32>, %s: memref<8xf32>) {
  linalg.reduce { arith.addf } ins(%x : memref<4x8xf32>) outs(%s : memref<8xf32>) dimensions = [0]
  return
}

// -----

// CHECK-LABEL: @copy
// CHECK-NOT: memref.copy
// CHECK: scf.parallel
func.func @copy(%x: memref<?x8xf32, strided<[16, 1]>>, %y: memref<?x8xf32>) {
  memref.copy %x, %y : memref<?x8xf32, strided<[16, 1]>> to memref<?x8xf32>
  return
}

// -----

// No rows: no loop, and no division by zero.
// CHECK-LABEL: @empty
// CHECK-NEXT: return
func.func @empty(%x: memref<0x3x8xf32>, %y: memref<0x3x8xf32>) {
  linalg.exp ins(%x : memref<0x3x8xf32>) outs(%y : memref<0x3x8xf32>)
  return
}

// -----

func.func @tensors(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{is not bufferized}}
  %r = linalg.exp ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @softmax(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  // expected-error @+1 {{has no lowering to loops}}
  linalg.softmax dimension(1) ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
  return
}
