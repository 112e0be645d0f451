// What reaches the processor: products of codes on whole registers, and nowhere an
// accumulator in memory.
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=i8mm --emit=asm -o - \
// RUN:   | FileCheck %s --check-prefixes=ALL,I8MM --implicit-check-not='{{16|32|48|64}}-byte Folded'
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=dotprod --emit=asm -o - \
// RUN:   | FileCheck %s --check-prefixes=ALL,DOT --implicit-check-not='{{16|32|48|64}}-byte Folded' --implicit-check-not=smmla
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=neon --emit=asm -o - \
// RUN:   | FileCheck %s --check-prefixes=ALL,LONG --implicit-check-not='{{16|32|48|64}}-byte Folded' --implicit-check-not=smmla --implicit-check-not=sdot

// Codes by one rounding conversion and two that saturate.
// ALL-LABEL: {{^range_loop_0:}}
// ALL: fcvtns {{.*}}.4s
// ALL: sqxtn
// ALL: sqxtn2 {{.*}}.16b
// Blocks of 4 and 2 rows x 16 columns by tiles of 2 x 2, of sdot of 8 rows x 8 columns too;
// a loop has one step of 16 codes, or four where sums take turns. A single row by sdot, 16
// steps of 4 codes.
// ALL-LABEL: {{^(range_)?}}matmul_i8_256x64
// I8MM: zip1 {{.*}}.2d
// I8MM-COUNT-96: smmla
// I8MM-COUNT-64: sdot
// DOT-COUNT-320: sdot
// A pair of products does not fit 16 bits: each is widened before it is added.
// LONG: smull
// LONG: sadalp
// LONG: smull2
// LONG: addp
// ALL: scvtf {{.*}}.4s
// ALL: fmul {{.*}}.4s
// ALL-LABEL: {{^(range_)?}}matmul_f16_64x32
// ALL: fcvtl {{.*}}.4s
// ALL: fmla {{.*}}.4s

func.func @main(%x: tensor<?x256xf32>, %rhs: tensor<2x4x2x16x64xi8>, %rs: tensor<64xf32>,
                %sums: tensor<64xi32>, %w: tensor<1x64x32xf16>) -> tensor<?x32xf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %x, %zero : tensor<?x256xf32>
  %codesEmpty = tensor.empty(%m) : tensor<?x256xi8>
  %scalesEmpty = tensor.empty(%m) : tensor<?xf32>
  %lhs, %ls = qopt.quantize_rows ins(%x : tensor<?x256xf32>)
    outs(%codesEmpty, %scalesEmpty : tensor<?x256xi8>, tensor<?xf32>) -> tensor<?x256xi8>, tensor<?xf32>
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
