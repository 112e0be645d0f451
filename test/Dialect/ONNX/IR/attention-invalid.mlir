// RUN: qopt-opt %s -split-input-file -verify-diagnostics

func.func @ranks(%q: tensor<1x2x3x4xf32>, %k: tensor<1x3x8xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{Q, K and V have different ranks}}
  %y:4 = onnx.Attention %q, %k, %k, %n, %n, %n, %n : (tensor<1x2x3x4xf32>, tensor<1x3x8xf32>, tensor<1x3x8xf32>, none, none, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @heads(%q: tensor<1x3x8xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{inputs of rank 3 need q_num_heads and kv_num_heads}}
  %y:4 = onnx.Attention %q, %q, %q, %n, %n, %n, %n {q_num_heads = 2 : i64} : (tensor<1x3x8xf32>, tensor<1x3x8xf32>, tensor<1x3x8xf32>, none, none, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @groups(%q: tensor<1x3x12xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{q_num_heads (3) must be a positive multiple of kv_num_heads (2)}}
  %y:4 = onnx.Attention %q, %q, %q, %n, %n, %n, %n {q_num_heads = 3 : i64, kv_num_heads = 2 : i64} : (tensor<1x3x12xf32>, tensor<1x3x12xf32>, tensor<1x3x12xf32>, none, none, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @past(%q: tensor<1x2x3x4xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{past_key and past_value must be given together}}
  %y:4 = onnx.Attention %q, %q, %q, %n, %q, %n, %n : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none, tensor<1x2x3x4xf32>, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @odd(%x: tensor<1x2x3x4xf32>, %c: tensor<1x3x2xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{rotary_embedding_dim 3 is not even}}
  %y = onnx.RotaryEmbedding %x, %c, %c, %n {rotary_embedding_dim = 3 : i64} : (tensor<1x2x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>, none) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @batch_axis(%x: tensor<1x2x3xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{axis 0 is the batch}}
  %y = onnx.TensorScatter %x, %x, %n {axis = -3 : i64} : (tensor<1x2x3xf32>, tensor<1x2x3xf32>, none) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @rule(%x: tensor<1x2x4xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{update_rule "gated" needs decay and forbids beta}}
  %y:2 = onnx.LinearAttention %x, %x, %x, %n, %n, %n {q_num_heads = 2 : i64, kv_num_heads = 2 : i64, update_rule = "gated"} : (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>, none, none, none) -> (tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}

// -----

func.func @activation(%x: tensor<1x2x4xf32>, %w: tensor<2x1x3xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{attribute 'activation' is "relu", expected one of "none", "silu", "swish"}}
  %y:2 = onnx.CausalConvWithState %x, %w, %n, %n {activation = "relu"} : (tensor<1x2x4xf32>, tensor<2x1x3xf32>, none, none) -> (tensor<*xf32>, tensor<*xf32>)
  return %y#0 : tensor<*xf32>
}
