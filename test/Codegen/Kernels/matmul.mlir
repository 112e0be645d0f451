// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx512vnni | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2

// Two layers of one shape and epilogue share a kernel; the grain depends on the
// number of rows, which is known at run time only.
// CHECK-LABEL: func.func @layers
// CHECK: memref.collapse_shape %{{.*}} : memref<?x?x128xi8> into memref<?x128xi8>
// Without VNNI the rows of each are split in front of it.
// AVX2: qopt.parallel_call @[[SPLIT:split_rows_128_[0-9a-f]+]](
// CHECK: qopt.parallel_call @[[KERNEL:matmul_i8_128x64_[0-9a-f]+]](%{{.*}} grain %{{.*}}) args
// AVX2: qopt.parallel_call @[[SPLIT]](
// CHECK: qopt.parallel_call @[[KERNEL]](
// CHECK-NOT: qopt.matmul
func.func @layers(%x: memref<?x?x128xi8>, %s: memref<?x?xf32>, %w: memref<2x2x2x16x64xi8>, %ws: memref<64xf32>,
                  %sums: memref<64xi32>, %bias: memref<64xf32>, %y: memref<?x?x64xf32>, %z: memref<?x?x64xf32>) {
  qopt.matmul ins(%x, %w : memref<?x?x128xi8>, memref<2x2x2x16x64xi8>)
    row_scales(%s : memref<?x?xf32>) column_scales(%ws : memref<64xf32>) sums(%sums : memref<64xi32>)
    with(%bias : memref<64xf32>) outs(%y : memref<?x?x64xf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    qopt.yield %0 : f32
  }
  qopt.matmul ins(%x, %w : memref<?x?x128xi8>, memref<2x2x2x16x64xi8>)
    row_scales(%s : memref<?x?xf32>) column_scales(%ws : memref<64xf32>) sums(%sums : memref<64xi32>)
    with(%bias : memref<64xf32>) outs(%z : memref<?x?x64xf32>) epilogue {
  ^bb0(%p: f32, %q: f32):
    %1 = arith.addf %p, %q : f32
    qopt.yield %1 : f32
  }
  return
}

// Pairs that add up to more than 128 are taken apart; quads of what is left are
// listed, a quarter of a row at most.
// AVX2: func.func private @[[SPLIT]](%{{.*}}, %{{.*}}: memref<?x128xi8>, %{{.*}}: memref<?x128xi8>, %{{.*}}: memref<?x9xi64>, %{{.*}}: memref<?x2xi32>)
// A row that has no other: its magnitudes, its signs, and a list of quads that
// the sum of a lane has no room for.
// AVX2: arith.cmpi eq, %{{.*}}, %c1
// AVX2: scf.if
// AVX2: %[[SIGNS:.*]] = arith.extsi %{{.*}} : vector<32xi1> to vector<32xi8>
// AVX2: %[[MAGNITUDES:.*]] = arith.subi %{{.*}}, %[[SIGNS]]
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[MAGNITUDES]], %[[SIGNS]])
// AVX2: vector.store %[[SIGNS]]
// AVX2: scf.if
// AVX2-COUNT-4: memref.store %{{.*}} : memref<?x9xi64>
// AVX2-NOT: memref<?x9xi64>
// AVX2: scf.for
// AVX2: scf.for
// AVX2: %[[PAIRS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2: arith.cmpi sgt, %{{.*}}, %{{.*}} : vector<16xi16>
// AVX2: scf.if
// AVX2: memref.store %{{.*}} : memref<?x9xi64>
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[PAIRS]]

// The sums stay in registers: carried by the loop over K, converted, scaled.
// CHECK: func.func private @[[KERNEL]](%{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?x128xi8>
// CHECK-NOT: memref.alloc(
// Without VNNI codes are multiplied by weights + 128, unless one of the rows has too
// many quads left: then both are widened to 16 bits.
// AVX2: memref.alloca() {{.*}}: memref<5x128xi16>
// AVX2: memref.alloca() {{.*}}: memref<5x64xi32>
// AVX2: arith.cmpi ule
// AVX2: scf.if
// AVX2: arith.xori {{.*}} : vector<32xi8>
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2: scf.for {{.*}} -> (vector<8xi32>
// AVX2-COUNT-10: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2: } else {
// VNNI-NOT: memref.alloca
// VNNI: arith.muli %{{.*}} : vector<16xi32>
// VNNI: scf.for {{.*}} -> (vector<16xi32>
// Two lines of the result beside each of the first steps.
// VNNI-COUNT-2: memref.prefetch %{{.*}}, write, locality<3>, data : memref<?x64xf32>
// VNNI-NOT: memref.prefetch
// VNNI-COUNT-96: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// VNNI: arith.sitofp %{{.*}} : vector<16xi32> to vector<16xf32>
// AVX2: scf.for {{.*}} -> (vector<8xi32>
// AVX2: arith.extsi %{{.*}} : vector<16xi8> to vector<16xi16>
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2: arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: arith.addf
// CHECK: vector.store
// Rows that do not fill a block: powers of two.
// VNNI-COUNT-4: arith.andi

// -----

// Another epilogue is another kernel. A scalar of the surroundings is captured, a
// constant is not.
// CHECK-LABEL: func.func @epilogues
// CHECK: qopt.parallel_call @[[A:matmul_f32_8x32_[0-9a-f]+]](
// CHECK: qopt.parallel_call @[[B:matmul_f32_8x32_[0-9a-f]+]](
// CHECK-SAME: memref<?x32xf32>, f32, memref<?x32xf32>)
func.func @epilogues(%x: memref<?x8xf32>, %w: memref<1x8x32xf32>, %factor: f32, %r: memref<?x32xf32>, %y: memref<?x32xf32>) {
  %half = arith.constant 0.5 : f32
  qopt.matmul ins(%x, %w : memref<?x8xf32>, memref<1x8x32xf32>) outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    %0 = arith.mulf %a, %half : f32
    qopt.yield %0 : f32
  }
  qopt.matmul ins(%x, %w : memref<?x8xf32>, memref<1x8x32xf32>) with(%r : memref<?x32xf32>) outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %factor : f32
    %1 = arith.addf %0, %b : f32
    %2 = math.tanh %1 : f32
    qopt.yield %2 : f32
  }
  return
}
// CHECK: func.func private @[[A]](
// CHECK: vector.fma
// CHECK: arith.mulf %{{.*}}, %cst{{.*}} : vector
// CHECK: func.func private @[[B]](
// CHECK: math.tanh %{{.*}} : vector

// -----

// Columns beyond N are masked, in the result and in what the epilogue reads; half
// precision is widened as it is loaded.
// CHECK-LABEL: func.func @tails
func.func @tails(%x: memref<5x12xf32>, %w: memref<2x12x32xf16>, %bias: memref<45xf32>, %y: memref<5x45xf32>) {
  qopt.matmul ins(%x, %w : memref<5x12xf32>, memref<2x12x32xf16>) with(%bias : memref<45xf32>) outs(%y : memref<5x45xf32>) epilogue {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    qopt.yield %0 : f32
  }
  return
}
// CHECK: func.func private @matmul_f16_12x45
// CHECK-SAME: memref<?x12xf32>
// VNNI: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// AVX2: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: vector.maskedload %{{.*}} : memref<?xf32>
// CHECK: vector.maskedstore %{{.*}} : memref<?x45xf32>

// -----

// The tail of outlier columns, with a list that is known at run time.
// CHECK-LABEL: func.func @outliers
// CHECK: qopt.parallel_call
func.func @outliers(%x: memref<?x64xi8>, %s: memref<?xf32>, %w: memref<1x1x2x16x64xi8>, %ws: memref<32xf32>, %t: memref<?x?xf32>,
                    %tw: memref<64x32xf16>, %c: memref<?xi32>, %sums: memref<32xi32>, %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x64xi8>, memref<1x1x2x16x64xi8>) row_scales(%s : memref<?xf32>) column_scales(%ws : memref<32xf32>)
    tail(%t : memref<?x?xf32>) tail_rows(%tw : memref<64x32xf16>) columns(%c : memref<?xi32>) sums(%sums : memref<32xi32>)
    outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}
// CHECK: func.func private
// CHECK: %[[J:.*]] = memref.dim %[[TAIL:.*]], %c1
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[J]]
// CHECK: memref.load %{{.*}}[%[[I]]] : memref<?xi32>
// CHECK: vector.load %{{.*}} : memref<64x32xf16>
// CHECK: memref.load %{{.*}}, %[[I]]] : memref<?x?xf32>

// -----

// The first rows of a task ask for weights that come from memory: the next columns, and at
// most 128 KiB ahead.
// CHECK-LABEL: func.func @streamed
// CHECK: func.func private @matmul_f32_512x1024
// CHECK: %[[FIRST:.*]] = arith.cmpi eq
// CHECK: arith.select %[[FIRST]], %c512
// CHECK: memref.prefetch
func.func @streamed(%x: memref<?x512xf32>, %w: memref<32x512x32xf32>, %y: memref<?x1024xf32>) {
  qopt.matmul ins(%x, %w : memref<?x512xf32>, memref<32x512x32xf32>) outs(%y : memref<?x1024xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

// These stay in L2.
// CHECK-LABEL: func.func @near
// CHECK-NOT: memref.prefetch
func.func @near(%x: memref<?x128xf32>, %w: memref<4x128x32xf32>, %y: memref<?x128xf32>) {
  qopt.matmul ins(%x, %w : memref<?x128xf32>, memref<4x128x32xf32>) outs(%y : memref<?x128xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

// Blocks of codes fetch the weights of four blocks of K later into L1, those of the next task
// into L2 in the first four blocks of rows.
// CHECK-LABEL: func.func @streamed_codes
// CHECK: func.func private @matmul_i8_2048x1024
// CHECK: %[[EARLY:.*]] = arith.cmpi ult, %{{.*}}, %c4
// CHECK: scf.if %[[EARLY]]
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data : memref<32x32x2x16x64xi8>
// CHECK: memref.prefetch %{{.*}}, read, locality<3>, data : memref<32x32x2x16x64xi8>
func.func @streamed_codes(%x: memref<?x2048xi8>, %s: memref<?xf32>, %w: memref<32x32x2x16x64xi8>, %ws: memref<1024xf32>,
                          %sums: memref<1024xi32>, %y: memref<?x1024xf32>) {
  qopt.matmul ins(%x, %w : memref<?x2048xi8>, memref<32x32x2x16x64xi8>)
    row_scales(%s : memref<?xf32>) column_scales(%ws : memref<1024xf32>) sums(%sums : memref<1024xi32>)
    outs(%y : memref<?x1024xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}

// -----

// Weights that are small, of a model whose weights are not: by the time that they
// are read again the others have been.
// CHECK-LABEL: func.func @small_ones_of_many
// CHECK: func.func private @matmul_i8_1024x640
// CHECK: memref.prefetch %{{.*}}, read, locality<3>, data : memref<20x16x2x16x64xi8>
func.func @small_ones_of_many(%x: memref<?x1024xi8>, %s: memref<?xf32>, %w: memref<20x16x2x16x64xi8>, %ws: memref<640xf32>,
                              %sums: memref<640xi32>, %y: memref<?x640xf32>, %v: memref<20x16x2x16x64xi8>, %z: memref<?x640xf32>) {
  qopt.matmul ins(%x, %w : memref<?x1024xi8>, memref<20x16x2x16x64xi8>)
    row_scales(%s : memref<?xf32>) column_scales(%ws : memref<640xf32>) sums(%sums : memref<640xi32>)
    outs(%y : memref<?x640xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  qopt.matmul ins(%x, %v : memref<?x1024xi8>, memref<20x16x2x16x64xi8>)
    row_scales(%s : memref<?xf32>) column_scales(%ws : memref<640xf32>) sums(%sums : memref<640xi32>)
    outs(%z : memref<?x640xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  }
  return
}
