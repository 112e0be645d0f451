// RUN: qopt-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(qopt-insert-deallocs))' | FileCheck %s

// Behind the last use of a view, not of the buffer itself.
// CHECK-LABEL: @view
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: "test.use"(%[[A]])
// CHECK-NEXT: "test.use"(%{{.*}})
// CHECK-NEXT: memref.dealloc %[[A]]
// CHECK-NEXT: "test.last"
func.func @view() {
  %a = memref.alloc() : memref<8xf32>
  %v = memref.subview %a[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  "test.use"(%a) : (memref<8xf32>) -> ()
  "test.use"(%v) : (memref<4xf32, strided<[1], offset: 2>>) -> ()
  "test.last"() : () -> ()
  return
}

// CHECK-LABEL: @loop
// CHECK: scf.for
// CHECK: "test.use"
// CHECK: }
// CHECK-NEXT: memref.dealloc
func.func @loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %n step %c1 {
    "test.use"(%a) : (memref<8xf32>) -> ()
  }
  return
}

// CHECK-LABEL: @escapes
// CHECK-NOT: memref.dealloc
func.func @escapes() -> memref<8xf32> {
  %a = memref.alloc() : memref<8xf32>
  return %a : memref<8xf32>
}

// CHECK-LABEL: @unused
// CHECK-NEXT: return
func.func @unused() {
  %a = memref.alloc() : memref<8xf32>
  return
}
