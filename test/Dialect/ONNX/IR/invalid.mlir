// What a broken model can cause ends in a message that names op and rule.
// RUN: qopt-opt %s -split-input-file -verify-diagnostics

func.func @element_type(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'onnx.Less' op result #0 must be tensor of 1-bit signless integer values}}
  %0 = onnx.Less %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @cast_type(%x: tensor<4xf32>) -> tensor<4xf64> {
  // expected-error @+1 {{'onnx.Cast' op result 0 has element type 'f64', but ONNX gives it 'f16'}}
  %0 = onnx.Cast %x {to = f16} : (tensor<4xf32>) -> tensor<4xf64>
  return %0 : tensor<4xf64>
}

// -----

func.func @constant_type() -> tensor<2xf32> {
  // expected-error @+1 {{'onnx.Constant' op has a value of type 'tensor<1xf32>', but its result is 'tensor<2xf32>'}}
  %0 = onnx.Constant {value = dense<1.0> : tensor<1xf32>} : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @perm_repeats(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Transpose' op perm [0, 0] is not a permutation}}
  %0 = onnx.Transpose %x {perm = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @perm_length(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Transpose' op perm has 3 entries, but the operand has rank 2}}
  %0 = onnx.Transpose %x {perm = array<i64: 0, 2, 1>} : (tensor<2x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @axis(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{'onnx.Softmax' op axis 2 is outside [-2, 2)}}
  %0 = onnx.Softmax %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @concat_ranks(%x: tensor<2x3xf32>, %y: tensor<2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Concat' op operands have ranks 2 and 1}}
  %0 = onnx.Concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @mode(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{'onnx.Gelu' op attribute 'approximate' is "erf", expected one of "none", "tanh"}}
  %0 = onnx.Gelu %x {approximate = "erf"} : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @matmul_scalar(%x: tensor<f32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.MatMul' op does not take scalars}}
  %0 = onnx.MatMul %x, %x : (tensor<f32>, tensor<f32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @gemm_rank(%x: tensor<2x3x4xf32>, %w: tensor<4x4xf32>) -> tensor<*xf32> {
  %n = onnx.NoValue
  // expected-error @+1 {{'onnx.Gemm' op expects matrices, an operand has rank 3}}
  %0 = onnx.Gemm %x, %w, %n : (tensor<2x3x4xf32>, tensor<4x4xf32>, none) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @einsum_terms(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.Einsum' op equation "ij,jk->ik" has 2 terms for 1 operands}}
  %0 = onnx.Einsum %x {equation = "ij,jk->ik"} : (tensor<2x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @tuples(%x: tensor<2x3xf32>, %i: tensor<5x3xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{'onnx.GatherND' op index tuples of length 3 do not fit data of rank 2}}
  %0 = onnx.GatherND %x, %i : (tensor<2x3xf32>, tensor<5x3xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @fill(%s: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error @+1 {{'onnx.ConstantOfShape' op value has 2 elements, expected one}}
  %0 = onnx.ConstantOfShape %s {value = dense<[1.0, 2.0]> : tensor<2xf32>} : (tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @bit_width(%x: tensor<4xi4>) -> tensor<4xi8> {
  // expected-error @+1 {{'onnx.BitCast' op changes the width of the elements, from 'i4' to 'i8'}}
  %0 = onnx.BitCast %x {to = i8} : (tensor<4xi4>) -> tensor<4xi8>
  return %0 : tensor<4xi8>
}
