// A module quantized by qopt's passes inside mlir-opt computes what it should,
// through upstream's own way to code.
// RUN: mlir-opt %s --load-dialect-plugin=%qopt_plugin --load-pass-plugin=%qopt_plugin \
// RUN:   --pass-pipeline='builtin.module(qopt-plan,qopt-select,qopt-quantize,convert-qopt-to-linalg,convert-elementwise-to-linalg,canonicalize,one-shot-bufferize{bufferize-function-boundaries},func.func(convert-linalg-to-loops),convert-scf-to-cf,expand-strided-metadata,lower-affine,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts)' \
// RUN:   | mlir-runner -e main -entry-point-result=void -shared-libs=%mlir_libs/libmlir_runner_utils.so,%mlir_libs/libmlir_c_runner_utils.so \
// RUN:   | FileCheck %s

// The codes of the first row are 64 (a half to even), 127, 0 and -2, those of the
// weight its values; the scales are 1 / 127 and 1. A row of zeros stays one.
// CHECK: {{63.9843, +129, +1.44882}}
// CHECK-NEXT: {{\[0, +0, +0\]}}
func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}

func.func @layer(%x: tensor<?x4xf32>, %init: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %w = arith.constant dense<[[127.0, 0.0, -1.0], [0.0, 127.0, 2.0], [-2.0, 1.0, 127.0], [1.0, -127.0, 3.0]]> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %fill = linalg.fill ins(%zero : f32) outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x3xf32>) outs(%fill : tensor<?x3xf32>) -> tensor<?x3xf32>
  %s = arith.addf %y, %init : tensor<?x3xf32>
  return %s : tensor<?x3xf32>
}

func.func @main() {
  %x = arith.constant dense<[[0.5, 1.0, 0.0, -0.015748031], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
  %init = arith.constant dense<0.0> : tensor<2x3xf32>
  %dynamic = tensor.cast %x : tensor<2x4xf32> to tensor<?x4xf32>
  %rows = tensor.cast %init : tensor<2x3xf32> to tensor<?x3xf32>
  %y = call @layer(%dynamic, %rows) : (tensor<?x4xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %any = tensor.cast %y : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%any) : (tensor<*xf32>) -> ()
  return
}
