// What reaches the processor: products on whole registers, and nowhere a vector of
// accumulators in memory.
// RUN: qopt-opt %s --qopt-buffers --qopt-variant=isa=avx512vnni | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mcpu=x86-64-v4 -mattr=+avx512vnni | llc -O3 -mcpu=x86-64-v4 -mattr=+avx512vnni \
// RUN:   | FileCheck %s --check-prefix=VNNI --implicit-check-not='64-byte Spill'
// RUN: qopt-opt %s --qopt-buffers --qopt-variant=isa=avx2 | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O3 -mcpu=x86-64-v3 | llc -O3 -mcpu=x86-64-v3 \
// RUN:   | FileCheck %s --check-prefix=AVX2 --implicit-check-not='32-byte Spill'

// Blocks of 12 rows x 32 columns first: 4 steps of 4 codes each.
// VNNI-LABEL: {{^(range_)?}}matmul_i8_256x64
// VNNI: vpbroadcastd {{.*}}, %zmm
// VNNI-COUNT-96: vpdpbusd {{.*}}%zmm
// VNNI: vcvtdq2ps {{.*}}%zmm
// VNNI: vmulps {{.*}}%zmm
// VNNI-LABEL: {{^(range_)?}}matmul_f16_64x32
// VNNI: vcvtph2ps {{.*}}%zmm
// VNNI: vfmadd{{[0-9]+}}ps {{.*}}%zmm
// AVX2-LABEL: {{^(range_)?}}matmul_i8_256x64
// Blocks of 5 rows x 16 columns: two steps. Rows that could saturate are widened.
// AVX2: vpxor {{.*}}, %ymm
// AVX2-COUNT-20: vpmaddubsw {{.*}}%ymm
// AVX2: vpmovsxbw {{.*}}%ymm
// AVX2: vpmaddwd {{.*}}%ymm
// AVX2: vcvtdq2ps {{.*}}%ymm
// AVX2-LABEL: {{^(range_)?}}matmul_f16_64x32
// AVX2: vcvtph2ps {{.*}}%ymm
// AVX2: vfmadd{{[0-9]+}}ps {{.*}}%ymm

func.func @main(%lhs: tensor<?x256xi8>, %rhs: tensor<2x4x2x16x64xi8>, %ls: tensor<?xf32>, %rs: tensor<64xf32>,
                %sums: tensor<64xi32>, %w: tensor<1x64x32xf16>) -> tensor<?x32xf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %lhs, %zero : tensor<?x256xi8>
  %empty = tensor.empty(%m) : tensor<?x64xf32>
  %y = qopt.matmul ins(%lhs, %rhs : tensor<?x256xi8>, tensor<2x4x2x16x64xi8>)
    row_scales(%ls : tensor<?xf32>) column_scales(%rs : tensor<64xf32>) sums(%sums : tensor<64xi32>)
    outs(%empty : tensor<?x64xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x64xf32>
  %empty1 = tensor.empty(%m) : tensor<?x32xf32>
  %z = qopt.matmul ins(%y, %w : tensor<?x64xf32>, tensor<1x64x32xf16>) outs(%empty1 : tensor<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x32xf32>
  return %z : tensor<?x32xf32>
}
