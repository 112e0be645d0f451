// RUN: qopt-opt %s --qopt-approximate-math | FileCheck %s

// CHECK-LABEL: @polynomials
// CHECK-NOT: math.{{exp|erf|tanh|log|powf}}
// CHECK: return
func.func @polynomials(%x: f32) -> (f32, f32, f32, f32, f32) {
  %two = arith.constant 2.0 : f32
  %a = math.exp %x : f32
  %b = math.erf %x : f32
  %c = math.tanh %x : f32
  %d = math.log %x : f32
  %e = math.powf %x, %two : f32
  return %a, %b, %c, %d, %e : f32, f32, f32, f32, f32
}

// CHECK-LABEL: @libm
// CHECK: math.sin
// CHECK: math.exp %{{.*}} : f64
func.func @libm(%x: f32, %y: f64) -> (f32, f64) {
  %a = math.sin %x : f32
  %b = math.exp %y : f64
  return %a, %b : f32, f64
}

// maximumf stays whole: LLVM vectorizes it so.
// CHECK-LABEL: @maximum
// CHECK: arith.maximumf
func.func @maximum(%x: f32, %y: f32) -> f32 {
  %a = arith.maximumf %x, %y : f32
  return %a : f32
}
