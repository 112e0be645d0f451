// What a kernel asks of AMX and VNNI becomes code for every x86-64-v3.
// RUN: qopt-opt %s --qopt-emulate-instructions --split-input-file --verify-diagnostics | FileCheck %s

// A tile is a value; loads, stores and products are calls over three tiles in memory.
// CHECK-LABEL: func.func @tiles
// CHECK-COUNT-3: llvm.alloca %{{.*}} x i8 {alignment = 64 : i64}
// CHECK: scf.for {{.*}} -> (vector<256xi32>)
// CHECK: call @emulated_tile_load
// CHECK: call @emulated_tile_load
// CHECK: call @emulated_tile_product
// CHECK: scf.yield %{{.*}} : vector<256xi32>
// CHECK: call @emulated_tile_store
// CHECK-NOT: x86_amx
// CHECK-LABEL: func.func private @emulated_tile_load
func.func @tiles(%p: !llvm.ptr, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = arith.constant 16 : i16
  %width = arith.constant 64 : i16
  %stride = arith.constant 64 : i64
  %zero = llvm.call_intrinsic "llvm.x86.tilezero.internal"(%rows, %width) : (i16, i16) -> !llvm.x86_amx
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (!llvm.x86_amx) {
    %a = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%rows, %width, %p, %stride) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
    %b = llvm.call_intrinsic "llvm.x86.tileloaddt164.internal"(%rows, %width, %p, %stride) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
    %next = llvm.call_intrinsic "llvm.x86.tdpbssd.internal"(%rows, %width, %width, %acc, %a, %b) : (i16, i16, i16, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx) -> !llvm.x86_amx
    scf.yield %next : !llvm.x86_amx
  }
  llvm.call_intrinsic "llvm.x86.tilestored64.internal"(%rows, %width, %p, %stride, %sum) : (i16, i16, !llvm.ptr, i64, !llvm.x86_amx) -> ()
  return
}

// -----

// Four products of the bytes of a word: those of the left are unsigned.
// CHECK-LABEL: func.func @dot
// CHECK-COUNT-4: arith.shrui
// CHECK-NOT: call_intrinsic
func.func @dot(%acc: vector<16xi32>, %a: vector<64xi8>, %b: vector<64xi8>) -> vector<16xi32> {
  %sum = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %a, %b) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  return %sum : vector<16xi32>
}

// -----

// Two of half the width; what x86-64-v3 has stays.
// CHECK-LABEL: func.func @halves
// CHECK-COUNT-2: "llvm.x86.avx.cvt.ps2dq.256"
// CHECK-COUNT-2: "llvm.x86.avx2.packssdw"
// CHECK: "llvm.x86.avx2.pmadd.wd"
func.func @halves(%x: vector<16xf32>, %v: vector<16xi16>) -> (vector<32xi16>, vector<8xi32>) {
  %all = arith.constant -1 : i16
  %even = arith.constant 8 : i32
  %zero = arith.constant dense<0> : vector<16xi32>
  %w = llvm.call_intrinsic "llvm.x86.avx512.mask.cvtps2dq.512"(%x, %zero, %all, %even) : (vector<16xf32>, vector<16xi32>, i16, i32) -> vector<16xi32>
  %h = llvm.call_intrinsic "llvm.x86.avx512.packssdw.512"(%w, %w) : (vector<16xi32>, vector<16xi32>) -> vector<32xi16>
  %m = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%v, %v) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
  return %h, %m : vector<32xi16>, vector<8xi32>
}

// -----

// Tiles of bfloat16 have sums of their own for even and odd products; a look-up goes
// by way of memory.
// CHECK-LABEL: func.func @halves_and_tables
// CHECK: call @emulated_tile_product_bf16
// CHECK-COUNT-16: vector.insert
// CHECK-LABEL: func.func private @emulated_tile_product_bf16
// CHECK-COUNT-2: vector.fma
func.func @halves_and_tables(%p: !llvm.ptr, %x: vector<16xf32>, %i: vector<16xi32>) -> vector<16xf32> {
  %rows = arith.constant 16 : i16
  %width = arith.constant 64 : i16
  %stride = arith.constant 64 : i64
  %zero = llvm.call_intrinsic "llvm.x86.tilezero.internal"(%rows, %width) : (i16, i16) -> !llvm.x86_amx
  %sum = llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%rows, %width, %width, %zero, %zero, %zero) : (i16, i16, i16, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx) -> !llvm.x86_amx
  llvm.call_intrinsic "llvm.x86.tilestored64.internal"(%rows, %width, %p, %stride, %sum) : (i16, i16, !llvm.ptr, i64, !llvm.x86_amx) -> ()
  %y = llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"(%x, %i, %x) : (vector<16xf32>, vector<16xi32>, vector<16xf32>) -> vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// A power of two multiplies as a double, which rounds once.
// CHECK-LABEL: func.func @scale
// CHECK: arith.mulf {{.*}} : vector<16xf64>
// CHECK: arith.truncf
func.func @scale(%x: vector<16xf32>, %n: vector<16xf32>) -> vector<16xf32> {
  %all = arith.constant -1 : i16
  %current = arith.constant 4 : i32
  %y = llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%x, %n, %x, %all, %current) : (vector<16xf32>, vector<16xf32>, vector<16xf32>, i16, i32) -> vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// Not quietly something else: masked, and unknown.
func.func @masked(%x: vector<16xf32>, %some: i16) -> vector<16xi32> {
  %even = arith.constant 8 : i32
  %zero = arith.constant dense<0> : vector<16xi32>
  // expected-error @+1 {{has no emulation: llvm.x86.avx512.mask.cvtps2dq.512}}
  %w = llvm.call_intrinsic "llvm.x86.avx512.mask.cvtps2dq.512"(%x, %zero, %some, %even) : (vector<16xf32>, vector<16xi32>, i16, i32) -> vector<16xi32>
  return %w : vector<16xi32>
}

// -----

func.func @unknown(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-error @+1 {{has no emulation: llvm.x86.avx512.rsqrt28.ps}}
  %w = llvm.call_intrinsic "llvm.x86.avx512.rsqrt28.ps"(%x) : (vector<16xf32>) -> vector<16xf32>
  return %w : vector<16xf32>
}
