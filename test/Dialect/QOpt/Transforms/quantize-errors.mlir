// RUN: qopt-opt %s -qopt-quantize -split-input-file -verify-diagnostics

// Plans that were written by hand.

#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @activations(%x: tensor<?x2xf32>, %w: tensor<2x2xf32>) -> tensor<?x2xf32> {
  // expected-error @+1 {{has a scheme, but cannot be quantized: the second operand is not a constant}}
  %y = onnx.MatMul %x, %w {qopt.scheme = #plain} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#list = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = static, threshold = 6.0 : f32>
func.func @no_list(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{has a scheme with static outliers, but no qopt.outliers}}
  %y = onnx.MatMul %x, %w {qopt.scheme = #list} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#list = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = static, threshold = 6.0 : f32>
func.func @outside(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{qopt.outliers must ascend strictly within [0, 2)}}
  %y = onnx.MatMul %x, %w {qopt.outliers = array<i64: 0, 2>, qopt.scheme = #list} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#static = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32, activation_mode = static>
func.func @no_scale(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{has a scheme with a static scale, but no qopt.activation_scale; with --calib=FILE statistics choose it}}
  %y = onnx.MatMul %x, %w {qopt.scheme = #static} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#static = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32, activation_mode = static>
func.func @zero_scale(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{qopt.activation_scale must be a positive f32 number}}
  %y = onnx.MatMul %x, %w {qopt.activation_scale = 0.0 : f32, qopt.scheme = #static} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#static = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32, activation_mode = static, asymmetric = true>
func.func @no_zero_point(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{has a scheme with a zero point, but no qopt.activation_zero_point}}
  %y = onnx.MatMul %x, %w {qopt.activation_scale = 1.0 : f32, qopt.scheme = #static} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#static = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = tensor, outliers = none, threshold = 0.0 : f32, activation_mode = static, asymmetric = true>
func.func @zero_point_range(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{qopt.activation_zero_point must be an i32 in [0, 255]}}
  %y = onnx.MatMul %x, %w {qopt.activation_scale = 1.0 : f32, qopt.activation_zero_point = 256 : i32, qopt.scheme = #static} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#groups = #qopt.scheme<weight_bits = 8, weight_granularity = group, group_size = 6, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @group_size(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{groups of 6 rows have no kernel: the size must be a multiple of 4}}
  %y = onnx.MatMul %x, %w {qopt.scheme = #groups} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#codes = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = dynamic, threshold = 6.0 : f32, tail = codes>
func.func @smoothed_codes(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{outlier columns that meet codes cannot be smoothed in the quantize step: alpha=off for this layer}}
  %y = onnx.MatMul %x, %w {qopt.scheme = #codes, qopt.smooth = dense<2.0> : tensor<2xf32>} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

#plain = #qopt.scheme<weight_bits = 8, weight_granularity = channel, activation_granularity = token, outliers = none, threshold = 0.0 : f32>
func.func @correction(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1.0> : tensor<2x2xf32>} : tensor<2x2xf32>
  // expected-error @+1 {{qopt.bias_correction must hold 2 finite f32 numbers}}
  %y = onnx.MatMul %x, %w {qopt.bias_correction = dense<2.0> : tensor<3xf32>, qopt.scheme = #plain} : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
