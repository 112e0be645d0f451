// Convolutions are listed, and stay in float with their weight as it is.
// RUN: qopt-opt %s --qopt-plan="scheme=w8a8" | FileCheck %s
// RUN: qopt-opt %s --qopt-plan="scheme=w8a8" --qopt-print-plan -o /dev/null | FileCheck %s --check-prefix=TABLE
// RUN: qopt-opt %s --qopt-plan="scheme=w8a8" --qopt-float-weights="type=f16" | FileCheck %s --check-prefix=WEIGHTS

// CHECK: onnx.Conv {{.*}}qopt.keep = "convolution"
// CHECK: onnx.ConvTranspose {{.*}}qopt.keep = "convolution"
// TABLE: conv 256x64x3x3 float 589824 589824 convolution
// TABLE: 0 quantized, 2 in float
// WEIGHTS-NOT: f16
func.func @main(%x: tensor<1x64x?x?xf32>) -> tensor<1x3x?x?xf32> {
  %none = onnx.NoValue
  %w = onnx.Constant {value = dense<0.5> : tensor<256x64x3x3xf32>} : tensor<256x64x3x3xf32>
  %t = onnx.Constant {value = dense<0.5> : tensor<256x3x2x2xf32>} : tensor<256x3x2x2xf32>
  %0 = onnx.Conv %x, %w, %none : (tensor<1x64x?x?xf32>, tensor<256x64x3x3xf32>, none) -> tensor<1x256x?x?xf32> loc("conv")
  %1 = onnx.ConvTranspose %0, %t, %none {strides = array<i64: 2, 2>} : (tensor<1x256x?x?xf32>, tensor<256x3x2x2xf32>, none) -> tensor<1x3x?x?xf32> loc("up")
  return %1 : tensor<1x3x?x?xf32>
}
