// Float rows by codes: exact products of digits where K fills a step of tiles, on tiles
// from 5 rows on and by vpdpbusd below.
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=amx | FileCheck %s
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx512vnni | FileCheck %s --check-prefix=VECTORS
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=amx --qopt-emulate-instructions | FileCheck %s --check-prefix=EMULATED

// VECTORS-NOT: @digits
// VECTORS-NOT: tdpbssd
// EMULATED-NOT: llvm.x86.tdpbssd

// Rows become three codes per element before the product.
// CHECK-LABEL: func.func @rows
// CHECK: %[[GROUPS:.*]] = arith.divui %{{.*}}, %c16
// CHECK: memref.alloc(%[[GROUPS]]) : memref<?x6144xi8>
// CHECK: memref.alloc(%{{.*}}) : memref<?x4xf32>
// CHECK: qopt.parallel_call @digits_100_{{[0-9A-Fa-f]+}}(%[[GROUPS]]
// CHECK: qopt.parallel_call @matmul_i8_100x70
// A scale comes from the largest magnitude, and a small one does not overflow.
// CHECK: func.func private @digits_100
// CHECK: arith.cmpi uge, %{{.*}}, %c5
// CHECK: vector.reduction <maxsi>
// CHECK: arith.divf
// Digits are summed and ordered in eights.
// CHECK: llvm.x86.avx512.packsswb.512
// CHECK: llvm.x86.avx512.vpdpbusd.512
// CHECK: vector.shuffle {{.*}} [0, 2, 4, 6, 1, 3, 5, 7, 8, 10,
// CHECK-COUNT-2: llvm.x86.avx512.packsswb.512
// CHECK: vector.reduction <add>
// CHECK: func.func private @matmul_i8_100x70
// A panel of weights goes to the stack, then pairs of groups meet it three times.
// CHECK: memref.alloca() {{.*}} : memref<4096xi8>
// CHECK: arith.cmpi uge, %{{.*}}, %c5
// CHECK: vector.shuffle
// CHECK-COUNT-4: llvm.x86.tdpbssd.internal
// CHECK-COUNT-4: llvm.x86.tilestored64.internal
// CHECK-COUNT-4: llvm.x86.tdpbssd.internal
// CHECK-COUNT-4: llvm.x86.tilestored64.internal
// CHECK-COUNT-4: llvm.x86.tdpbssd.internal
// CHECK: arith.sitofp
// CHECK-COUNT-3: vector.fma
// Two rows by three digits by four vectors of quads, of codes as unsigned bytes.
// CHECK: llvm.load {{.*}} -> vector<64xi8>
// CHECK-NEXT: arith.constant dense<-128>
// CHECK-NEXT: arith.xori
// CHECK-COUNT-12: vector.shuffle
// CHECK-COUNT-24: llvm.x86.avx512.vpdpbusd.512
// CHECK: scf.yield
// CHECK: arith.fptosi
// CHECK-COUNT-3: vector.fma
// No code is widened.
// CHECK-NOT: arith.extsi
func.func @rows(%x: memref<?x100xf32>, %w: memref<3x100x32xi8>, %s: memref<70xf32>, %y: memref<?x70xf32>) {
  qopt.matmul ins(%x, %w : memref<?x100xf32>, memref<3x100x32xi8>) column_scales(%s : memref<70xf32>)
    outs(%y : memref<?x70xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

// Less than a step.
// CHECK-LABEL: func.func @short
// CHECK: arith.extsi
// CHECK-NOT: @digits
// CHECK-NOT: tdpbssd
func.func @short(%x: memref<?x40xf32>, %w: memref<1x40x32xi8>, %s: memref<32xf32>, %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x40xf32>, memref<1x40x32xi8>) column_scales(%s : memref<32xf32>)
    outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

// Scales of groups meet the weights.
// CHECK-LABEL: func.func @groups
// CHECK-NOT: @digits
// CHECK-NOT: tdpbssd
func.func @groups(%x: memref<?x128xf32>, %w: memref<1x128x32xi8>, %s: memref<2x32xf32>, %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x128xf32>, memref<1x128x32xi8>) group 64 column_scales(%s : memref<2x32xf32>)
    outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}
