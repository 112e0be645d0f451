// RUN: qopt-opt %s -convert-qopt-to-onnx -split-input-file -verify-diagnostics

func.func @codes_from_outside(%q: tensor<?x4xi8>, %s: tensor<?xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  // expected-error @+1 {{cannot be exported: its codes come from something else than a quantize step}}
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @weight_from_outside(%x: tensor<?x4xf32>, %w: tensor<4x2xi8>) -> tensor<?x2xf32> {
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  // expected-error @+1 {{cannot be exported: its weight is not a constant}}
  %y = qopt.weight_only_matmul %x, %w, %ws : tensor<?x4xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

func.func @given_scale_per_row(%x: tensor<?x4xf32>, %s: tensor<?xf32>) -> tensor<?x4xi8> {
  // expected-error @+1 {{an activation with given scales has one per tensor in ONNX}}
  %q = qopt.quantize %x, %s granularity <token> : tensor<?x4xf32>, tensor<?xf32> -> tensor<?x4xi8>
  return %q : tensor<?x4xi8>
}

// -----

func.func @codes_leave(%x: tensor<?x4xf32>) -> tensor<?x4xi8> {
  %q, %s = qopt.dynamic_quantize %x : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  // expected-error @+1 {{it reads codes and is no product}}
  return %q : tensor<?x4xi8>
}

// -----

func.func @no_form(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{cannot be exported: qopt.observe has no form in ONNX}}
  qopt.observe %x tap 0 "node" : tensor<?x4xf32>
  return
}
