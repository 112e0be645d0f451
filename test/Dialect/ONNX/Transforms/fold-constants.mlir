// RUN: qopt-opt %s --onnx-fold-constants -split-input-file | FileCheck %s
// RUN: qopt-opt %s --onnx-fold-constants="max-result-bytes=16" -split-input-file | FileCheck %s --check-prefix=BUDGET

// CHECK-LABEL: func.func @arithmetic
func.func @arithmetic() -> (tensor<f32>, tensor<2xi64>, tensor<2xi1>, tensor<3xf32>) {
  // The scale of attention: sqrt of a head size that came as an integer.
  %d = onnx.Constant {value = dense<64> : tensor<i64>} : tensor<i64>
  %0 = onnx.Cast %d {to = f32} : (tensor<i64>) -> tensor<f32>
  %1 = onnx.Sqrt %0 : (tensor<f32>) -> tensor<f32>
  // CHECK: dense<8.000000e+00> : tensor<f32>
  %a = onnx.Constant {value = dense<[7, -7]> : tensor<2xi64>} : tensor<2xi64>
  %b = onnx.Constant {value = dense<2> : tensor<i64>} : tensor<i64>
  // Integers truncate toward zero.
  // CHECK: dense<[3, -3]> : tensor<2xi64>
  %2 = onnx.Div %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  // CHECK: dense<[true, false]> : tensor<2xi1>
  %3 = onnx.Greater %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi1>
  %e = onnx.Constant {value = dense<[0.5, 1.5, -2.5]> : tensor<3xf32>} : tensor<3xf32>
  // CHECK: dense<[0.000000e+00, 2.000000e+00, -2.000000e+00]> : tensor<3xf32>
  %4 = onnx.Round %e : (tensor<3xf32>) -> tensor<3xf32>
  return %1, %2, %3, %4 : tensor<f32>, tensor<2xi64>, tensor<2xi1>, tensor<3xf32>
}

// -----

// CHECK-LABEL: func.func @movement
func.func @movement() -> (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2x4xf32>, tensor<2x3xf32>, tensor<4x3xf32>) {
  %n = onnx.NoValue
  %c = onnx.Constant {value = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>} : tensor<2x3xf32>
  // CHECK: {{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]
  %0 = onnx.Transpose %c : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // Columns 2 and 0, in this order.
  %from = onnx.Constant {value = dense<-1> : tensor<1xi64>} : tensor<1xi64>
  %to = onnx.Constant {value = dense<-100> : tensor<1xi64>} : tensor<1xi64>
  %axis = onnx.Constant {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %step = onnx.Constant {value = dense<-2> : tensor<1xi64>} : tensor<1xi64>
  // CHECK: {{\[\[}}3.000000e+00, 1.000000e+00], [6.000000e+00, 4.000000e+00]]
  %1 = onnx.Slice %c, %from, %to, %axis, %step : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x2xf32>
  %i = onnx.Constant {value = dense<[0, -1, 0, 1]> : tensor<4xi64>} : tensor<4xi64>
  // CHECK: {{\[\[}}1.000000e+00, 3.000000e+00, 1.000000e+00, 2.000000e+00], [4.000000e+00, 6.000000e+00, 4.000000e+00, 5.000000e+00]]
  %2 = onnx.Gather %c, %i {axis = 1 : i64} : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<2x4xf32>
  // CHECK: {{\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00], [0.000000e+00, 5.000000e+00, 6.000000e+00]]
  %3 = onnx.Trilu %c, %n : (tensor<2x3xf32>, none) -> tensor<2x3xf32>
  // CHECK: {{\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00], [1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00]]
  %4 = onnx.Concat %c, %c {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %0, %1, %2, %3, %4 : tensor<3x2xf32>, tensor<2x2xf32>, tensor<2x4xf32>, tensor<2x3xf32>, tensor<4x3xf32>
}

// -----

// A mask as old exporters build it. One repeated value stays one value, whatever
// the size; the budget is for data.
// CHECK-LABEL: func.func @splat
// CHECK-NEXT: onnx.Constant {value = dense<-1.000000e+04> : tensor<1024x1024xf32>}
// CHECK-NEXT: return
func.func @splat() -> tensor<1024x1024xf32> {
  %s = onnx.Constant {value = dense<1024> : tensor<2xi64>} : tensor<2xi64>
  %0 = onnx.ConstantOfShape %s {value = dense<1.0> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<1024x1024xf32>
  %f = onnx.Constant {value = dense<-10000.0> : tensor<f32>} : tensor<f32>
  %1 = onnx.Mul %0, %f : (tensor<1024x1024xf32>, tensor<f32>) -> tensor<1024x1024xf32>
  return %1 : tensor<1024x1024xf32>
}

// -----

// CHECK-LABEL: func.func @too_large
// BUDGET-LABEL: func.func @too_large
func.func @too_large(%x: tensor<1x2xf32>) -> (tensor<2x3xf32>, tensor<1x3xf32>) {
  %c = onnx.Constant {value = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>} : tensor<2x3xf32>
  // CHECK-NOT: onnx.Neg
  // BUDGET: onnx.Neg
  %0 = onnx.Neg %c : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // Weights of products are exempt: the product needs a constant.
  // CHECK-NOT: onnx.Transpose
  // BUDGET-NOT: onnx.Transpose
  %w = onnx.Constant {value = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>} : tensor<3x2xf32>
  %t = onnx.Transpose %w : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %1 = onnx.MatMul %x, %t : (tensor<1x2xf32>, tensor<2x3xf32>) -> tensor<1x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<1x3xf32>
}

// -----

// What is not defined, or out of range, is left for run time.
// CHECK-LABEL: func.func @left_alone
func.func @left_alone() -> (tensor<i64>, tensor<i8>, tensor<*xi64>) {
  %a = onnx.Constant {value = dense<1> : tensor<i64>} : tensor<i64>
  %z = onnx.Constant {value = dense<0> : tensor<i64>} : tensor<i64>
  // CHECK: onnx.Div
  %0 = onnx.Div %a, %z : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %f = onnx.Constant {value = dense<1.0e9> : tensor<f32>} : tensor<f32>
  // CHECK: onnx.Cast
  %1 = onnx.Cast %f {to = i8} : (tensor<f32>) -> tensor<i8>
  // The size depends on the data, which is known.
  // CHECK: dense<{{\[\[}}0, 2]]> : tensor<1x2xi64>
  // CHECK-NOT: onnx.NonZero
  %v = onnx.Constant {value = dense<[3, 0, 1]> : tensor<3xi64>} : tensor<3xi64>
  %2 = onnx.NonZero %v : (tensor<3xi64>) -> tensor<*xi64>
  return %0, %1, %2 : tensor<i64>, tensor<i8>, tensor<*xi64>
}

// -----

// Tensors without elements.
// CHECK-LABEL: func.func @empty
// CHECK: dense<> : tensor<0x2xf32>
// CHECK: dense<[1, 2]> : tensor<2xi64>
func.func @empty() -> (tensor<0x2xf32>, tensor<2xi64>) {
  %e = onnx.Constant {value = dense<> : tensor<0x2xf32>} : tensor<0x2xf32>
  %0 = onnx.Neg %e : (tensor<0x2xf32>) -> tensor<0x2xf32>
  %i = onnx.Constant {value = dense<> : tensor<0xi64>} : tensor<0xi64>
  %j = onnx.Constant {value = dense<[1, 2]> : tensor<2xi64>} : tensor<2xi64>
  %1 = onnx.Concat %i, %j {axis = 0 : i64} : (tensor<0xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %0, %1 : tensor<0x2xf32>, tensor<2xi64>
}

// -----

// 2^38 equal numbers are no memory, but nobody wants to wait for their maximum.
// CHECK-LABEL: @long_splat
func.func @long_splat() -> tensor<f32> {
  %none = onnx.NoValue
  %big = onnx.Constant {value = dense<1.0> : tensor<524288x524288xf32>} : tensor<524288x524288xf32>
  // CHECK: onnx.ReduceMax
  %m = onnx.ReduceMax %big, %none {keepdims = 0 : i64} : (tensor<524288x524288xf32>, none) -> tensor<f32>
  return %m : tensor<f32>
}
