// RUN: qopt-lower %s --emit=linalg -o - | FileCheck %s --check-prefix=LINALG
// RUN: qopt-lower %s --emit=llvm --isa=avx2 -o - | FileCheck %s --check-prefix=LLVM
// RUN: qopt-lower %s --emit=asm --isa=avx512vnni -o - | FileCheck %s --check-prefix=ZMM
// RUN: qopt-lower %s --emit=asm --isa=avx2 -o - | FileCheck %s --check-prefix=YMM
// RUN: qopt-lower %s --emit=obj -o %t.o
// RUN: llvm-nm %t.o | FileCheck %s --check-prefix=OBJ
// RUN: not qopt-lower %s --isa=neon -o %t.so 2>&1 | FileCheck %s --check-prefix=ISA

// LINALG: linalg.generic
// LLVM: ; variant avx2
// LLVM: define {{.*}} @run_avx2(ptr
// LLVM: call void @qopt_rt_kernel(ptr %0,

// exp is a polynomial, on whole vectors of the variant.
// ZMM: # variant avx512vnni
// ZMM-NOT: expf
// ZMM: vfmadd{{.*}}zmm
// YMM: # variant avx2
// YMM-NOT: zmm
// YMM: vfmadd{{.*}}ymm

// OBJ-DAG: qopt_model_descriptor
// OBJ-DAG: run_avx2
// OBJ-DAG: run_avx512vnni
// OBJ-DAG: U qopt_rt_kernel

// ISA: unknown instruction set 'neon'

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<?x256xf32> {onnx.name = "x"}) -> (tensor<?x256xf32> {onnx.name = "y"}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x256xf32>) outs(%e : tensor<?x256xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x256xf32>
  %reversed = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 255 - d1)>, #id], iterator_types = ["parallel", "parallel"]} ins(%exp : tensor<?x256xf32>) outs(%e : tensor<?x256xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x256xf32>
  return %reversed : tensor<?x256xf32>
}
