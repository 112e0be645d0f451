// RUN: qopt-opt %s --qopt-mark-no-alias | FileCheck %s

// CHECK-LABEL: llvm.func @f
// CHECK-SAME: (%arg0: !llvm.ptr {llvm.noalias}, %arg1: !llvm.ptr, %arg2: i64)
// CHECK-NOT: qopt.noalias
// Positions that are no pointers are left alone.
llvm.func @f(%a: !llvm.ptr, %b: !llvm.ptr, %n: i64) attributes {qopt.noalias = array<i64: 0, 2, 7>} {
  llvm.return
}
