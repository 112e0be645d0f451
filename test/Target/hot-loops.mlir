// What the compiler's own emitter makes of products: loops of dot instructions, and
// nothing of them on the stack. Blocks of 12, 8, 4, 2, 1 rows with 512 bits; of 6 or 5,
// 4, 2, 1 with 256.
//
// RUN: qopt-lower %s --isa=avx512vnni -o %t.512.so
// RUN: %python %S/Inputs/hot_loops.py %t.512.so "vpdpbusd.*zmm,5,0.9" "vfmadd.*zmm,5,0.9" | FileCheck %s --check-prefix=ZMM
// ZMM: vpdpbusd{{.*}} 0 spills
// ZMM: vfmadd{{.*}} 0 spills
// RUN: qopt-lower %s --isa=avxvnni -o %t.256.so
// RUN: %python %S/Inputs/hot_loops.py %t.256.so "\{vex\} vpdpbusd.*ymm,4,0.9" "vfmadd.*ymm,4,0.9" | FileCheck %s --check-prefix=YMM
// YMM: vpdpbusd{{.*}} 0 spills
// YMM: vfmadd{{.*}} 0 spills
// An addition beside each vpmaddwd, two instructions beside each vpmaddubsw.
// RUN: qopt-lower %s --isa=avx2 -o %t.avx2.so
// RUN: %python %S/Inputs/hot_loops.py %t.avx2.so "vpmaddubsw.*ymm,4,0.24" "vpmaddwd.*ymm,4,0.45" "vfmadd.*ymm,4,0.9" | FileCheck %s --check-prefix=AVX2
// AVX2: vpmaddubsw{{.*}} 0 spills
// AVX2: vpmaddwd{{.*}} 0 spills
// AVX2: vfmadd{{.*}} 0 spills
// AArch64, where nothing is timed: cycles by the models of processors.
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=i8mm -o %t.i8mm.so
// RUN: %python %S/Inputs/hot_loops.py %t.i8mm.so "smmla,2,0.8" --cpu=neoverse-n2:2 --cpu=neoverse-v1:4 "fmla.*4s,4,0.9" | FileCheck %s --check-prefix=I8MM
// I8MM: smmla: {{.*}} 0 spills
// I8MM: neoverse-n2:
// I8MM: neoverse-v1:
// I8MM: fmla{{.*}} 0 spills
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=dotprod -o %t.dotprod.so
// RUN: %python %S/Inputs/hot_loops.py %t.dotprod.so "sdot,4,0.75" --cpu=neoverse-n1:2 | FileCheck %s --check-prefix=DOTPROD
// DOTPROD: sdot: {{.*}} 0 spills
// DOTPROD: neoverse-n1:
// RUN: qopt-lower %s --mtriple=aarch64-linux-gnu --isa=neon -o %t.neon.so
// RUN: %python %S/Inputs/hot_loops.py %t.neon.so "sadalp,3,0.4" --cpu=neoverse-n1:1 | FileCheck %s --check-prefix=NEON
// NEON: sadalp: {{.*}} 0 spills
// NEON: neoverse-n1:
// The check itself: an instruction that is not there.
// RUN: not %python %S/Inputs/hot_loops.py %t.avx2.so "vpdpbusd" | FileCheck %s --check-prefix=NONE
// NONE: vpdpbusd: 0 of 1 loops

module attributes {onnx.source_sha256 = "00"} {
  func.func @main(%x: tensor<?x256xf32> {onnx.name = "x", onnx.dims = ["rows", 256]}) -> (tensor<?x64xf32> {onnx.name = "y"}) {
    %zero = arith.constant 0 : index
    %m = tensor.dim %x, %zero : tensor<?x256xf32>
    %w = qopt.weight dense<3> : tensor<256x256xi8> : tensor<256x256xi8>
    %ws = qopt.weight dense<0.5> : tensor<256xf32> : tensor<256xf32>
    %v = qopt.weight dense<0.5> : tensor<256x64xf32> : tensor<256x64xf32>
    %codes = tensor.empty(%m) : tensor<?x256xi8>
    %scales = tensor.empty(%m) : tensor<?xf32>
    %q, %s = qopt.quantize_rows ins(%x : tensor<?x256xf32>) outs(%codes, %scales : tensor<?x256xi8>, tensor<?xf32>) -> tensor<?x256xi8>, tensor<?xf32>
    %e0 = tensor.empty(%m) : tensor<?x256xf32>
    %h = qopt.matmul ins(%q, %w : tensor<?x256xi8>, tensor<256x256xi8>) row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<256xf32>)
      outs(%e0 : tensor<?x256xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
    } -> tensor<?x256xf32>
    %e1 = tensor.empty(%m) : tensor<?x64xf32>
    %y = qopt.matmul ins(%h, %v : tensor<?x256xf32>, tensor<256x64xf32>) outs(%e1 : tensor<?x64xf32>) epilogue {
    ^bb0(%a: f32):
      qopt.yield %a : f32
    } -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}
