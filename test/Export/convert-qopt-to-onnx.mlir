// RUN: qopt-opt %s -convert-qopt-to-onnx -split-input-file | FileCheck %s

// One scale per row: divided out in front, multiplied behind; the pair between
// has the scale 1. The last op of a product carries the name of its node.

// CHECK-LABEL: func.func @per_token
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
func.func @per_token(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %b = onnx.Constant {value = dense<1.0> : tensor<2xf32>} : tensor<2xf32>
  // CHECK: %[[WD:.*]] = onnx.DequantizeLinear %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4x2xi8>, tensor<2xf32>, none)
  // CHECK: %[[ABS:.*]] = onnx.Abs %[[X]]
  // CHECK: %[[AXIS:.*]] = onnx.Constant {value = dense<-1> : tensor<1xi64>}
  // CHECK: %[[MAX:.*]] = onnx.ReduceMax %[[ABS]], %[[AXIS]] :
  // CHECK: %[[LEAST:.*]] = onnx.Constant {value = dense<1.49
  // CHECK: %[[A:.*]] = onnx.Max %[[MAX]], %[[LEAST]]
  // CHECK: %[[MOST:.*]] = onnx.Constant {value = dense<1.270000e+02>
  // CHECK: %[[S:.*]] = onnx.Div %[[A]], %[[MOST]]
  // CHECK: %[[R:.*]] = onnx.Div %[[MOST]], %[[A]]
  // CHECK: %[[V:.*]] = onnx.Mul %[[X]], %[[R]]
  // CHECK: %[[ONE:.*]] = onnx.Constant {value = dense<1.000000e+00>
  // CHECK: %[[Z:.*]] = onnx.Constant {value = dense<0> : tensor<i8>}
  // CHECK: %[[Q:.*]] = onnx.QuantizeLinear %[[V]], %[[ONE]], %[[Z]]
  // CHECK: %[[D:.*]] = onnx.DequantizeLinear %[[Q]], %[[ONE]], %[[Z]]
  %q, %s = qopt.dynamic_quantize %x : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  // CHECK: %[[P:.*]] = onnx.MatMul %[[D]], %[[WD]]
  // CHECK: %[[PS:.*]] = onnx.Mul %[[P]], %[[S]]
  // CHECK: %[[Y:.*]] = onnx.Add %[[PS]], %{{.*}} -> tensor<?x2xf32>
  // CHECK: return %[[Y]]
  // CHECK-NOT: qopt.
  %y = qopt.quantized_matmul %q, %s, %w, %ws bias(%b : tensor<2xf32>) : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Two products share the activation and the weight.

// CHECK-LABEL: func.func @shared
// CHECK-COUNT-1: onnx.QuantizeLinear
// CHECK-NOT: onnx.QuantizeLinear
// CHECK: %[[P:.*]] = onnx.MatMul %[[D:.*]], %[[W:.*]] :
// CHECK: onnx.MatMul %[[D]], %[[W]] :
func.func @shared(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %q, %s = qopt.dynamic_quantize %x : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  %z = qopt.quantized_matmul %q, %s, %w, %ws : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// A scale and zero point of the whole tensor are what ONNX's own operators have.

// CHECK-LABEL: func.func @static
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK: %[[S:.*]] = onnx.Constant {value = dense<2.500000e-01>
// CHECK: %[[Z:.*]] = onnx.Constant {value = dense<100> : tensor<ui8>}
// CHECK: %[[Q:.*]] = onnx.QuantizeLinear %[[X]], %[[S]], %[[Z]]
// CHECK: %[[D:.*]] = onnx.DequantizeLinear %[[Q]], %[[S]], %[[Z]]
// CHECK: %[[Y:.*]] = onnx.MatMul %[[D]],
// CHECK-NEXT: return %[[Y]]
func.func @static(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %s = onnx.Constant {value = dense<0.25> : tensor<f32>} : tensor<f32>
  %z = onnx.Constant {value = dense<100> : tensor<i32>} : tensor<i32>
  %q = qopt.quantize %x, %s zero_point(%z : tensor<i32>) granularity <tensor> : tensor<?x4xf32>, tensor<f32> -> tensor<?x4xui8>
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<i32>) : tensor<?x4xui8>, tensor<f32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @dynamic_tensor
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK: %[[Q:.*]], %[[S:.*]], %[[Z:.*]] = onnx.DynamicQuantizeLinear %[[X]]
// CHECK: onnx.DequantizeLinear %[[Q]], %[[S]], %[[Z]]
func.func @dynamic_tensor(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %q, %s, %z = qopt.dynamic_quantize %x granularity <tensor> : tensor<?x4xf32> -> tensor<?x4xui8>, tensor<f32>, tensor<i32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<i32>) : tensor<?x4xui8>, tensor<f32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A zero point per row stays in the codes; the product subtracts it.

// CHECK-LABEL: func.func @zero_point_per_token
// CHECK: %[[SUMS:.*]] = onnx.ReduceSum %[[W:.*]], %{{.*}}
// CHECK: %[[O:.*]] = onnx.Clip
// CHECK: %[[R:.*]] = onnx.Round
// CHECK: %[[V:.*]] = onnx.Add %[[R]], %[[O]]
// CHECK: onnx.QuantizeLinear %[[V]]
// CHECK: %[[P:.*]] = onnx.MatMul %{{.*}}, %[[W]]
// CHECK: %[[OP:.*]] = onnx.Mul %[[O]], %[[SUMS]]
// CHECK: %[[D:.*]] = onnx.Sub %[[P]], %[[OP]]
// CHECK: onnx.Mul %[[D]],
func.func @zero_point_per_token(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %q, %s, %z = qopt.dynamic_quantize %x : tensor<?x4xf32> -> tensor<?x4xui8>, tensor<?xf32>, tensor<?xi32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws zero_point(%z : tensor<?xi32>) : tensor<?x4xui8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A static split: a mask and a Gather, and two MatMuls.

// CHECK-LABEL: func.func @static_outliers
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK: %[[COLUMNS:.*]] = onnx.Constant {value = dense<[1, 3]> : tensor<2xi64>}
// CHECK: %[[MASK:.*]] = onnx.Constant {value = dense<[1.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00]>
// CHECK: %[[BODY:.*]] = onnx.Mul %[[X]], %[[MASK]]
// CHECK: %[[TAIL:.*]] = onnx.Gather %[[X]], %[[COLUMNS]] {axis = -1 : i64}
// CHECK: %[[SMOOTHED:.*]] = onnx.Mul %[[BODY]], %{{.*}}
// CHECK: onnx.Abs %[[SMOOTHED]]
// CHECK: %[[ROWS:.*]] = onnx.Cast %{{.*}} {to = f32}
// CHECK: %[[PRODUCT:.*]] = onnx.MatMul %[[TAIL]], %[[ROWS]]
// CHECK: onnx.Add %{{.*}}, %[[PRODUCT]]
func.func @static_outliers(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %tw = onnx.Constant {value = dense<2.0> : tensor<2x2xf16>} : tensor<2x2xf16>
  %f = onnx.Constant {value = dense<2.0> : tensor<4xf32>} : tensor<4xf32>
  %body, %tail, %columns = qopt.outlier_split %x mode <static> outliers [1, 3] : tensor<?x4xf32> -> tensor<?x4xf32>, tensor<?x2xf32>, tensor<2xi32>
  %q, %s = qopt.dynamic_quantize %body factors(%f : tensor<4xf32>) : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%tail : tensor<?x2xf32>) tail_weight(%tw : tensor<2x2xf16>) : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Columns found at run time, by the whole call; the rows of the weight follow.

// CHECK-LABEL: func.func @dynamic_outliers
// CHECK: %[[LARGEST:.*]] = onnx.ReduceMax %{{.*}}, %{{.*}} {keepdims = 0 : i64}
// CHECK: %[[IS:.*]] = onnx.GreaterOrEqual %[[LARGEST]],
// CHECK: %[[NONZERO:.*]] = onnx.NonZero %[[IS]]
// CHECK: %[[COLUMNS:.*]] = onnx.Reshape %[[NONZERO]]
// CHECK: onnx.Where %[[IS]],
// CHECK: onnx.Gather %{{.*}}, %[[COLUMNS]] {axis = -1 : i64}
// CHECK: onnx.Gather %{{.*}}, %[[COLUMNS]] : (tensor<4x2xf16>
func.func @dynamic_outliers(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<4x2xi8>} : tensor<4x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2xf32>} : tensor<2xf32>
  %tw = onnx.Constant {value = dense<2.0> : tensor<4x2xf16>} : tensor<4x2xf16>
  %body, %tail, %columns = qopt.outlier_split %x mode <dynamic> threshold 6.0 : tensor<?x4xf32> -> tensor<?x4xf32>, tensor<?x?xf32>, tensor<?xi32>
  %q, %s = qopt.dynamic_quantize %body : tensor<?x4xf32> -> tensor<?x4xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%tail : tensor<?x?xf32>) tail_weight(%tw : tensor<4x2xf16>) columns(%columns : tensor<?xi32>) : tensor<?x4xi8>, tensor<?xf32>, tensor<4x2xi8>, tensor<2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// CHECK-LABEL: func.func @weight_only
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>)
// CHECK: %[[GROUPS:.*]] = onnx.Constant {value = dense<[0, 0, 0, 0, 1, 1, 1, 1]> : tensor<8xi64>}
// CHECK: %[[S:.*]] = onnx.Gather %{{.*}}, %[[GROUPS]]
// CHECK: %[[C:.*]] = onnx.Cast %{{.*}} {to = f32}
// CHECK: %[[W:.*]] = onnx.Mul %[[C]], %[[S]]
// CHECK: onnx.MatMul %[[X]], %[[W]]
func.func @weight_only(%x: tensor<?x8xf32>) -> tensor<?x2xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<8x2xi8>} : tensor<8x2xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<2x2xf32>} : tensor<2x2xf32>
  %y = qopt.weight_only_matmul %x, %w, %ws group 4 : tensor<?x8xf32>, tensor<8x2xi8>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
