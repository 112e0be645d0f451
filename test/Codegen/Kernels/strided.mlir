// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx512vnni | FileCheck %s

// Every second number of a buffer is no row that a kernel can load: a copy is made, and
// what is written goes back behind the product. A view of rows stays.
// CHECK-LABEL: func.func @strided
// CHECK-SAME: %[[X:.*]]: memref<?x8xf32, strided<[16, 2], offset: ?>>, %[[W:.*]]: memref<1x8x32xf32>, %[[Y:.*]]: memref<?x32xf32, strided<[64, 2]>>
// CHECK: %[[IN:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
// CHECK: linalg.copy ins(%[[X]] {{.*}} outs(%[[IN]]
// CHECK: %[[OUT:.*]] = memref.alloc(%{{.*}}) : memref<?x32xf32>
// CHECK: linalg.copy ins(%[[OUT]] {{.*}} outs(%[[Y]]
func.func @strided(%x: memref<?x8xf32, strided<[16, 2], offset: ?>>, %w: memref<1x8x32xf32>,
                   %y: memref<?x32xf32, strided<[64, 2]>>) {
  qopt.matmul ins(%x, %w : memref<?x8xf32, strided<[16, 2], offset: ?>>, memref<1x8x32xf32>)
    outs(%y : memref<?x32xf32, strided<[64, 2]>>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// CHECK-LABEL: func.func @rows
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg.copy
// CHECK: return
func.func @rows(%x: memref<?x8xf32, strided<[16, 1], offset: ?>>, %w: memref<1x8x32xf32>,
                %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x8xf32, strided<[16, 1], offset: ?>>, memref<1x8x32xf32>)
    outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}
