// The records beside the calls of loops: which nodes, and how operations and bytes
// follow from the sizes in the pack of the captures.
// RUN: qopt-opt %s --qopt-lower-runtime-ops=isa=avx2 | FileCheck %s

// A site for each call, with the nodes that were fused into it. What is made later
// is printed first.
// CHECK: llvm.mlir.global internal constant @site_2()
// CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
// CHECK: %[[LOOP:.*]] = llvm.mlir.addressof @kernel_loop_1 :
// CHECK: llvm.insertvalue %[[LOOP]], %{{.*}}[0]
// CHECK-NEXT: llvm.insertvalue %[[NULL]], %{{.*}}[1]
// CHECK: llvm.mlir.global internal constant @kernel_loop_1()

// CHECK: llvm.mlir.global private constant @[[THIRD:.*]]("third\00")
// CHECK: llvm.mlir.global internal constant @site_1()
// CHECK: llvm.mlir.addressof @[[THIRD]] :
// CHECK: llvm.mlir.addressof @kernel_product_8_0123ABCD :
// CHECK: llvm.mlir.global private constant @[[NODES:.*]]("first\0Asecond\00")
// CHECK: llvm.mlir.global internal constant @site_0()
// CHECK: llvm.mlir.addressof @[[NODES]] :
// CHECK: llvm.mlir.addressof @kernel_product_8_0123ABCD :

// One kernel for all calls of a function, named without its hash. Operations: 48
// times the rows of the second buffer and a dim that is known. The pack is pointer,
// i1, pointer, size: the size lies at 24.
// CHECK: llvm.mlir.global private constant @[[TYPE:.*]]("i8\00")
// CHECK: llvm.mlir.global private constant @[[NAME:.*]]("product_8\00")
// CHECK: llvm.mlir.global internal constant @kernel_product_8_0123ABCD()
// CHECK: llvm.mlir.addressof @[[NAME]] :
// CHECK: llvm.mlir.addressof @[[TYPE]] :
// CHECK: %[[FACTOR:.*]] = llvm.mlir.constant(384 : i64)
// CHECK: llvm.insertvalue %[[FACTOR]], %{{.*}}[0]
// CHECK: %[[AT:.*]] = llvm.mlir.constant(24 : i32)
// CHECK: llvm.insertvalue %[[AT]], %{{.*}}[2, 0]
// CHECK: %[[WEIGHTS:.*]] = llvm.mlir.constant(77 : i64)
// CHECK: llvm.insertvalue %[[WEIGHTS]], %{{.*}}[5]

// Bytes: of the first buffer 128, of the second 32 a row.
// CHECK: llvm.mlir.global internal constant @buffers_product_8_0123ABCD()
// CHECK: %[[WHOLE:.*]] = llvm.mlir.constant(128 : i64)
// CHECK-NEXT: llvm.insertvalue %[[WHOLE]], %{{.*}}[0]
// CHECK: %[[ROW:.*]] = llvm.mlir.constant(32 : i64)
// CHECK-NEXT: llvm.insertvalue %[[ROW]], %{{.*}}[0]
// CHECK-NOT: llvm.mlir.global internal constant

func.func @main(%a: memref<4x8xf32>, %b: memref<?x8xf32>) attributes {qopt.result_ranks = array<i64>} {
  %c0 = arith.constant 0 : index
  %flag = arith.constant true
  %n = memref.dim %b, %c0 : memref<?x8xf32>
  qopt.parallel_call @product_8_0123ABCD(%n grain %n) args(%a, %flag, %b : memref<4x8xf32>, i1, memref<?x8xf32>)
    {qopt.operations = array<i64: 48, 2, 0, 2, 1>, qopt.operand_type = i8, qopt.weight_bytes = 77 : i64}
    loc(fused["first", "second", "first"])
  qopt.parallel_call @product_8_0123ABCD(%n grain %n) args(%a, %flag, %b : memref<4x8xf32>, i1, memref<?x8xf32>)
    {qopt.operations = array<i64: 48, 2, 0, 2, 1>, qopt.operand_type = i8, qopt.weight_bytes = 77 : i64}
    loc("third")
  qopt.parallel_call @loop_1(%n grain %n) loc(unknown)
  return
}
func.func private @product_8_0123ABCD(%begin: index, %end: index, %a: memref<4x8xf32>, %flag: i1, %b: memref<?x8xf32>) {
  return
}
func.func private @loop_1(%begin: index, %end: index) {
  return
}
func.func @shapes(%n: index) {
  return
}
