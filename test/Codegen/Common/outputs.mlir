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
