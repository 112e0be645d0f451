// RUN: qopt-opt %s --qopt-lower-expand-shape | FileCheck %s

// CHECK-LABEL: @several
// CHECK-SAME: %[[N:arg1]]: index, %[[M:arg2]]: index
// CHECK: memref.extract_strided_metadata
// CHECK: %[[STRIDE:.*]] = arith.muli %{{.*}}, %[[M]]
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[N]], %[[M]]], strides: [%[[STRIDE]], 1]
func.func @several(%x: memref<?xf32>, %n: index, %m: index) -> memref<?x?xf32> {
  %r = memref.expand_shape %x [[0, 1]] output_shape [%n, %m] : memref<?xf32> into memref<?x?xf32>
  return %r : memref<?x?xf32>
}

// CHECK-LABEL: @one
// CHECK: memref.expand_shape
func.func @one(%x: memref<?xf32>, %n: index) -> memref<?x4xf32> {
  %r = memref.expand_shape %x [[0, 1]] output_shape [%n, 4] : memref<?xf32> into memref<?x4xf32>
  return %r : memref<?x4xf32>
}
