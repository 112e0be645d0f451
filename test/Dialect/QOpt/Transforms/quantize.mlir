// RUN: qopt-opt %s -qopt-quantize -split-input-file 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARN < %t.err

// Column 0 has absmax 127: scale 1, codes are the values rounded, ties to even.
// Column 1 has absmax 2: scale 2/127, 0.5 * 63.5 = 31.75.
// CHECK-LABEL: @codes
// CHECK-SAME: %[[X:.*]]: tensor<?x?x6xf32>
// CHECK: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %[[X]] : tensor<?x?x6xf32> -> tensor<?x?x6xi8>, tensor<?x?xf32>
// CHECK: %[[C:.*]] = onnx.Constant {value = dense<{{\[}}[127, 32], [0, 127], [2, -127], [2, 0], [-2, 64], [-2, 95]]> : tensor<6x2xi8>}
// CHECK: %[[WS:.*]] = onnx.Constant {value = dense<[1.000000e+00, 0.0157480314]> : tensor<2xf32>}
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %[[C]], %[[WS]] : tensor<?x?x6xi8>, tensor<?x?xf32>, tensor<6x2xi8>, tensor<2xf32> -> tensor<?x?x2xf32>
#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @codes(%x: tensor<?x?x6xf32>) -> tensor<?x?x2xf32> {
  %w = onnx.Constant {value = dense<[[127.0, 0.5], [0.5, 2.0], [1.5, -2.0], [2.5, 0.0], [-1.5, 1.0], [-2.5, 1.5]]> : tensor<6x2xf32>} : tensor<6x2xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #plain} : (tensor<?x?x6xf32>, tensor<6x2xf32>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Gemm: [N, K] becomes [K, N], alpha goes into the weight, beta into the bias.
// CHECK-LABEL: @gemm
// CHECK: onnx.Constant {value = dense<{{\[}}[127, -64], [64, 127]]> : tensor<2x2xi8>}
// CHECK: onnx.Constant {value = dense<[0.0157480314, 0.0629921257]>
// CHECK: %[[BIAS:.*]] = onnx.Constant {value = dense<[5.000000e-01, 1.000000e+00]> : tensor<2xf32>}
// CHECK: qopt.quantized_matmul {{.*}} bias(%[[BIAS]] : tensor<2xf32>)
// CHECK-NOT: onnx.Gemm
#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @gemm(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<[[1.0, 0.5], [-2.0, 4.0]]> : tensor<2x2xf32>} : tensor<2x2xf32>
  %b = onnx.Constant {value = dense<[[1.0, 2.0]]> : tensor<1x2xf32>} : tensor<1x2xf32>
  %y = onnx.Gemm %x, %w, %b {alpha = 2.0 : f32, beta = 0.5 : f32, transB = 1 : i64, qopt.scheme = #plain} : (tensor<?x2xf32>, tensor<2x2xf32>, tensor<1x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A bias that is no row of the result is added behind the product.
// CHECK-LABEL: @matrix_bias
// CHECK-SAME: %[[X:.*]]: tensor<3x2xf32>, %[[B:.*]]: tensor<3x2xf32>, %[[ROW:.*]]: tensor<2xf32>
// CHECK: %[[P:.*]] = qopt.quantized_matmul
// CHECK-NOT: bias(
// CHECK: %[[F:.*]] = onnx.Constant {value = dense<3.0{{.*}}> : tensor<f32>}
// CHECK: %[[SCALED:.*]] = onnx.Mul %[[B]], %[[F]]
// CHECK: %[[Y:.*]] = onnx.Add %[[P]], %[[SCALED]]
// CHECK: qopt.quantized_matmul {{.*}} bias(%[[ROW]] : tensor<2xf32>)
#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @matrix_bias(%x: tensor<3x2xf32>, %b: tensor<3x2xf32>, %row: tensor<2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  %y = onnx.Gemm %x, %w, %b {beta = 3.0 : f32, qopt.scheme = #plain} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = onnx.Gemm %x, %w, %row {qopt.scheme = #plain} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// Static list: rows 0 and 2 of the weight are no codes and no part of absmax; their
// values are kept. One split serves both readers; another list has its own.
// CHECK-LABEL: @static
// CHECK-SAME: %[[X:.*]]: tensor<?x3xf32>
// CHECK-DAG: %[[B:.*]], %[[T:.*]], %{{.*}} = qopt.outlier_split %[[X]] mode <static> outliers [0, 2] : tensor<?x3xf32> -> tensor<?x3xf32>, tensor<?x2xf32>, tensor<2xi32>
// CHECK-DAG: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %[[B]]
// CHECK-DAG: %[[C:.*]] = onnx.Constant {value = dense<{{\[}}[0, 0], [127, -127], [0, 0]]> : tensor<3x2xi8>}
// CHECK-DAG: %[[WS:.*]] = onnx.Constant {value = dense<[1.000000e+00, 2.000000e+00]>
// CHECK-DAG: %[[TW:.*]] = onnx.Constant {value = dense<{{\[}}[1.000000e+03, 2.000000e+00], [3.000000e+00, 4.003910e+00]]> : tensor<2x2xf16>}
// CHECK-DAG: qopt.outlier_split %[[X]] mode <static> outliers [1]
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %[[C]], %[[WS]] tail(%[[T]] : tensor<?x2xf32>) tail_weight(%[[TW]] : tensor<2x2xf16>) :
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %[[C]], %[[WS]] tail(%[[T]] : tensor<?x2xf32>) tail_weight(%[[TW]] :
// CHECK: qopt.quantized_matmul
#list = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = static, threshold = 6.0 : f32>
func.func @static(%x: tensor<?x3xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = onnx.Constant {value = dense<[[1000.0, 2.0], [127.0, -254.0], [3.0, 4.003]]> : tensor<3x2xf32>} : tensor<3x2xf32>
  %0 = onnx.MatMul %x, %w {qopt.outliers = array<i64: 0, 2>, qopt.scheme = #list} : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>
  %1 = onnx.MatMul %x, %w {qopt.outliers = array<i64: 0, 2>, qopt.scheme = #list} : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>
  %2 = onnx.MatMul %x, %w {qopt.outliers = array<i64: 1>, qopt.scheme = #list} : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>
  return %0, %1, %2 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// Dynamic: codes of all rows, and the whole weight in half precision.
// CHECK-LABEL: @dynamic
// CHECK: %[[B:.*]], %[[T:.*]], %[[COLS:.*]] = qopt.outlier_split %{{.*}} mode <dynamic> threshold 6.0{{.*}} : tensor<?x2xf32> -> tensor<?x2xf32>, tensor<?x?xf32>, tensor<?xi32>
// CHECK: dense<{{\[}}[127], [-64]]> : tensor<2x1xi8>
// CHECK: %[[TW:.*]] = onnx.Constant {value = dense<{{\[}}[2.0{{.*}}], [-1.0{{.*}}]]> : tensor<2x1xf16>}
// CHECK: qopt.quantized_matmul {{.*}} tail(%[[T]] : tensor<?x?xf32>) tail_weight(%[[TW]] : tensor<2x1xf16>) columns(%[[COLS]] : tensor<?xi32>)
#dynamic = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic, threshold = 6.0 : f32>
func.func @dynamic(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = onnx.Constant {value = dense<[[2.0], [-1.0]]> : tensor<2x1xf32>} : tensor<2x1xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #dynamic} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// A tail that half precision cannot hold stays f32. An empty list is no split.
// CHECK-LABEL: @overflow
// CHECK-NOT: qopt.outlier_split {{.*}} []
// CHECK-DAG: dense<{{\[}}[6.550500e+04], [1.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: qopt.quantized_matmul {{.*}} tail({{.*}}tensor<2x1xf32>)
#dynamic = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic, threshold = 6.0 : f32>
#list = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = static, threshold = 6.0 : f32>
func.func @overflow(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = onnx.Constant {value = dense<[[65505.0], [1.0]]> : tensor<2x1xf32>} : tensor<2x1xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #dynamic} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  %z = onnx.MatMul %x, %w {qopt.outliers = array<i64>, qopt.scheme = #list} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  return %y, %z : tensor<?x1xf32>, tensor<?x1xf32>
}

// -----

// Zero and tiny channels: scale 1, codes 0, one warning for all of them. Without
// a scheme nothing changes.
// CHECK-LABEL: @zero
// CHECK: dense<{{\[}}[0, 0, 127], [0, 0, -127]]> : tensor<2x3xi8>
// CHECK: dense<[1.000000e+00, 1.000000e+00, 1.181{{.*}}E-38]>
// CHECK: onnx.MatMul {{.*}}qopt.keep
// WARN: warning: 2 all-zero weight channels in 1 tensors: they get scale 1
// WARN-NOT: warning
#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @zero(%x: tensor<?x2xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %w = onnx.Constant {value = dense<[[0.0, 1.4e-36, 1.5e-36], [0.0, 1.0e-40, -1.5e-36]]> : tensor<2x3xf32>} : tensor<2x3xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #plain} : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %z = onnx.MatMul %x, %w {qopt.keep = "a reason"} : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %y, %z : tensor<?x3xf32>, tensor<?x3xf32>
}
