// RUN: qopt-opt %s -qopt-quantize -split-input-file | FileCheck %s

// Per tensor on both sides: scales of rank 0, the whole matrix has absmax 127.
// CHECK-LABEL: @tensor
// CHECK: %[[Q:.*]], %[[S:.*]] = qopt.dynamic_quantize %{{.*}} granularity <tensor> : tensor<?x2xf32> -> tensor<?x2xi8>, tensor<f32>
// CHECK: %[[C:.*]] = onnx.Constant {value = dense<{{\[}}[127, 0], [2, -2]]> : tensor<2x2xi8>}
// CHECK: %[[WS:.*]] = onnx.Constant {value = dense<1.000000e+00> : tensor<f32>}
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %[[C]], %[[WS]] : tensor<?x2xi8>, tensor<f32>, tensor<2x2xi8>, tensor<f32> -> tensor<?x2xf32>
#tensor = #qopt.scheme<weight_bits = 8, weight_granularity = tensor, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32>
func.func @tensor(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<[[127.0, 0.5], [1.5, -2.5]]> : tensor<2x2xf32>} : tensor<2x2xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #tensor} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Groups of 4 rows, the last one short. Unsigned codes with a zero point per row.
// CHECK-LABEL: @groups
// CHECK: %[[Q:.*]], %[[S:.*]], %[[Z:.*]] = qopt.dynamic_quantize %{{.*}} : tensor<?x6xf32> -> tensor<?x6xui8>, tensor<?xf32>, tensor<?xi32>
// CHECK: onnx.Constant {value = dense<{{\[}}[127], [-64], [0], [32], [127], [64]]> : tensor<6x1xi8>}
// CHECK: %[[WS:.*]] = onnx.Constant {value = dense<{{\[}}[1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32>}
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], %{{.*}}, %[[WS]] group 4 zero_point(%[[Z]] : tensor<?xi32>)
#groups = #qopt.scheme<weight_bits = 8, weight_granularity = group, group_size = 4, activation_granularity = token, outliers = none, threshold = 0.0 : f32, asymmetric = true>
func.func @groups(%x: tensor<?x6xf32>) -> tensor<?x1xf32> {
  %w = onnx.Constant {value = dense<[[127.0], [-64.0], [0.0], [32.0], [254.0], [128.0]]> : tensor<6x1xf32>} : tensor<6x1xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #groups} : (tensor<?x6xf32>, tensor<6x1xf32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// One group of all rows is a channel.
// CHECK-LABEL: @one_group
// CHECK: qopt.quantized_matmul {{[^g]*}} : tensor<?x2xi8>, tensor<?xf32>, tensor<2x1xi8>, tensor<1xf32>
#groups = #qopt.scheme<weight_bits = 8, weight_granularity = group, group_size = 4, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @one_group(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x1xf32>} : tensor<2x1xf32>
  %y = onnx.MatMul %x, %w {qopt.scheme = #groups} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// A given scale and zero point, and factors of smoothing in the same step; the
// rows of the weight are multiplied by what the columns are divided by.
// CHECK-LABEL: @static
// CHECK-DAG: %[[F:.*]] = onnx.Constant {value = dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32>}
// CHECK-DAG: %[[S:.*]] = onnx.Constant {value = dense<2.500000e-01> : tensor<f32>}
// CHECK-DAG: %[[Z:.*]] = onnx.Constant {value = dense<100> : tensor<i32>}
// CHECK: %[[Q:.*]] = qopt.quantize %{{.*}}, %[[S]] zero_point(%[[Z]] : tensor<i32>) factors(%[[F]] : tensor<2xf32>) granularity <tensor> : tensor<?x2xf32>, tensor<f32> -> tensor<?x2xui8>
// CHECK: onnx.Constant {value = dense<{{\[}}[127], [32]]> : tensor<2x1xi8>}
// CHECK: qopt.quantized_matmul %[[Q]], %[[S]], {{.*}} zero_point(%[[Z]] : tensor<i32>)
#static = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32, activation_mode = static, asymmetric = true>
func.func @static(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = onnx.Constant {value = dense<[[63.5], [64.0]]> : tensor<2x1xf32>} : tensor<2x1xf32>
  %y = onnx.MatMul %x, %w {qopt.activation_scale = 0.25 : f32, qopt.activation_zero_point = 100 : i32, qopt.scheme = #static, qopt.smooth = dense<[2.0, 0.5]> : tensor<2xf32>} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// Outlier columns that meet the codes: no weights beside them. Rows of their own,
// and lists with a guard, also an empty one.
// CHECK-LABEL: @outliers
// CHECK-DAG: qopt.outlier_split %{{.*}} mode <dynamic> threshold 6.0{{.*}} {keep_small}
// CHECK-DAG: qopt.outlier_split %{{.*}} mode <dynamic_row> threshold 6.0
// CHECK-DAG: qopt.outlier_split %{{.*}} mode <guarded> outliers [] threshold 6.0
// CHECK: qopt.quantized_matmul {{.*}} tail(%{{.*}} : tensor<?x?xf32>) columns(%{{.*}} : tensor<?xi32>)
// CHECK: qopt.quantized_matmul {{.*}} tail(%{{.*}} : tensor<?x?xf32>) tail_weight(%{{.*}} : tensor<2x1xf16>) columns(
// CHECK: qopt.quantized_matmul
#codes = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic, threshold = 6.0 : f32, tail = codes>
#rows = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic_row, threshold = 6.0 : f32>
#guarded = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = guarded, threshold = 6.0 : f32>
func.func @outliers(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x1xf32>} : tensor<2x1xf32>
  %0 = onnx.MatMul %x, %w {qopt.scheme = #codes} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  %1 = onnx.MatMul %x, %w {qopt.scheme = #rows} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  %2 = onnx.MatMul %x, %w {qopt.outliers = array<i64>, qopt.scheme = #guarded} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  return %0, %1, %2 : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}

// -----

// Weight-only: floats as they are; factors of smoothing cancel. A correction is
// the bias where there is none, or part of it.
// CHECK-LABEL: @weight_only
// CHECK-SAME: %[[X:.*]]: tensor<?x2xf32>
// CHECK-DAG: %[[C:.*]] = onnx.Constant {value = dense<{{\[}}[127], [-64]]> : tensor<2x1xi8>}
// CHECK-DAG: %[[B0:.*]] = onnx.Constant {value = dense<5.000000e-01> : tensor<1xf32>}
// CHECK: qopt.weight_only_matmul %[[X]], %[[C]], %{{.*}} bias(%[[B0]] : tensor<1xf32>) : tensor<?x2xf32>, tensor<2x1xi8>, tensor<1xf32> -> tensor<?x1xf32>
// CHECK: %[[B1:.*]] = onnx.Constant {value = dense<2.500000e+00> : tensor<1xf32>}
// CHECK: qopt.weight_only_matmul %[[X]], %[[C]], %{{.*}} bias(%[[B1]] : tensor<1xf32>)
#bytes = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = none, outliers = none, threshold = 0.0 : f32>
func.func @weight_only(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = onnx.Constant {value = dense<[[2.0], [-1.0]]> : tensor<2x1xf32>} : tensor<2x1xf32>
  %b = onnx.Constant {value = dense<2.0> : tensor<1xf32>} : tensor<1xf32>
  %0 = onnx.MatMul %x, %w {qopt.bias_correction = dense<0.5> : tensor<1xf32>, qopt.scheme = #bytes, qopt.smooth = dense<3.0> : tensor<2xf32>} : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  %1 = onnx.Gemm %x, %w, %b {qopt.bias_correction = dense<0.5> : tensor<1xf32>, qopt.scheme = #bytes} : (tensor<?x2xf32>, tensor<2x1xf32>, tensor<1xf32>) -> tensor<?x1xf32>
  return %0, %1 : tensor<?x1xf32>, tensor<?x1xf32>
}

// -----

// The longest products whose sums fit i32, signed and unsigned, and longer ones:
// groups with one scale. Float sums need none.
// CHECK-LABEL: @long
// CHECK: qopt.quantized_matmul {{[^g]*}} : tensor<?x133144xi8>, tensor<?xf32>, tensor<133144x1xi8>, tensor<1xf32>
// CHECK: qopt.quantized_matmul {{.*}} group 133120 : tensor<?x133145xi8>, tensor<?xf32>, tensor<133145x1xi8>, tensor<2x1xf32>
// CHECK: qopt.quantized_matmul {{.*}} group 66304 zero_point({{.*}} : tensor<?x133144xui8>, tensor<?xf32>, tensor<133144x1xi8>, tensor<3x1xf32>
// CHECK: qopt.weight_only_matmul {{.*}} : tensor<?x133145xf32>, tensor<133145x1xi8>, tensor<1xf32>
#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
#zero = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32, asymmetric = true>
#bytes = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = none, outliers = none, threshold = 0.0 : f32>
func.func @long(%x: tensor<?x133144xf32>, %x2: tensor<?x133145xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = onnx.Constant {value = dense<1.0> : tensor<133144x1xf32>} : tensor<133144x1xf32>
  %w2 = onnx.Constant {value = dense<1.0> : tensor<133145x1xf32>} : tensor<133145x1xf32>
  %0 = onnx.MatMul %x, %w {qopt.scheme = #plain} : (tensor<?x133144xf32>, tensor<133144x1xf32>) -> tensor<?x1xf32>
  %1 = onnx.MatMul %x2, %w2 {qopt.scheme = #plain} : (tensor<?x133145xf32>, tensor<133145x1xf32>) -> tensor<?x1xf32>
  %2 = onnx.MatMul %x, %w {qopt.scheme = #zero} : (tensor<?x133144xf32>, tensor<133144x1xf32>) -> tensor<?x1xf32>
  %3 = onnx.MatMul %x2, %w2 {qopt.scheme = #bytes} : (tensor<?x133145xf32>, tensor<133145x1xf32>) -> tensor<?x1xf32>
  return %0, %1, %2, %3 : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}
