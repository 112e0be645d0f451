// Dims of operators with windows, and of resampled tensors, as expressions.
// RUN: qopt-opt %s --onnx-print-shapes -split-input-file -verify-diagnostics -o /dev/null

func.func @conv(
    %x: tensor<?x3x?x32xf32> {onnx.dims = ["n", 3, "h", 32]},
    %w: tensor<8x3x3x3xf32>, %d: tensor<6x1x3x3xf32>, %t: tensor<3x4x2x2xf32>) {
  %none = onnx.NoValue
  // expected-remark @+1 {{shape [n, 8, h, 32]}}
  %0 = onnx.Conv %x, %w, %none {pads = array<i64: 1, 1, 1, 1>} : (tensor<?x3x?x32xf32>, tensor<8x3x3x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 8, floordiv(h + 1, 2), 16]}}
  %1 = onnx.Conv %x, %w, %none {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x3x?x32xf32>, tensor<8x3x3x3xf32>, none) -> tensor<*xf32>
  // SAME keeps ceil(dim / stride) whatever the kernel.
  // expected-remark @+1 {{shape [n, 8, h, 32]}}
  %2 = onnx.Conv %x, %w, %none {auto_pad = "SAME_UPPER", dilations = array<i64: 2, 2>} : (tensor<?x3x?x32xf32>, tensor<8x3x3x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 6, h - 2, 30]}}
  %3 = onnx.Conv %x, %d, %none {group = 3 : i64} : (tensor<?x3x?x32xf32>, tensor<6x1x3x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 4, 2*h, 64]}}
  %4 = onnx.ConvTranspose %x, %t, %none {strides = array<i64: 2, 2>} : (tensor<?x3x?x32xf32>, tensor<3x4x2x2xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 4, 65, 66]}}
  %5 = onnx.ConvTranspose %x, %t, %none {strides = array<i64: 2, 2>, output_shape = array<i64: 65, 66>} : (tensor<?x3x?x32xf32>, tensor<3x4x2x2xf32>, none) -> tensor<*xf32>
  return
}

// -----

// With ceil_mode a last window that starts in the padding is none.
func.func @pool(%x: tensor<1x2x5x6xf32>) {
  // expected-remark @+1 {{shape [1, 2, 2, 3]}}
  %0, %i = onnx.MaxPool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x2x5x6xf32>) -> (tensor<*xf32>, tensor<*xi64>)
  // expected-remark @+1 {{shape [1, 2, 3, 3]}}
  %1 = onnx.AveragePool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, ceil_mode = 1 : i64} : (tensor<1x2x5x6xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [1, 2, 2, 2]}}
  %2 = onnx.AveragePool %x {kernel_shape = array<i64: 1, 1>, strides = array<i64: 3, 4>, pads = array<i64: 0, 0, 0, 1>, ceil_mode = 1 : i64} : (tensor<1x2x5x6xf32>) -> tensor<*xf32>
  // expected-remark @+1 {{shape [1, 2, 1, 1]}}
  %3 = onnx.GlobalMaxPool %x : (tensor<1x2x5x6xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @resize(%x: tensor<?x3x?x10xf32> {onnx.dims = ["n", 3, "h", 10]}) {
  %none = onnx.NoValue
  %up = onnx.Constant {value = dense<[1.0, 1.0, 2.0, 0.55]> : tensor<4xf32>} : tensor<4xf32>
  %down = onnx.Constant {value = dense<0.5> : tensor<1xf32>} : tensor<1xf32>
  %sizes = onnx.Constant {value = dense<[7, 9]> : tensor<2xi64>} : tensor<2xi64>
  // expected-remark @+1 {{shape [n, 3, 2*h, 5]}}
  %0 = onnx.Resize %x, %none, %up, %none : (tensor<?x3x?x10xf32>, none, tensor<4xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 3, floordiv(h, 2), 10]}}
  %1 = onnx.Resize %x, %none, %down, %none {axes = array<i64: 2>} : (tensor<?x3x?x10xf32>, none, tensor<1xf32>, none) -> tensor<*xf32>
  // expected-remark @+1 {{shape [n, 3, 7, 9]}}
  %2 = onnx.Resize %x, %none, %none, %sizes {axes = array<i64: -2, -1>} : (tensor<?x3x?x10xf32>, none, none, tensor<2xi64>) -> tensor<*xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x4x8xf32>, %w: tensor<6x3x3xf32>, %k: tensor<6x4x2xf32>) {
  %none = onnx.NoValue
  // expected-remark @+2 {{rank is not known}}
  // expected-error @+1 {{the channels of x and w differ: 4 and 3}}
  %0 = onnx.Conv %x, %w, %none : (tensor<1x4x8xf32>, tensor<6x3x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+2 {{rank is not known}}
  // expected-error @+1 {{kernel_shape differs from the weight: 2 and 3}}
  %1 = onnx.Conv %x, %k, %none {kernel_shape = array<i64: 3>} : (tensor<1x4x8xf32>, tensor<6x4x2xf32>, none) -> tensor<*xf32>
  return
}

// -----

func.func @too_small(%x: tensor<1x4x2xf32>, %w: tensor<6x4x5xf32>) {
  %none = onnx.NoValue
  // expected-remark @+2 {{shape [1, 6, -2]}}
  // expected-error @+1 {{dim 2 of result 0 is -2}}
  %0 = onnx.Conv %x, %w, %none : (tensor<1x4x2xf32>, tensor<6x4x5xf32>, none) -> tensor<*xf32>
  return
}

// -----

func.func @attributes(%x: tensor<1x4x8xf32>, %w: tensor<4x2x3xf32>, %s: tensor<4xf32>) {
  %none = onnx.NoValue
  // expected-remark @+2 {{rank is not known}}
  // expected-error @+1 {{attribute 'output_padding' has an entry of -1}}
  %0 = onnx.ConvTranspose %x, %w, %none {output_padding = array<i64: -1>} : (tensor<1x4x8xf32>, tensor<4x2x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+2 {{rank is not known}}
  // expected-error @+1 {{output_shape has 2 entries for 1 spatial dims}}
  %1 = onnx.ConvTranspose %x, %w, %none {output_shape = array<i64: 8, 9>} : (tensor<1x4x8xf32>, tensor<4x2x3xf32>, none) -> tensor<*xf32>
  // expected-remark @+2 {{rank is not known}}
  // expected-error @+1 {{attribute 'num_groups' is 0}}
  %2 = onnx.GroupNormalization %x, %s, %s {num_groups = 0 : i64} : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<*xf32>
  return
}
