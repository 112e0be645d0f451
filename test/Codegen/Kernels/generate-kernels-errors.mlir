// RUN: qopt-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics --qopt-generate-kernels=isa=avx512vnni
// RUN: not qopt-opt %s --split-input-file --qopt-generate-kernels=isa=mmx 2>&1 | FileCheck %s

// CHECK: error: unknown instruction set 'mmx': amx, avx512vnni, avxvnni, avx2, i8mm, dotprod or neon
func.func @unpacked(%x: memref<?x8xf32>, %w: memref<8x32xf32>, %y: memref<?x32xf32>) {
  // expected-error @+1 {{has a right operand that is not packed}}
  qopt.matmul ins(%x, %w : memref<?x8xf32>, memref<8x32xf32>) outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

func.func @no_sums(%x: memref<?x64xi8>, %s: memref<?xf32>, %w: memref<1x1x2x16x64xi8>, %ws: memref<32xf32>, %y: memref<?x32xf32>) {
  // expected-error @+1 {{has no column sums}}
  qopt.matmul ins(%x, %w : memref<?x64xi8>, memref<1x1x2x16x64xi8>) row_scales(%s : memref<?xf32>) column_scales(%ws : memref<32xf32>)
    outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

func.func @no_vector_form(%x: memref<?x8xf32>, %w: memref<1x8x32xf32>, %t: memref<4xf32>, %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x8xf32>, memref<1x8x32xf32>) outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    // expected-error @+1 {{has no vector form in an epilogue}}
    %0 = "test.lookup"(%a) : (f32) -> f32
    qopt.yield %0 : f32
  }
  return
}
