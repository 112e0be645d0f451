// RUN: qopt-opt %s --qopt-outputs --split-input-file --verify-diagnostics | FileCheck %s

// A buffer of our own becomes the output; an input is copied.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<?xf32>, %[[N:.*]]: index)
// CHECK: %[[Y:.*]] = qopt.output 0(%[[N]]) : memref<?xf32>
// CHECK: linalg.exp ins(%[[X]] : memref<?xf32>) outs(%[[Y]] : memref<?xf32>)
// CHECK: %[[SECOND:.*]] = qopt.output 1(%{{.*}}) : memref<?xf32>
// CHECK: memref.copy %[[X]], %[[SECOND]]
// CHECK: %[[THIRD:.*]] = qopt.output 2(%{{.*}}) : memref<?xf32>
// CHECK: memref.copy %[[Y]], %[[THIRD]]
// CHECK: return{{$}}
func.func @main(%x: memref<?xf32>, %n: index) -> (memref<?xf32>, memref<?xf32>, memref<?xf32>) {
  %y = memref.alloc(%n) : memref<?xf32>
  linalg.exp ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
  return %y, %x, %y : memref<?xf32>, memref<?xf32>, memref<?xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: %[[OUT:.*]] = qopt.output 0(%{{.*}}) : memref<?x4xf32>
// CHECK: memref.collapse_shape %[[OUT]]
func.func @main(%n: index, %m: index) -> memref<?x4xf32> {
  %y = memref.alloc(%m) : memref<?xf32>
  %r = memref.expand_shape %y [[0, 1]] output_shape [%n, 4] : memref<?xf32> into memref<?x4xf32>
  return %r : memref<?x4xf32>
}

// -----

// expected-error @+1 {{results of @main are ranked buffers}}
func.func @main() -> i32 {
  %c = arith.constant 0 : i32
  return %c : i32
}

// -----

// A cache that was written in place is no output; the next one keeps count.
// CHECK-LABEL: func.func @main
// CHECK-NOT: memref.copy
// CHECK: qopt.output 0
// CHECK-NOT: memref.copy
// CHECK: return{{$}}
func.func @main(%cache: memref<?xf32> {onnx.name = "past.0", qopt.cache = 0 : i64}, %n: index) -> (memref<?xf32> {qopt.cache = 0 : i64}, memref<?xf32>) {
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.exp ins(%cache : memref<?xf32>) outs(%a : memref<?xf32>)
  return %cache, %a : memref<?xf32>, memref<?xf32>
}

// -----

// Anything but the buffer of the caller would mean a copy.
func.func @main(%cache: memref<?xf32> {onnx.name = "past.0", qopt.cache = 0 : i64}, %n: index) -> (memref<?xf32> {qopt.cache = 0 : i64}) {
  // expected-error @below {{the cache 'past.0' would be copied in every run instead of written in place}}
  %a = memref.alloc(%n) : memref<?xf32>
  memref.copy %cache, %a : memref<?xf32> to memref<?xf32>
  return %a : memref<?xf32>
}

// -----

// Right, but slow, and said so.
// CHECK-LABEL: func.func @main
func.func @main(%cache: memref<8xf32> {onnx.name = "past.0", qopt.cache = 0 : i64}, %n: index) -> (memref<8xf32> {qopt.cache = 0 : i64}, memref<?xf32>) {
  %view = memref.subview %cache[0] [%n] [1] : memref<8xf32> to memref<?xf32, strided<[1]>>
  %a = memref.alloc(%n) : memref<?xf32>
  // expected-warning @below {{the cache 'past.0' is read into another buffer in every run}}
  linalg.exp ins(%view : memref<?xf32, strided<[1]>>) outs(%a : memref<?xf32>)
  return %cache, %a : memref<8xf32>, memref<?xf32>
}
