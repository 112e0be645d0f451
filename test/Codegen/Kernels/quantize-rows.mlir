// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx512vnni | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2

// A loop over rows each, which can be joined with the loop that makes the rows.
func.func @quantize(%x: memref<2x?x100xf32>, %mask: memref<100xf32>, %q: memref<2x?x128xi8>, %s: memref<2x?xf32>, %scale: memref<f32>) {
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>)
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) mask(%mask : memref<100xf32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>)
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) mask(%mask : memref<100xf32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>) {qopt.unit_mask}
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) scale(%scale : memref<f32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>) granularity <tensor>
  return
}

// Magnitudes are compared as integers, which keeps NaN; true divisions; a scale
// made for the row needs no bound; four vectors of codes become one of bytes.
// CHECK-LABEL: func.func @quantize
// CHECK: scf.parallel (%[[ROW:[a-z0-9]+]]) =
// CHECK: %[[AT:[0-9]+]]:2 = affine.delinearize_index %[[ROW]] into (2, %{{.*}}) :
// CHECK: vector.load %{{.*}}[%[[AT]]#0, %[[AT]]#1, %{{.*}}] : memref<2x?x100xf32>
// CHECK: arith.bitcast %{{.*}} : vector<[[LANES:8|16]]xf32> to vector<[[LANES]]xi32>
// CHECK: arith.maxsi
// CHECK: vector.reduction <maxsi>
// CHECK: arith.divf
// CHECK: %[[SCALED:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<[[LANES]]xf32>
// CHECK-NOT: arith.cmpf
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.mask.cvtps2dq.512"(%[[SCALED]],
// AVX2: llvm.call_intrinsic "llvm.x86.avx.cvt.ps2dq.256"(%[[SCALED]])
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.packsswb.512"
// VNNI: vector.shuffle %{{.*}} [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
// VNNI: %[[OFFSET:.*]] = arith.constant dense<-128> : vector<64xi8>
// VNNI: %[[BYTES:.*]] = arith.addi %{{.*}}, %[[OFFSET]]
// VNNI: vector.store %[[BYTES]], %{{.*}} : memref<2x?x128xi8>, vector<64xi8>
// AVX2: llvm.call_intrinsic "llvm.x86.avx2.packsswb"
// AVX2: vector.shuffle %{{.*}} [0, 4, 1, 5, 2, 6, 3, 7]
// AVX2: vector.store %{{.*}} : memref<2x?x128xi8>, vector<32xi8>

// A column whose factor is not positive counts as 0 even if it holds Inf.
// CHECK: scf.parallel
// CHECK: %[[OUT:.*]] = arith.cmpf ole
// CHECK: %[[PRODUCT:.*]] = arith.mulf
// CHECK: arith.select %[[OUT]], %{{.*}}, %[[PRODUCT]]

// Factors of 0 and 1 only select.
// CHECK: scf.parallel
// CHECK: %[[VALUE:.*]] = vector.load %{{.*}} : memref<2x?x100xf32>
// CHECK: %[[LEFT_OUT:.*]] = arith.cmpf ole
// CHECK-NEXT: arith.select %[[LEFT_OUT]], %{{.*}}, %[[VALUE]]

// A given scale does not bound the values.
// CHECK: scf.parallel
// CHECK: arith.cmpf olt
// CHECK: arith.select
// CHECK: arith.maxsi %{{.*}}, %{{.*}} : vector<{{32|64}}xi8>

// One scale for all rows: two kernels, and what joins the ranges between them.
// CHECK-LABEL: func.func @one_scale
// CHECK: qopt.parallel_call @row_ranges_100_
// CHECK: call @join_ranges_100_
// CHECK: qopt.parallel_call @quantize_rows_100_
func.func @one_scale(%x: memref<?x100xf32>, %q: memref<?x128xi8>, %s: memref<?xf32>) {
  qopt.quantize_rows ins(%x : memref<?x100xf32>) outs(%q, %s : memref<?x128xi8>, memref<?xf32>) granularity <tensor>
  return
}

// A single row.
// CHECK-LABEL: func.func @vector
// CHECK: vector.load %{{.*}}[%{{.*}}] : memref<100xf32>
func.func @vector(%x: memref<100xf32>, %q: memref<128xi8>, %s: memref<f32>) {
  qopt.quantize_rows ins(%x : memref<100xf32>) outs(%q, %s : memref<128xi8>, memref<f32>)
  return
}
