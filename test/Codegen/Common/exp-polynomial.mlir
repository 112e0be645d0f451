// RUN: qopt-opt %s --qopt-approximate-math | FileCheck %s

// One polynomial, no choice but that of 0 for what is too small.
// CHECK-LABEL: func.func @vector
// CHECK: math.roundeven %{{.*}} : vector<16xf32>
// CHECK-COUNT-7: math.fma %{{.*}} : vector<16xf32>
// CHECK: arith.bitcast %{{.*}} : vector<16xi32> to vector<16xf32>
// CHECK: arith.select
// CHECK-NOT: arith.select
// CHECK: return
func.func @vector(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK-COUNT-7: math.fma %{{.*}} : f32
func.func @scalar(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}
