// What the operations mean, in numbers: by upstream's own way to code.
// RUN: mlir-opt %s --load-dialect-plugin=%qopt_plugin --load-pass-plugin=%qopt_plugin \
// RUN:   --pass-pipeline='builtin.module(convert-qopt-to-linalg,canonicalize,one-shot-bufferize{bufferize-function-boundaries},func.func(convert-linalg-to-loops),convert-scf-to-cf,expand-strided-metadata,lower-affine,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts)' \
// RUN:   | mlir-runner -e main -entry-point-result=void -shared-libs=%mlir_libs/libmlir_runner_utils.so,%mlir_libs/libmlir_c_runner_utils.so \
// RUN:   | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>) attributes {llvm.emit_c_interface}

// One scale per token. Codes of the first row: 64, 127, 0, -2. Infinity makes its row NaN.
// CHECK: sizes = [3, 2]
// CHECK: {{63.9685, +64.5079}}
// CHECK: {{\[0, +0\]}}
// CHECK: {{\[nan, +nan\]}}
func.func @tokens(%w: tensor<4x2xi8>, %ws: tensor<2xf32>) {
  %x = arith.constant dense<[[0.5, 1.0, 0.0, -0.015748031], [0.0, 0.0, 0.0, 0.0], [1.0, 0x7F800000, 2.0, 3.0]]> : tensor<3x4xf32>
  %rows = tensor.cast %x : tensor<3x4xf32> to tensor<?x4xf32>
  %q, %s = qopt.dynamic_quantize %rows : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  %any = tensor.cast %y : tensor<?x2xf32> to tensor<*xf32>
  call @printMemrefF32(%any) : (tensor<*xf32>) -> ()
  return
}

// One scale and zero point of 51 for all: codes 102, 255, 51, 0 of 2, 8, 0 and -2.
// CHECK: sizes = [1, 2]
// CHECK: {{\[\[?250, +636\]}}
func.func @tensor(%w: tensor<4x2xi8>, %ws: tensor<2xf32>) {
  %x = arith.constant dense<[[2.0, 8.0, 0.0, -2.0]]> : tensor<1x4xf32>
  %q, %s, %z = qopt.dynamic_quantize %x granularity <tensor> : tensor<1x4xf32> -> tensor<1x4xui8>, tensor<f32>, tensor<i32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<i32>) : tensor<1x4xui8>, tensor<f32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<1x2xf32>
  %any = tensor.cast %y : tensor<1x2xf32> to tensor<*xf32>
  call @printMemrefF32(%any) : (tensor<*xf32>) -> ()
  return
}

// Column 1 is an outlier: its 100 meets a weight in half precision, the others
// have the scale 4 / 127. Two groups of rows, the last one short.
// CHECK: sizes = [1, 2]
// CHECK: {{\[\[?55, +-48\]}}
func.func @split(%w: tensor<5x2xi8>) {
  %x = arith.constant dense<[[4.0, 100.0, 0.0, 0.0, -4.0]]> : tensor<1x5xf32>
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [1] : tensor<1x5xf32> -> tensor<1x5xf32>, tensor<1x1xf32>, tensor<1xi32>
  %q, %s = qopt.dynamic_quantize %b : tensor<1x5xf32> -> tensor<1x5xi8>, tensor<1xf32>
  %ws = arith.constant dense<[[1.0, 1.0], [0.5, 0.25]]> : tensor<2x2xf32>
  %tw = arith.constant dense<[[0.5, -0.5]]> : tensor<1x2xf16>
  %bias = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws group 4 tail(%t : tensor<1x1xf32>) tail_weight(%tw : tensor<1x2xf16>) bias(%bias : tensor<2xf32>) : tensor<1x5xi8>, tensor<1xf32>, tensor<5x2xi8>, tensor<2x2xf32> -> tensor<1x2xf32>
  %any = tensor.cast %y : tensor<1x2xf32> to tensor<*xf32>
  call @printMemrefF32(%any) : (tensor<*xf32>) -> ()
  return
}

// Float activations; and a given scale for each column, there and back.
// CHECK: sizes = [1, 2]
// CHECK: {{\[\[?3, +-5\]}}
// CHECK: sizes = [1, 3]
// CHECK: {{\[\[?1, +63.5, +-2\]}}
func.func @others() {
  %x = arith.constant dense<[[1.0, -2.0]]> : tensor<1x2xf32>
  %w = arith.constant dense<[[2, -2], [-2, 4]]> : tensor<2x2xi8>
  %ws = arith.constant dense<0.5> : tensor<f32>
  %y = qopt.weight_only_matmul %x, %w, %ws : tensor<1x2xf32>, tensor<2x2xi8>, tensor<f32> -> tensor<1x2xf32>
  %any = tensor.cast %y : tensor<1x2xf32> to tensor<*xf32>
  call @printMemrefF32(%any) : (tensor<*xf32>) -> ()
  %v = arith.constant dense<[[1.2, 100.0, -2.0]]> : tensor<1x3xf32>
  %s = arith.constant dense<[0.5, 0.5, 1.0]> : tensor<3xf32>
  %q = qopt.quantize %v, %s granularity <channel> : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xi8>
  %d = qopt.dequantize %q, %s granularity <channel> : tensor<1x3xi8>, tensor<3xf32> -> tensor<1x3xf32>
  %any2 = tensor.cast %d : tensor<1x3xf32> to tensor<*xf32>
  call @printMemrefF32(%any2) : (tensor<*xf32>) -> ()
  return
}

func.func @main() {
  %w = arith.constant dense<[[127, 0], [0, 127], [1, 1], [2, -128]]> : tensor<4x2xi8>
  %ws = arith.constant dense<[1.0, 0.5]> : tensor<2xf32>
  call @tokens(%w, %ws) : (tensor<4x2xi8>, tensor<2xf32>) -> ()
  call @tensor(%w, %ws) : (tensor<4x2xi8>, tensor<2xf32>) -> ()
  %five = arith.constant dense<[[1, 0], [0, 0], [1, 1], [2, -128], [0, 0]]> : tensor<5x2xi8>
  call @split(%five) : (tensor<5x2xi8>) -> ()
  call @others() : () -> ()
  return
}
