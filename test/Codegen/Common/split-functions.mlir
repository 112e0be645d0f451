// RUN: qopt-opt %s --qopt-split-functions=limit=4 --split-input-file | FileCheck %s

// What is read before is an argument, what is read behind a result; constants are
// made again. Buffers may change hands between functions. The end stays.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<8xf32>, %[[N:.*]]: index)
// CHECK: %[[B:.*]] = call @part_0(%[[N]], %[[X]])
// CHECK-NOT: memref.alloc
// CHECK: memref.load %[[B]]
// CHECK: memref.dealloc %[[B]]
// CHECK: func.func private @part_0({{.*}}) -> memref<?xf32> attributes {no_inline}
// CHECK: arith.constant 3 : index
// CHECK: memref.alloc
func.func @main(%x: memref<8xf32>, %n: index) {
  %c3 = arith.constant 3 : index
  %a = arith.addi %n, %c3 : index
  %b = memref.alloc(%a) : memref<?xf32>
  %v = memref.load %x[%n] : memref<8xf32>
  memref.store %v, %b[%n] : memref<?xf32>
  %w = memref.load %b[%c3] : memref<?xf32>
  memref.store %w, %x[%c3] : memref<8xf32>
  memref.dealloc %b : memref<?xf32>
  return
}

// -----

// Short enough.
// CHECK-LABEL: func.func @main
// CHECK-NOT: call
func.func @main(%x: memref<8xf32>, %n: index) {
  %v = memref.load %x[%n] : memref<8xf32>
  memref.store %v, %x[%n] : memref<8xf32>
  return
}

// -----

// Stack memory stays with @main.
// CHECK-LABEL: func.func @main
// CHECK: %[[SLOT:.*]] = memref.alloca
// CHECK: call @part_0({{.*}}%[[SLOT]]
// CHECK: func.func private @part_0
// CHECK-NOT: memref.alloca
func.func @main(%x: memref<8xf32>, %n: index) {
  %v = memref.load %x[%n] : memref<8xf32>
  %slot = memref.alloca() : memref<8xf32>
  memref.store %v, %slot[%n] : memref<8xf32>
  %w = memref.load %slot[%n] : memref<8xf32>
  %u = arith.addf %v, %w : f32
  memref.store %u, %x[%n] : memref<8xf32>
  return
}

// -----

// A loop of scalar code is one operation, however long.
// CHECK-LABEL: func.func @main
// CHECK: call @part_0
// CHECK: call @part_1
// CHECK: return
// CHECK-COUNT-2: memref.store
// CHECK-NOT: call
func.func @main(%x: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    %w = arith.negf %v : f32
    %u = math.exp %w : f32
    memref.store %u, %x[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    %w = math.exp %v : f32
    memref.store %w, %x[%i] : memref<8xf32>
  }
  return
}
