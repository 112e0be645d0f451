// RUN: qopt-opt %s -split-input-file -verify-diagnostics

func.func @auto_pad(%x: tensor<1x4x8xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{attribute 'auto_pad' is "SAME", expected one of "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}}
  %0 = onnx.LpPool %x {auto_pad = "SAME", kernel_shape = array<i64: 2>} : (tensor<1x4x8xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @pads(%x: tensor<1x4x8xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{attribute 'pads' has 1 entries for 1 spatial dims}}
  %0 = onnx.AveragePool %x {kernel_shape = array<i64: 2>, pads = array<i64: 1>} : (tensor<1x4x8xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @stride(%x: tensor<1x4x8xf32>, %w: tensor<4x4x1xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{attribute 'strides' has an entry of 0}}
  %0 = onnx.Conv %x, %w, %none {strides = array<i64: 0>} : (tensor<1x4x8xf32>, tensor<4x4x1xf32>, none) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @rank(%x: tensor<4x8xf32>, %w: tensor<4x4x1xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{expects at least one spatial dim, an operand has rank 2}}
  %0 = onnx.Conv %x, %w, %none : (tensor<4x8xf32>, tensor<4x4x1xf32>, none) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @group(%x: tensor<1x4x8xf32>, %w: tensor<4x4x1xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{group is 0}}
  %0 = onnx.ConvTranspose %x, %w, %none {group = 0 : i64} : (tensor<1x4x8xf32>, tensor<4x4x1xf32>, none) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @resize(%x: tensor<1x4x8xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  // expected-error @+1 {{has neither scales nor sizes}}
  %0 = onnx.Resize %x, %none, %none, %none : (tensor<1x4x8xf32>, none, none, none) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @mode(%x: tensor<1x4x8x8xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{attribute 'mode' is "bilinear", expected one of "nearest", "linear", "cubic"}}
  %0 = onnx.GridSample %x, %g {mode = "bilinear"} : (tensor<1x4x8x8xf32>, tensor<1x2x2x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
