// RUN: qopt-opt %s --pass-pipeline='builtin.module(func.func(qopt-fuse-inner-loops))' | FileCheck %s

// The sum takes the element that was just stored.
// CHECK-LABEL: @exp_sum
// CHECK: scf.parallel
// CHECK: %[[SUM:.*]] = scf.for %[[J:.*]] = {{.*}} iter_args
// CHECK: memref.store %{{.*}}, %{{.*}}[%{{.*}}, %[[J]]]
// CHECK: arith.addf
// CHECK-NOT: scf.for
func.func @exp_sum(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %s: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %x[%i, %j] : memref<4x8xf32>
      %e = math.exp %v : f32
      memref.store %e, %y[%i, %j] : memref<4x8xf32>
    }
    %sum = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (f32) {
      %v = memref.load %y[%i, %j] : memref<4x8xf32>
      %a = arith.addf %acc, %v : f32
      scf.yield %a : f32
    }
    memref.store %sum, %s[%i] : memref<4xf32>
    scf.reduce
  }
  return
}

// The second loop needs the whole sum; the third another element.
// CHECK-LABEL: @dependent
// CHECK-COUNT-3: scf.for
func.func @dependent(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    %sum = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (f32) {
      %v = memref.load %x[%i, %j] : memref<4x8xf32>
      %a = arith.addf %acc, %v : f32
      scf.yield %a : f32
    }
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %x[%i, %j] : memref<4x8xf32>
      %e = arith.divf %v, %sum : f32
      memref.store %e, %y[%i, %j] : memref<4x8xf32>
    }
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %y[%i, %c1] : memref<4x8xf32>
      memref.store %v, %y[%i, %j] : memref<4x8xf32>
    }
    scf.reduce
  }
  return
}
