// RUN: qopt-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(qopt-forward-carried))' | FileCheck %s

// CHECK-LABEL: @copied
// CHECK: scf.while (%[[V:.*]] = %{{.*}})
// CHECK-NEXT: "test.more"
// CHECK-NEXT: scf.condition(%{{.*}}) %[[V]]
func.func @copied(%a: memref<8xf32>) -> memref<8xf32> {
  %r = scf.while (%v = %a) : (memref<8xf32>) -> memref<8xf32> {
    %more = "test.more"() : () -> i1
    %c = memref.alloc() : memref<8xf32>
    memref.copy %v, %c : memref<8xf32> to memref<8xf32>
    scf.condition(%more) %c : memref<8xf32>
  } do {
  ^bb0(%old: memref<8xf32>):
    %new = memref.alloc() : memref<8xf32>
    scf.yield %new : memref<8xf32>
  }
  return %r : memref<8xf32>
}

// Handed on twice: one of the two has to be a copy.
// CHECK-LABEL: @twice
// CHECK: %[[C:.*]] = memref.alloc
// CHECK: scf.condition(%{{.*}}) %{{.*}}, %[[C]]
func.func @twice(%a: memref<8xf32>) -> (memref<8xf32>, memref<8xf32>) {
  %r:2 = scf.while (%v = %a) : (memref<8xf32>) -> (memref<8xf32>, memref<8xf32>) {
    %more = "test.more"() : () -> i1
    %c = memref.alloc() : memref<8xf32>
    memref.copy %v, %c : memref<8xf32> to memref<8xf32>
    scf.condition(%more) %v, %c : memref<8xf32>, memref<8xf32>
  } do {
  ^bb0(%old: memref<8xf32>, %other: memref<8xf32>):
    scf.yield %old : memref<8xf32>
  }
  return %r#0, %r#1 : memref<8xf32>, memref<8xf32>
}
