// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx512vnni | FileCheck %s --check-prefix=TABLE
// RUN: qopt-opt %s --qopt-generate-kernels=isa=avx2 | FileCheck %s --check-prefix=POLYNOMIAL

// Registers of 512 bits hold the coefficients of 32 polynomials: five
// permutations fetch those of each lane. Others leave erf to qopt-approximate-math.
// TABLE-LABEL: func.func private @matmul_
// TABLE-NOT: math.erf
// TABLE-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
// TABLE: math.copysign
// POLYNOMIAL-LABEL: func.func private @matmul_
// POLYNOMIAL-NOT: vpermi2var
// POLYNOMIAL: math.erf %{{.*}} : vector<8xf32>
func.func @gelu(%x: memref<?x64xf32>, %w: memref<1x64x32xf32>, %y: memref<?x32xf32>) {
  qopt.matmul ins(%x, %w : memref<?x64xf32>, memref<1x64x32xf32>) outs(%y : memref<?x32xf32>) epilogue {
  ^bb0(%a: f32):
    %e = math.erf %a : f32
    qopt.yield %e : f32
  }
  return
}
