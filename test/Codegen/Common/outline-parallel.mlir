// RUN: qopt-opt %s --qopt-outline-parallel --canonicalize --split-input-file | FileCheck %s

// Two layers, one function. Coordinates are counted up, and buffers of different
// allocations are known not to overlap.
// CHECK-LABEL: func.func @main
// CHECK: qopt.parallel_call @loop_0(%{{.*}} grain %{{.*}}) args(
// CHECK: qopt.parallel_call @loop_0(
// CHECK-NOT: scf.parallel
// CHECK: func.func private @loop_0(%[[BEGIN:arg0]]: index, %[[END:arg1]]: index,
// CHECK-SAME: {qopt.noalias}
// CHECK: affine.delinearize_index %[[BEGIN]]
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]] {{.*}} iter_args
// CHECK-NOT: affine.delinearize_index
// CHECK: scf.yield
// CHECK-NOT: func.func private
func.func @main(%x: memref<?x?x8xf32>, %n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %rows = arith.muli %n, %m : index
  %a = memref.alloc(%n, %m) : memref<?x?x8xf32>
  %b = memref.alloc(%n, %m) : memref<?x?x8xf32>
  scf.parallel (%i) = (%c0) to (%rows) step (%c1) {
    %at:2 = affine.delinearize_index %i into (%n, %m) : index, index
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %x[%at#0, %at#1, %j] : memref<?x?x8xf32>
      memref.store %v, %a[%at#0, %at#1, %j] : memref<?x?x8xf32>
    }
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%rows) step (%c1) {
    %at:2 = affine.delinearize_index %i into (%n, %m) : index, index
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %a[%at#0, %at#1, %j] : memref<?x?x8xf32>
      memref.store %v, %b[%at#0, %at#1, %j] : memref<?x?x8xf32>
    }
    scf.reduce
  }
  return
}

// -----

// Too little work for another thread.
// CHECK-LABEL: func.func @main
// CHECK: scf.for
// CHECK-NOT: qopt.parallel_call
func.func @main(%x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i] : memref<8xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %x[%i] : memref<8xf32>
    scf.reduce
  }
  return
}

// -----

// One buffer under two names, of which one is written: no promise.
// CHECK-LABEL: func.func @main
// CHECK: func.func private @loop_0
// CHECK-NOT: qopt.noalias
func.func @main(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?xf32>
  %view = memref.cast %a : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %view[%c0] : memref<?xf32, strided<[1], offset: ?>>
    memref.store %v, %a[%i] : memref<?xf32>
    scf.reduce
  }
  return
}
