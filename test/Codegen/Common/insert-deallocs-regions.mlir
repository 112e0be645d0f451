// RUN: qopt-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(qopt-insert-deallocs))' | FileCheck %s

// Both branches make what they yield: the block around them frees it.
// CHECK-LABEL: @branches
// CHECK: %[[R:.*]] = scf.if
// CHECK-NOT: memref.dealloc
// CHECK: "test.use"(%[[R]])
// CHECK-NEXT: memref.dealloc %[[R]]
func.func @branches(%c: i1) {
  %r = scf.if %c -> memref<8xf32> {
    %a = memref.alloc() : memref<8xf32>
    "test.fill"(%a) : (memref<8xf32>) -> ()
    scf.yield %a : memref<8xf32>
  } else {
    %b = memref.alloc() : memref<8xf32>
    "test.fill"(%b) : (memref<8xf32>) -> ()
    scf.yield %b : memref<8xf32>
  }
  "test.use"(%r) : (memref<8xf32>) -> ()
  return
}

// One of them yields a buffer of the outer block: a copy of it changes hands.
// CHECK-LABEL: @mixed
// CHECK: else
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %arg1, %[[COPY]]
// CHECK: scf.yield %[[COPY]]
func.func @mixed(%c: i1, %x: memref<8xf32>) {
  %r = scf.if %c -> memref<8xf32> {
    %a = memref.alloc() : memref<8xf32>
    "test.fill"(%a) : (memref<8xf32>) -> ()
    scf.yield %a : memref<8xf32>
  } else {
    scf.yield %x : memref<8xf32>
  }
  "test.use"(%r) : (memref<8xf32>) -> ()
  return
}

// An iteration frees what it was given; the first buffer belongs to the loop, the
// last one to the block around it.
// CHECK-LABEL: @carried
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: %[[R:.*]] = scf.while (%{{.*}} = %[[A]])
// CHECK: ^bb0(%[[OLD:.*]]: memref<?xf32>):
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK: "test.step"(%[[OLD]], %[[NEW]])
// CHECK-NEXT: memref.dealloc %[[OLD]]
// CHECK-NEXT: scf.yield %[[NEW]]
// CHECK-NOT: memref.dealloc %[[A]]
// CHECK: "test.use"(%[[R]])
// CHECK-NEXT: memref.dealloc %[[R]]
func.func @carried(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  "test.fill"(%a) : (memref<?xf32>) -> ()
  %r = scf.while (%v = %a) : (memref<?xf32>) -> memref<?xf32> {
    %more = "test.more"() : () -> i1
    scf.condition(%more) %v : memref<?xf32>
  } do {
  ^bb0(%old: memref<?xf32>):
    %size = "test.size"() : () -> index
    %new = memref.alloc(%size) : memref<?xf32>
    "test.step"(%old, %new) : (memref<?xf32>, memref<?xf32>) -> ()
    scf.yield %new : memref<?xf32>
  }
  "test.use"(%r) : (memref<?xf32>) -> ()
  return
}

// In place: one buffer throughout, freed behind the loop.
// CHECK-LABEL: @in_place
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: scf.while
// CHECK-NOT: memref.dealloc
// CHECK: "test.use"
// CHECK-NEXT: memref.dealloc %[[A]]
func.func @in_place(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  %r = scf.while (%v = %a) : (memref<?xf32>) -> memref<?xf32> {
    %more = "test.more"() : () -> i1
    scf.condition(%more) %v : memref<?xf32>
  } do {
  ^bb0(%old: memref<?xf32>):
    "test.step"(%old) : (memref<?xf32>) -> ()
    scf.yield %old : memref<?xf32>
  }
  "test.use"(%r) : (memref<?xf32>) -> ()
  return
}

// What the loop starts from is read behind it: the loop gets a copy.
// CHECK-LABEL: @shared
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %[[A]], %[[COPY]]
// CHECK: scf.while (%{{.*}} = %[[COPY]])
// CHECK: "test.use"(%[[A]])
// CHECK-NEXT: memref.dealloc %[[A]]
func.func @shared(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  %r = scf.while (%v = %a) : (memref<?xf32>) -> memref<?xf32> {
    %more = "test.more"() : () -> i1
    scf.condition(%more) %v : memref<?xf32>
  } do {
  ^bb0(%old: memref<?xf32>):
    %new = memref.alloc(%n) : memref<?xf32>
    "test.step"(%old, %new) : (memref<?xf32>, memref<?xf32>) -> ()
    scf.yield %new : memref<?xf32>
  }
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}
