// The structure of a product on tiles, and what reaches the processor.
// RUN: qopt-opt %s --qopt-buffers --qopt-generate-kernels=isa=amx | FileCheck %s
// RUN: qopt-opt %s --qopt-buffers --qopt-variant=isa=amx | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8,+amx-bf16 \
// RUN:   | llc -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8,+amx-bf16 \
// RUN:   | grep -E 'tile|tdp|dpbusd' | FileCheck %s --check-prefix=ASM

func.func @main(%x: tensor<?x4096xi8>, %s: tensor<?xf32>, %w: tensor<3x64x2x16x64xi8>, %ws: tensor<70xf32>,
                %sums: tensor<96xi32>, %w1: tensor<33x64x2x16x64xi8>, %ws1: tensor<1056xf32>,
                %sums1: tensor<1056xi32>) -> (tensor<?x1056xf32>, tensor<?x70xf32>) {
  %zero = arith.constant 0 : index
  %m = tensor.dim %x, %zero : tensor<?x4096xi8>
  %empty1 = tensor.empty(%m) : tensor<?x1056xf32>
  %z = qopt.matmul ins(%x, %w1 : tensor<?x4096xi8>, tensor<33x64x2x16x64xi8>)
    row_scales(%s : tensor<?xf32>) column_scales(%ws1 : tensor<1056xf32>) sums(%sums1 : tensor<1056xi32>)
    outs(%empty1 : tensor<?x1056xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x1056xf32>
  %empty = tensor.empty(%m) : tensor<?x70xf32>
  %y = qopt.matmul ins(%x, %w : tensor<?x4096xi8>, tensor<3x64x2x16x64xi8>)
    row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<70xf32>) sums(%sums : tensor<96xi32>)
    outs(%empty : tensor<?x70xf32>) epilogue {
  ^bb0(%a: f32):
    qopt.yield %a : f32
  } -> tensor<?x70xf32>
  return %z, %y : tensor<?x1056xf32>, tensor<?x70xf32>
}

// The rows of a product of more columns are copied in the order of the tiles:
// 16 rows, 64 bytes of each, then their next 64 bytes.
// CHECK: func.func private @tile_rows_4096_
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-16: vector.store {{.*}} vector<64xi8>

// CHECK: func.func private @matmul_i8_4096x1056_{{[0-9a-f]+}}(
// The sums of a block, over the whole of K: there are no others.
// CHECK: %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x32xi32>
// CHECK-NOT: memref.alloca() {{.*}}x32xi32>
// A single row: codes become unsigned on their way into a vector.
// CHECK: scf.if
// CHECK: arith.xori %{{.*}} : vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK: } else {
// 2 to 16 rows: whole tiles of them, by four of columns.
// CHECK-COUNT-16: vector.store {{.*}} vector<64xi8>
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilezero.internal"
// CHECK: scf.for {{.*}} -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK-NEXT: scf.yield

// Two tiles of rows by two of columns, four loads for four products; the tiles of
// the weights are not to displace the rows in L1. The sums go from block to block:
// the first step of one stores those of the one before, each just before its tile is
// taken. Each step asks L2 for its share of the weights of the next panel; a single
// block of rows asks L1 for those of a few steps later.
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilezero.internal"
// CHECK: scf.for {{.*}} -> (index, index, index, index, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tilezero.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// CHECK: scf.for {{.*}} -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK: scf.for {{.*}} -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK: scf.for
// CHECK-COUNT-32: llvm.intr.prefetch{{.*}}hint = 3
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
// CHECK: scf.for
// CHECK-COUNT-4: llvm.intr.prefetch{{.*}}hint = 2
// CHECK: scf.yield
// The epilogue of the block before runs among the steps.
// CHECK: vector.load %[[SCRATCH]]
// CHECK: arith.sitofp
// CHECK: vector.store
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.tilestored64.internal"

// Few columns: the rows are read where they are, and nothing has to be fetched ahead.
// CHECK: func.func private @matmul_i8_4096x70_{{[0-9a-f]+}}(
// CHECK-NOT: llvm.intr.prefetch
// CHECK: vector.maskedstore

// One configuration per call and no tile in memory but the sums. The loops that
// the time is spent in: four loads and four products a step, on all of eight tiles
// but one; the first step of a block stores four tiles too.
// ASM: ldtilecfg
// ASM-NOT: ldtilecfg
// ASM-COUNT-4: tilezero
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloadd
// ASM-NEXT: tileloadd
// ASM-NEXT: tilestored
// ASM-NEXT: tilezero
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
// ASM-NEXT: tilezero
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
// ASM-NEXT: tilezero
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
// ASM-NEXT: tilezero
// ASM-NEXT: tdpbssd
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloaddt1
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tileloadd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tdpbssd
// ASM-NEXT: tilestored
