// RUN: qopt-opt %s --pass-pipeline='builtin.module(func.func(qopt-contract-row-buffers))' | FileCheck %s

// CHECK-LABEL: @row
// CHECK-NOT: memref.alloc(
// CHECK: scf.parallel
// CHECK: %[[ROW:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8xf32>
// CHECK: memref.store %{{.*}}, %[[ROW]][%{{.*}}] : memref<8xf32>
// CHECK: memref.load %[[ROW]][%c1] : memref<8xf32>
func.func @row(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %n: index, %j: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?x8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<?x8xf32>
    memref.store %v, %a[%i, %j] : memref<?x8xf32>
    %w = memref.load %a[%i, %c1] : memref<?x8xf32>
    memref.store %w, %y[%i, %j] : memref<?x8xf32>
    scf.reduce
  }
  return
}

// Rows of unknown size, and buffers that another loop reads, stay.
// CHECK-LABEL: @stays
// CHECK-COUNT-2: memref.alloc(
func.func @stays(%x: memref<?x?xf32>, %n: index, %j: index, %r: memref<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n, %n) : memref<?x?xf32>
  %b = memref.alloc(%n) : memref<?x8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i, %j] : memref<?x?xf32>
    memref.store %v, %a[%i, %j] : memref<?x?xf32>
    memref.store %v, %b[%i, %c1] : memref<?x8xf32>
    scf.reduce
  }
  %v = memref.load %b[%j, %c1] : memref<?x8xf32>
  memref.store %v, %r[] : memref<f32>
  return
}
