// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx512vnni | FileCheck %s

// CHECK-LABEL: func.func @find
// CHECK: qopt.parallel_call @[[MARK:mark_outliers_200_[0-9a-f]+]](
// CHECK: call @[[LIST:list_outliers_200_[0-9a-f]+]](
func.func @find(%x: memref<?x?x200xf32>, %mask: memref<200xf32>, %columns: memref<200xi32>, %count: memref<1xi32>) {
  qopt.find_outliers ins(%x : memref<?x?x200xf32>)
    outs(%mask, %columns, %count : memref<200xf32>, memref<200xi32>, memref<1xi32>) threshold 6.0
  return
}
// CHECK: func.func private @[[MARK]](
// CHECK: math.absf
// CHECK: arith.cmpf oge, %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK: vector.store %{{.*}} : memref<200xf32>
// CHECK: func.func private @[[LIST]](
// CHECK: scf.for {{.*}} -> (index)
// CHECK: memref.store %{{.*}} : memref<200xi32>
// CHECK: memref.store %{{.*}} : memref<1xi32>
