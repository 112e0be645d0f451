// RUN: qopt-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// A static split: a mask in place of the body, the listed columns as the tail,
// codes padded to blocks of 64.
// CHECK-LABEL: func.func @static
// CHECK: %[[MASK:.*]] = qopt.weight {{.*}} : tensor<80xf32>
// CHECK: %[[COLUMNS:.*]] = qopt.weight {{.*}} : tensor<2xi32>
// CHECK: %[[TAIL:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x2xf32>)
// CHECK: %[[Q:.*]]:2 = qopt.quantize_rows ins(%arg0 : tensor<?x80xf32>) mask(%[[MASK]] : tensor<80xf32>) outs(%{{.*}}, %{{.*}} : tensor<?x128xi8>, tensor<?xf32>)
// CHECK-NOT: arith.cmpf
// CHECK: qopt.matmul ins(%[[Q]]#0, %{{.*}} : tensor<?x128xi8>, tensor<80x32xi8>)
// CHECK-SAME: row_scales(%[[Q]]#1 : tensor<?xf32>) column_scales(%{{.*}} : tensor<32xf32>) tail(%[[TAIL]] : tensor<?x2xf32>) tail_rows(%{{.*}} : tensor<2x32xf16>)
// CHECK-SAME: with(%{{.*}} : tensor<32xf32>)
// CHECK: arith.addf
func.func @static(%x: tensor<?x80xf32>) -> tensor<?x32xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<80x32xi8>} : tensor<80x32xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<32xf32>} : tensor<32xf32>
  %tw = onnx.Constant {value = dense<0.25> : tensor<2x32xf16>} : tensor<2x32xf16>
  %bias = onnx.Constant {value = dense<2.0> : tensor<32xf32>} : tensor<32xf32>
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [5, 22] : tensor<?x80xf32> -> tensor<?x80xf32>, tensor<?x2xf32>, tensor<2xi32>
  %q, %s = qopt.dynamic_quantize %b : tensor<?x80xf32> -> tensor<?x80xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%t : tensor<?x2xf32>) tail_weight(%tw : tensor<2x32xf16>) bias(%bias : tensor<32xf32>)
    : tensor<?x80xi8>, tensor<?xf32>, tensor<80x32xi8>, tensor<32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Factors of smoothing take the place of the mask, or are multiplied into it.
// CHECK-LABEL: func.func @factors
// CHECK: %[[F:.*]] = qopt.weight {{.*}} : tensor<80xf32>
// CHECK: qopt.quantize_rows ins(%arg0 : tensor<?x80xf32>) mask(%[[F]] : tensor<80xf32>)
// CHECK: %[[MASK:.*]] = qopt.weight {{.*}} : tensor<80xf32>
// CHECK: %[[BOTH:.*]] = linalg.generic {{.*}} ins(%[[MASK]], %{{.*}} : tensor<80xf32>, tensor<80xf32>)
// CHECK: arith.mulf
// CHECK: qopt.quantize_rows ins(%arg0 : tensor<?x80xf32>) mask(%[[BOTH]] : tensor<80xf32>)
func.func @factors(%x: tensor<?x80xf32>) -> (tensor<?x80xi8>, tensor<?x80xi8>) {
  %f = onnx.Constant {value = dense<0.5> : tensor<80xf32>} : tensor<80xf32>
  %q, %s = qopt.dynamic_quantize %x factors(%f : tensor<80xf32>) : tensor<?x80xf32> -> tensor<?x80xi8>, tensor<?xf32>
  %b, %t, %c = qopt.outlier_split %x mode <static> outliers [5, 22] : tensor<?x80xf32> -> tensor<?x80xf32>, tensor<?x2xf32>, tensor<2xi32>
  %q2, %s2 = qopt.dynamic_quantize %b factors(%f : tensor<80xf32>) : tensor<?x80xf32> -> tensor<?x80xi8>, tensor<?xf32>
  return %q, %q2 : tensor<?x80xi8>, tensor<?x80xi8>
}

// -----

// The run-time rule: mask, columns and their number from the data.
// CHECK-LABEL: func.func @dynamic
// CHECK: %[[F:.*]]:3 = qopt.find_outliers ins(%arg0 : tensor<?x64xf32>)
// CHECK: %[[N:.*]] = tensor.extract %[[F]]#2
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[N]]
// CHECK: tensor.empty(%{{.*}}, %[[COUNT]]) : tensor<?x?xf32>
// CHECK: qopt.quantize_rows ins(%arg0 : tensor<?x64xf32>) mask(%[[F]]#0 : tensor<64xf32>)
// CHECK: qopt.matmul {{.*}} columns(%[[F]]#1 : tensor<64xi32>)
func.func @dynamic(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %w = onnx.Constant {value = dense<1> : tensor<64x32xi8>} : tensor<64x32xi8>
  %ws = onnx.Constant {value = dense<0.5> : tensor<32xf32>} : tensor<32xf32>
  %tw = onnx.Constant {value = dense<0.25> : tensor<64x32xf16>} : tensor<64x32xf16>
  %b, %t, %c = qopt.outlier_split %x mode <dynamic> threshold 6.0 : tensor<?x64xf32> -> tensor<?x64xf32>, tensor<?x?xf32>, tensor<?xi32>
  %q, %s = qopt.dynamic_quantize %b : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?xf32>
  %y = qopt.quantized_matmul %q, %s, %w, %ws tail(%t : tensor<?x?xf32>) tail_weight(%tw : tensor<64x32xf16>) columns(%c : tensor<?xi32>)
    : tensor<?x64xi8>, tensor<?xf32>, tensor<64x32xi8>, tensor<32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// Clamp in float, round half to even, convert.
// CHECK-LABEL: func.func @quantize
// CHECK: arith.divf
// CHECK: arith.mulf
// CHECK: arith.maximumf
// CHECK: arith.minimumf
// CHECK: math.roundeven
// CHECK: arith.fptosi
// CHECK: arith.sitofp
func.func @quantize(%x: tensor<?x64xf32>, %s: tensor<64xf32>) -> tensor<?x64xf32> {
  %q = qopt.quantize %x, %s granularity <channel> : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xi8>
  %y = qopt.dequantize %q, %s granularity <channel> : tensor<?x64xi8>, tensor<64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// ONNX's own: unsigned codes, zero point, saturation after the zero point.
// CHECK-LABEL: func.func @quantize_linear
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK: arith.uitofp %{{.*}} : i8 to f32
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK: arith.minimumf
// CHECK: arith.fptoui
func.func @quantize_linear(%x: tensor<?x3xf32>, %s: tensor<3xf32>, %z: tensor<3xui8>) -> tensor<?x3xui8> {
  %q = onnx.QuantizeLinear %x, %s, %z {axis = 1 : i64} : (tensor<?x3xf32>, tensor<3xf32>, tensor<3xui8>) -> tensor<?x3xui8>
  return %q : tensor<?x3xui8>
}

// -----

// Exact sums of differences, each with its own signedness.
// CHECK-LABEL: func.func @matmul_integer
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: arith.extui %{{.*}} : i8 to i32
// CHECK: arith.subi
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.muli
// CHECK: arith.addi
func.func @matmul_integer(%a: tensor<?x8xui8>, %b: tensor<8x4xi8>, %az: tensor<ui8>) -> tensor<?x4xi32> {
  %none = onnx.NoValue
  %0 = onnx.MatMulInteger %a, %b, %az, %none : (tensor<?x8xui8>, tensor<8x4xi8>, tensor<ui8>, none) -> tensor<?x4xi32>
  return %0 : tensor<?x4xi32>
}
