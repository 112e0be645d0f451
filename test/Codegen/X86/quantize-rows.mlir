// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx512vnni | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2

// CHECK-LABEL: func.func @quantize
// CHECK: qopt.parallel_call @[[PLAIN:quantize_rows_100_[0-9a-f]+]](
// CHECK: qopt.parallel_call @[[MASKED:quantize_rows_100_[0-9a-f]+]](
func.func @quantize(%x: memref<2x?x100xf32>, %mask: memref<100xf32>, %q: memref<2x?x128xi8>, %s: memref<2x?xf32>) {
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>)
  qopt.quantize_rows ins(%x : memref<2x?x100xf32>) mask(%mask : memref<100xf32>) outs(%q, %s : memref<2x?x128xi8>, memref<2x?xf32>)
  return
}

// Magnitudes are compared as integers, which keeps NaN; one true division; clamp,
// then round to even, then convert.
// CHECK: func.func private @[[PLAIN]](
// CHECK: arith.bitcast %{{.*}} : vector<[[LANES:8|16]]xf32> to vector<[[LANES]]xi32>
// CHECK: arith.maxsi
// CHECK: vector.reduction <maxsi>
// CHECK: arith.divf
// CHECK: %[[LOW:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<[[LANES]]xi1>, vector<[[LANES]]xf32>
// CHECK: %[[HIGH:.*]] = arith.select %{{.*}}, %[[LOW]],
// CHECK: %[[EVEN:.*]] = math.roundeven %[[HIGH]]
// CHECK: %[[CODE:.*]] = arith.fptosi %[[EVEN]]
// VNNI: %[[OFFSET:.*]] = arith.addi %[[CODE]], %{{.*}} : vector<16xi32>
// VNNI: arith.trunci %[[OFFSET]]
// AVX2: arith.trunci %[[CODE]]
// The columns of the padding.
// VNNI: arith.constant dense<-128> : vector<16xi8>
// AVX2: arith.constant dense<0> : vector<8xi8>

// A column whose factor is not positive counts as 0 even if it holds Inf.
// CHECK: func.func private @[[MASKED]](
// CHECK: arith.cmpf ole
// CHECK: arith.select
