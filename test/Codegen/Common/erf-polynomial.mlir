// RUN: qopt-opt %s --qopt-approximate-math | FileCheck %s

// One polynomial of degree 15 without division or choice between pieces; a NaN
// passes the comparisons.
// CHECK-LABEL: func.func @vector
// CHECK-COUNT-2: arith.select
// CHECK-COUNT-16: math.fma %{{.*}} : vector<16xf32>
// CHECK-NEXT: arith.mulf
// CHECK-NOT: arith.divf
func.func @vector(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.erf %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK-COUNT-16: math.fma %{{.*}} : f32
func.func @scalar(%x: f32) -> f32 {
  %0 = math.erf %x : f32
  return %0 : f32
}
