// The structure of a product on tiles, and what reaches the processor.
// RUN: qopt-opt %s --qopt-buffers --qopt-generate-kernels=isa=amx | FileCheck %s
// RUN: qopt-opt %s --qopt-buffers --qopt-variant=isa=amx | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8 \
// RUN:   | llc -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8 \
// RUN:   | grep -E 'tile|tdp|dpbusd' | FileCheck %s --check-prefix=ASM

func.func @main(%x: tensor<?x4096xi8>, %s: tensor<?xf32>, %w: tensor<3x64x2x16x64xi8>, %ws: tensor<70xf32>,
                %sums: tensor<96xi32>) -> tensor<?x70xf32> {
  %zero = arith.constant 0 : index
  %m = tensor.dim %x, %zero : tensor<?x4096xi8>
  %empty = tensor.empty(%m) : tensor<?x70xf32>
  %y = qopt.matmul ins(%x, %w : tensor<?x4096xi8>, tensor<3x64x2x16x64xi8>)
    row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<70xf32>) sums(%sums : tensor<96xi32>)
    outs(%empty : tensor<?x70xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

// CHECK: func.func private @matmul_i8_4096x70_{{[0-9a-f]+}}(
// CHECK: %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x32xi32>
// Fewer than 16 rows: codes become unsigned on their way into a vector.
// CHECK: scf.if
// CHECK: arith.xori %{{.*}} : vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK: } else {

// Two tiles of rows by two of columns, four loads for four products; the tiles of
// the weights are not to displace the rows in L1.
// CHECK: scf.if
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilezero.internal"
// CHECK: scf.for {{.*}} -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK-NEXT: scf.yield
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// One tile of rows.
// CHECK: } else {
// CHECK: scf.for {{.*}} -> (!llvm.x86_amx, !llvm.x86_amx)
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// The epilogue, of whole columns and of the last 6.
// CHECK: vector.load %[[SCRATCH]]
// CHECK: arith.sitofp
// CHECK: vector.store
// CHECK: vector.load %[[SCRATCH]]
// CHECK: vector.maskedstore

// One configuration per call, and no tile in memory but the sums.
// ASM: ldtilecfg
// ASM: vpdpbusd {{.*}}%zmm
// ASM-NOT: tile
// ASM-COUNT-4: tilezero
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
// ASM-NEXT: tilestored
// ASM-NEXT: tilestored
// ASM-NEXT: tilestored
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
// ASM-NEXT: tilestored
// ASM-NOT: ldtilecfg
// ASM: tilerelease
