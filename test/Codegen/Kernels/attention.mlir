// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx512vnni | FileCheck %s
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=amx | FileCheck %s --check-prefix=AMX
// RUN: qopt-opt %s --split-input-file --qopt-generate-kernels=isa=avx2 | FileCheck %s --check-prefix=AVX2

// Operands with tokens in front of heads are read and written where they are; a block
// of scores is all that is stored of them.
// CHECK-LABEL: func.func @encoder
// CHECK-NOT: memref.alloc(
// CHECK: qopt.parallel_call @[[KERNEL:attention_[0-9a-f]+]](
// CHECK: func.func private @[[KERNEL]](
// CHECK: memref.alloca() {{.*}}: memref<12x272xf32>
// CHECK: vector.shuffle
// Keys at the end of a block that the mask hides are left out, if all rows have seen one.
// CHECK: arith.cmpf ugt, %{{.*}} : vector<16xf32>
// CHECK: vector.reduction <or>
// CHECK: arith.cmpf ogt, %{{.*}} : f32
// CHECK: scf.while
// CHECK: vector.fma
// CHECK: llvm.x86.avx512.mask.scalef.ps.512
// CHECK-NOT: tdpbf16ps
// AMX-LABEL: func.func @encoder
// AMX: llvm.x86.tdpbf16ps.internal
// AVX2-LABEL: func.func @encoder
// AVX2: llvm.x86.avx.cvt.ps2dq.256
// AVX2-NOT: tdpbf16ps
func.func @encoder(%q: memref<?x?x12x32xf32>, %mask: memref<?x1x1x?xf32>, %o: memref<?x?x12x32xf32>) {
  qopt.attention ins(%q, %q, %q : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>)
    mask(%mask : memref<?x1x1x?xf32>) outs(%o : memref<?x?x12x32xf32>) scale 0.25
    tokens_first [true, true, true, true] {qopt.attention_products = "bf16"}
  return
}

// -----

// Without the note products are in f32, whatever the target has. Keys behind the last
// that a row sees are skipped.
// AMX-LABEL: func.func @decoder
// AMX: qopt.parallel_call @[[KERNEL:attention_[0-9a-f]+]](
// AMX: func.func private @[[KERNEL]](
// AMX: arith.minsi
// AMX-NOT: tdpbf16ps
// Few rows read keys where they lie: 16 sums of products, then of their lanes. Values of
// the same block are asked for on the way, and with them the next keys.
// CHECK-LABEL: func.func @decoder
// CHECK: func.func private @attention
// CHECK: memref.alloca() {{.*}}: memref<8x64x16xf32>
// CHECK: memref.prefetch
// CHECK-COUNT-64: vector.fma
// CHECK-COUNT-30: vector.shuffle
// CHECK: memref.prefetch
// Many have them packed.
// CHECK: vector.store {{.*}} : memref<8x64x16xf32>
func.func @decoder(%q: memref<?x8x?x64xf32>, %k: memref<?x2x?x64xf32, strided<[?, ?, ?, 1]>>, %past: memref<1xi64>, %o: memref<?x8x?x64xf32>) {
  qopt.attention ins(%q, %k, %k : memref<?x8x?x64xf32>, memref<?x2x?x64xf32, strided<[?, ?, ?, 1]>>, memref<?x2x?x64xf32, strided<[?, ?, ?, 1]>>)
    past(%past : memref<1xi64>) outs(%o : memref<?x8x?x64xf32>) scale 0.125
    tokens_first [false, false, false, false]
  return
}

// -----

// A last dim that is not contiguous is copied.
// CHECK-LABEL: func.func @strided
// CHECK: memref.alloc(
// CHECK: linalg.copy
// CHECK: qopt.parallel_call @attention
func.func @strided(%q: memref<?x1x?x16xf32>, %k: memref<?x1x?x16xf32, strided<[?, ?, 1, ?]>>, %o: memref<?x1x?x16xf32>) {
  qopt.attention ins(%q, %k, %q : memref<?x1x?x16xf32>, memref<?x1x?x16xf32, strided<[?, ?, 1, ?]>>, memref<?x1x?x16xf32>)
    outs(%o : memref<?x1x?x16xf32>) scale 1.0 tokens_first [false, false, false, false]
  return
}

// -----

// In bytes: queries with a scale each, keys as [16 keys][4 elements], values as [16
// columns][4 keys], exponentials as integers. What the keys add to codes + 128 is where
// sums begin. Few rows stay floats, and so do targets without vpdpbusd; on AMX tiles of
// bf16 are as fast.
// CHECK-LABEL: func.func @bytes
// CHECK: func.func private @attention
// CHECK: memref.alloca() {{.*}}: memref<192x128xi8>
// CHECK: memref.alloca() {{.*}}: memref<16x8x64xi8>
// CHECK: memref.alloca() {{.*}}: memref<64x2x64xi8>
// Few rows.
// CHECK: vector.fma
// Keys, of whose codes 128 times the sum is taken off.
// CHECK: vector.store %[[CODES:[0-9]+]], %{{.*}} : memref<16x8x64xi8>
// CHECK: llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[CODES]])
// CHECK: arith.subi {{.*}} : vector<16xi32>
// Values: four keys in each lane.
// CHECK: arith.shli {{.*}} : vector<16xi32>
// CHECK: vector.store {{.*}} : memref<64x2x64xi8>
// Scores of 12 rows, then their sums of values.
// CHECK-COUNT-24: llvm.x86.avx512.vpdpbusd.512
// CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK: llvm.x86.avx512.packssdw.512
// CHECK-COUNT-24: llvm.x86.avx512.vpdpbusd.512
// AMX-LABEL: func.func @bytes
// AMX: llvm.x86.tdpbf16ps.internal
// AVX2-LABEL: func.func @bytes
// AVX2-NOT: i8>
func.func @bytes(%q: memref<?x?x12x32xf32>, %o: memref<?x?x12x32xf32>) {
  qopt.attention ins(%q, %q, %q : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>)
    outs(%o : memref<?x?x12x32xf32>) scale 0.25
    tokens_first [true, true, true, true] {qopt.attention_products = "int8"}
  return
}

// -----

// What this one puts in place of scores is no number that others are large beside.
// AVX2-LABEL: func.func @filled
// CHECK-LABEL: func.func @filled
// CHECK: func.func private @attention
// CHECK-NOT: scf.while
// CHECK: vector.store
func.func @filled(%q: memref<?x?x12x32xf32>, %mask: memref<?x1x1x?xi8>, %o: memref<?x?x12x32xf32>) {
  qopt.attention ins(%q, %q, %q : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>)
    mask(%mask : memref<?x1x1x?xi8>) outs(%o : memref<?x?x12x32xf32>) scale 0.25 fill -1.0e4
    tokens_first [true, true, true, true]
  return
}
