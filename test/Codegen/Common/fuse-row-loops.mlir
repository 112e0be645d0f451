// RUN: qopt-opt %s --pass-pipeline='builtin.module(func.func(qopt-fuse-row-loops))' --split-input-file | FileCheck %s

// The second loop reads row i only of what the first wrote in row i. The sizes
// between them are moved out of the way.
// CHECK-LABEL: @rows
// CHECK: memref.alloc
// CHECK: memref.alloc
// CHECK: scf.parallel
// CHECK: memref.store
// CHECK: memref.load
// CHECK-NOT: scf.parallel
func.func @rows(%x: memref<?x8xf32>, %n: index, %j: index) -> memref<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?x8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<?x8xf32>
    memref.store %v, %a[%i, %j] : memref<?x8xf32>
    scf.reduce
  }
  %b = memref.alloc(%n) : memref<?x8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %a[%i, %c1] : memref<?x8xf32>
    memref.store %v, %b[%i, %j] : memref<?x8xf32>
    scf.reduce
  }
  return %b : memref<?x8xf32>
}

// -----

// Through views of other shapes too, where rows are dense.
// CHECK-LABEL: @views
// CHECK: scf.parallel
// CHECK-NOT: scf.parallel
func.func @views(%x: memref<4x3x8xf32>, %j: index) -> memref<12x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %a = memref.alloc() : memref<4x3x8xf32>
  %b = memref.alloc() : memref<12x8xf32>
  %flat = memref.collapse_shape %a [[0, 1], [2]] : memref<4x3x8xf32> into memref<12x8xf32>
  scf.parallel (%i) = (%c0) to (%c12) step (%c1) {
    %at:2 = affine.delinearize_index %i into (4, 3) : index, index
    %v = memref.load %x[%at#0, %at#1, %j] : memref<4x3x8xf32>
    memref.store %v, %a[%at#0, %at#1, %j] : memref<4x3x8xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c12) step (%c1) {
    %v = memref.load %flat[%i, %j] : memref<12x8xf32>
    memref.store %v, %b[%i, %j] : memref<12x8xf32>
    scf.reduce
  }
  return %b : memref<12x8xf32>
}

// -----

// Another row's value is needed: two loops.
// CHECK-LABEL: @transposed
// CHECK: scf.parallel
// CHECK: scf.parallel
func.func @transposed(%x: memref<8x8xf32>, %y: memref<8x8xf32>, %j: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8x8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<8x8xf32>
    memref.store %v, %a[%i, %j] : memref<8x8xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %a[%j, %i] : memref<8x8xf32>
    memref.store %v, %y[%i, %j] : memref<8x8xf32>
    scf.reduce
  }
  return
}

// -----

// An early end of the run must not be overtaken.
// CHECK-LABEL: @required
// CHECK: scf.parallel
// CHECK: qopt.require
// CHECK: scf.parallel
func.func @required(%x: memref<8x8xf32>, %y: memref<8x8xf32>, %j: index, %ok: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<8x8xf32>
    memref.store %v, %y[%i, %j] : memref<8x8xf32>
    scf.reduce
  }
  qopt.require %ok, "no"
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %y[%i, %j] : memref<8x8xf32>
    memref.store %v, %y[%i, %c0] : memref<8x8xf32>
    scf.reduce
  }
  return
}

// -----

// A kernel writes the buffer in between.
// CHECK-LABEL: @kernel
// CHECK: scf.parallel
// CHECK: call @fill
// CHECK: scf.parallel
func.func private @fill(memref<8x8xf32>)
func.func @kernel(%x: memref<8x8xf32>, %j: index) -> memref<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = memref.alloc() : memref<8x8xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<8x8xf32>
    memref.store %v, %a[%i, %j] : memref<8x8xf32>
    scf.reduce
  }
  func.call @fill(%a) : (memref<8x8xf32>) -> ()
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %a[%i, %j] : memref<8x8xf32>
    memref.store %v, %a[%i, %c0] : memref<8x8xf32>
    scf.reduce
  }
  return %a : memref<8x8xf32>
}

// A cache is an input that is written: what reads it stays behind the write.
// CHECK-LABEL: func.func @cache
// CHECK: scf.parallel
// CHECK: scf.parallel (%{{.*}}) = (%{{.*}}) to (%{{.*}}2
// CHECK: memref.store %{{.*}}, %[[CACHE:arg1]][
// CHECK: scf.parallel
// CHECK: memref.load %[[CACHE]][
// CHECK-LABEL: func.func @input
// CHECK-COUNT-2: scf.parallel
// CHECK-NOT: scf.parallel
func.func @cache(%x: memref<8x4xf32>, %cache: memref<8x4xf32> {qopt.cache = 0 : i64}, %a: memref<8x4xf32>, %y: memref<8x4xf32>, %z: memref<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %c0] : memref<8x4xf32>
    memref.store %v, %a[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {
    %v = memref.load %z[%i] : memref<2xf32>
    memref.store %v, %cache[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %a[%i, %c0] : memref<8x4xf32>
    %w = memref.load %cache[%i, %c0] : memref<8x4xf32>
    %s = arith.addf %v, %w : f32
    memref.store %s, %y[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  return
}

// The same where the loop in between writes something else.
func.func @input(%x: memref<8x4xf32>, %cache: memref<8x4xf32>, %a: memref<8x4xf32>, %y: memref<8x4xf32>, %z: memref<2xf32>, %other: memref<8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %c0] : memref<8x4xf32>
    memref.store %v, %a[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {
    %v = memref.load %z[%i] : memref<2xf32>
    memref.store %v, %other[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %a[%i, %c0] : memref<8x4xf32>
    %w = memref.load %cache[%i, %c0] : memref<8x4xf32>
    %s = arith.addf %v, %w : f32
    memref.store %s, %y[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  return
}

// -----

// Vectors of a row, and instructions of the target on vectors.
// CHECK-LABEL: @vectors
// CHECK: scf.parallel
// CHECK: memref.store
// CHECK: vector.load
// CHECK: vector.maskedload
// CHECK: llvm.call_intrinsic
// CHECK: vector.store
// CHECK-NOT: scf.parallel
func.func @vectors(%x: memref<8x4xf32>, %a: memref<8x4xf32>, %y: memref<8x4xi32>, %mask: vector<4xi1>, %pass: vector<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %c0] : memref<8x4xf32>
    memref.store %v, %a[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = vector.load %a[%i, %c0] : memref<8x4xf32>, vector<4xf32>
    %w = vector.maskedload %a[%i, %c0], %mask, %pass : memref<8x4xf32>, vector<4xi1>, vector<4xf32> into vector<4xf32>
    %s = arith.addf %v, %w : vector<4xf32>
    %r = llvm.call_intrinsic "llvm.x86.sse2.cvtps2dq"(%s) : (vector<4xf32>) -> vector<4xi32>
    vector.store %r, %y[%i, %c0] : memref<8x4xi32>, vector<4xi32>
    scf.reduce
  }
  return
}

// -----

// Another row.
// CHECK-LABEL: @otherRow
// CHECK-COUNT-2: scf.parallel
func.func @otherRow(%x: memref<8x4xf32>, %a: memref<8x4xf32>, %y: memref<8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %c0] : memref<8x4xf32>
    memref.store %v, %a[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = vector.load %a[%c0, %c0] : memref<8x4xf32>, vector<4xf32>
    vector.store %v, %y[%i, %c0] : memref<8x4xf32>, vector<4xf32>
    scf.reduce
  }
  return
}

// -----

// What an instruction does behind a pointer is not known.
// CHECK-LABEL: @pointer
// CHECK-COUNT-2: scf.parallel
func.func @pointer(%x: memref<8x4xf32>, %a: memref<8x4xf32>, %y: memref<8x4xf32>, %p: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = memref.load %x[%i, %c0] : memref<8x4xf32>
    memref.store %v, %a[%i, %c0] : memref<8x4xf32>
    scf.reduce
  }
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %v = vector.load %a[%i, %c0] : memref<8x4xf32>, vector<4xf32>
    llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"(%p) : (!llvm.ptr) -> ()
    vector.store %v, %y[%i, %c0] : memref<8x4xf32>, vector<4xf32>
    scf.reduce
  }
  return
}
