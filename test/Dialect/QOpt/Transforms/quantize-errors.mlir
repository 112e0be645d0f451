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
