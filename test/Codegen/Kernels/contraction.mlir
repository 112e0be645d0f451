// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx512vnni | FileCheck %s

// Queries x keys: k is contiguous in both, so that keys are transposed on the way
// to the stack.
// CHECK-LABEL: func.func @scores
// CHECK: qopt.parallel_call @[[KERNEL:contraction_[0-9a-f]+]](
// CHECK: func.func private @[[KERNEL]](
// CHECK: memref.alloca() {{.*}}: memref<256x32xf32>
// CHECK: vector.shuffle
// CHECK: vector.store %{{.*}} : memref<256x32xf32>
// CHECK: vector.fma
func.func @scores(%q: memref<?x12x?x32xf32>, %k: memref<?x12x?x32xf32>, %o: memref<?x12x?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, h, s, t, d) -> (b, h, s, d)>, affine_map<(b, h, s, t, d) -> (b, h, t, d)>,
                                   affine_map<(b, h, s, t, d) -> (b, h, s, t)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%q, %k : memref<?x12x?x32xf32>, memref<?x12x?x32xf32>) outs(%o : memref<?x12x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Probabilities x values: n is contiguous in place; only the rows of probabilities,
// whose distance is known at run time, are copied.
// CHECK-LABEL: func.func @values
// CHECK: qopt.parallel_call @[[KERNEL:contraction_[0-9a-f]+]](
// CHECK: func.func private @[[KERNEL]](
// CHECK-NOT: memref<256x32xf32>
// CHECK: vector.load %{{.*}} : memref<?x12x?x32xf32, strided<[?, ?, ?, 1]>>
// CHECK: vector.fma
func.func @values(%p: memref<?x12x?x?xf32>, %v: memref<?x12x?x32xf32, strided<[?, ?, ?, 1]>>, %o: memref<?x?x12x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, h, s, d, t) -> (b, h, s, t)>, affine_map<(b, h, s, d, t) -> (b, h, t, d)>,
                                   affine_map<(b, h, s, d, t) -> (b, s, h, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%p, %v : memref<?x12x?x?xf32>, memref<?x12x?x32xf32, strided<[?, ?, ?, 1]>>) outs(%o : memref<?x?x12x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Not ours: doubles, and a maximum in place of a sum.
// CHECK-LABEL: func.func @others
// CHECK-NOT: qopt.parallel_call
// CHECK: linalg.generic
// CHECK: linalg.generic
func.func @others(%x: memref<?x?xf64>, %y: memref<?x?xf64>, %o: memref<?x?xf64>, %p: memref<?x?xf32>, %q: memref<?x?xf32>, %r: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %y : memref<?x?xf64>, memref<?x?xf64>) outs(%o : memref<?x?xf64>) {
  ^bb0(%a: f64, %b: f64, %c: f64):
    %0 = arith.mulf %a, %b : f64
    %1 = arith.addf %c, %0 : f64
    linalg.yield %1 : f64
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%p, %q : memref<?x?xf32>, memref<?x?xf32>) outs(%r : memref<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.maximumf %c, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// A new buffer that was only filled with zeros: the fill goes, and the result is
// not read. Not so for a buffer that came from outside.
// CHECK-LABEL: func.func @fresh
// CHECK-NOT: linalg.fill
// CHECK: qopt.parallel_call @[[FRESH:contraction_[0-9a-f]+]](
// CHECK: linalg.fill
// CHECK: qopt.parallel_call @[[ADD:contraction_[0-9a-f]+]](
// CHECK: func.func private @[[FRESH]](
// CHECK-NOT: vector.load %arg4
// CHECK: func.func private @[[ADD]](
// CHECK: vector.load %arg4
func.func @fresh(%x: memref<32x16xf32>, %y: memref<16x32xf32>, %o: memref<32x32xf32>) -> memref<32x32xf32> {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<32x32xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<32x32xf32>)
  linalg.matmul ins(%x, %y : memref<32x16xf32>, memref<16x32xf32>) outs(%a : memref<32x32xf32>)
  linalg.fill ins(%zero : f32) outs(%o : memref<32x32xf32>)
  linalg.matmul ins(%x, %y : memref<32x16xf32>, memref<16x32xf32>) outs(%o : memref<32x32xf32>)
  return %a : memref<32x32xf32>
}
