// RUN: qopt-opt %s --qopt-lower-runtime-ops=isa=avx2 --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-DAG: llvm.func hidden @qopt_rt_fail(!llvm.ptr, !llvm.ptr, i64, i64) attributes {passthrough = ["noreturn", "cold"]}
// CHECK-DAG: llvm.mlir.global external hidden constant @qopt_weights()
// CHECK-DAG: llvm.mlir.global private constant @text_1("only {0}\00")
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[CTX:.*]]: !llvm.ptr, %[[ARGS:.*]]: !llvm.ptr)
// CHECK: llvm.load %[[ARGS]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[ARGS]][8]
// CHECK: scf.if
// CHECK: llvm.call @qopt_rt_fail(%[[CTX]],
// CHECK: %[[W:.*]] = llvm.mlir.addressof @qopt_weights
// CHECK: llvm.getelementptr %[[W]]
// CHECK: llvm.call @qopt_rt_alloc(%[[CTX]],
// CHECK: llvm.mlir.addressof @range_loop_0
// CHECK: llvm.mlir.addressof @site_0
// CHECK: llvm.call @qopt_rt_kernel(%[[CTX]],
// CHECK: llvm.call @qopt_rt_free(%[[CTX]],
// CHECK: llvm.call @qopt_rt_output(%[[CTX]],
// CHECK: llvm.call @qopt_rt_observe(%[[CTX]],
// The positions of the pointers of %w after the conversion to LLVM:
// CHECK: func.func private @loop_0
// CHECK-SAME: qopt.noalias = array<i64: 7, 8>
// CHECK: func.func @shapes(%{{.*}}: !llvm.ptr) -> index
// CHECK: llvm.func internal @range_loop_0(%{{.*}}: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: func.call @loop_0
// CHECK: llvm.func hidden @run_avx2(%[[HANDLE:.*]]: !llvm.ptr, %[[PACK:.*]]: !llvm.ptr) -> i32
// CHECK: call @main(%[[HANDLE]], %[[PACK]])
// CHECK: llvm.func hidden @shapes_avx2(
// CHECK: call @shapes
func.func @main(%x: memref<?xf32>) attributes {qopt.result_ranks = array<i64: 1>} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %ok = arith.cmpi ne, %n, %c0 : index
  qopt.require %ok, "only {0}"(%n)
  %w = qopt.weight dense<0.0> : tensor<4xf32> at 64 : memref<4xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  qopt.parallel_call @loop_0(%n grain %n) args(%a, %w : memref<?xf32>, memref<4xf32>)
  memref.dealloc %a : memref<?xf32>
  %y = qopt.output 0(%n) : memref<?xf32>
  qopt.observe %y tap 0 "node" : memref<?xf32>
  return
}
func.func private @loop_0(%begin: index, %end: index, %a: memref<?xf32>, %w: memref<4xf32> {qopt.noalias}) {
  return
}
func.func @shapes(%n: index) -> index {
  return %n : index
}

// -----

func.func @main() attributes {qopt.result_ranks = array<i64>} {
  // expected-error @+1 {{has not been placed}}
  %w = qopt.weight dense<0.0> : tensor<4xf32> : memref<4xf32>
  return
}
func.func @shapes() {
  return
}

// -----

func.func @main(%x: memref<4x64xf32>, %q: memref<4x64xi8>, %s: memref<4xf32>) attributes {qopt.result_ranks = array<i64>} {
  // expected-error @+1 {{has no kernel in this variant}}
  qopt.quantize_rows ins(%x : memref<4x64xf32>) outs(%q, %s : memref<4x64xi8>, memref<4xf32>)
  return
}
func.func @shapes() {
  return
}

// -----

// A call passes of a buffer what its type does not say: a pointer, sizes that are
// dynamic, and of a view its offset and strides.
// CHECK-LABEL: func.func @main
// CHECK: llvm.alloca %{{.*}} x !llvm.struct<(ptr, ptr, i64, ptr, i64, i64, i64, i64)>
// CHECK: llvm.func internal @range_loop_0(
// CHECK-COUNT-8: llvm.load
// CHECK-NOT: llvm.load
// CHECK: func.call @loop_0
func.func @main(%a: memref<4x8xf32>, %b: memref<?x8xf32>) attributes {qopt.result_ranks = array<i64>} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %b, %c0 : memref<?x8xf32>
  %c = memref.reinterpret_cast %b to offset: [%n], sizes: [%n, 8], strides: [%n, 1]
    : memref<?x8xf32> to memref<?x8xf32, strided<[?, 1], offset: ?>>
  qopt.parallel_call @loop_0(%n grain %n)
    args(%a, %b, %c, %n : memref<4x8xf32>, memref<?x8xf32>, memref<?x8xf32, strided<[?, 1], offset: ?>>, index)
  return
}
func.func private @loop_0(%begin: index, %end: index, %a: memref<4x8xf32>, %b: memref<?x8xf32>,
                          %c: memref<?x8xf32, strided<[?, 1], offset: ?>>, %n: index) {
  return
}
func.func @shapes(%n: index) {
  return
}
