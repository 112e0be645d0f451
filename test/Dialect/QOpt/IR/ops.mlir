// RUN: qopt-opt %s | qopt-opt | FileCheck %s
// RUN: qopt-opt %s --mlir-print-op-generic | qopt-opt | FileCheck %s

// CHECK-LABEL: @graph
func.func @graph(%x: tensor<?x?x64xf32>, %s: tensor<64xf32>, %w: tensor<64x8xi8>, %ws: tensor<8xf32>,
                 %t16: tensor<2x8xf16>, %all: tensor<64x8xf32>, %bias: tensor<8xf32>, %one: tensor<f32>, %z: tensor<i32>,
                 %wg: tensor<3x8xf32>) {
  // CHECK: qopt.quantize %{{.*}}, %{{.*}} granularity <channel> : tensor<?x?x64xf32>, tensor<64xf32> -> tensor<?x?x64xi8>
  %q = qopt.quantize %x, %s granularity <channel> : tensor<?x?x64xf32>, tensor<64xf32> -> tensor<?x?x64xi8>
  // CHECK: qopt.dequantize %{{.*}}, %{{.*}} granularity <channel> : tensor<?x?x64xi8>, tensor<64xf32> -> tensor<?x?x64xf32>
  %d = qopt.dequantize %q, %s granularity <channel> : tensor<?x?x64xi8>, tensor<64xf32> -> tensor<?x?x64xf32>
  // CHECK: qopt.outlier_split %{{.*}} mode <static> outliers [5, 22] : tensor<?x?x64xf32> -> tensor<?x?x64xf32>, tensor<?x?x2xf32>, tensor<2xi32>
  %b, %t, %c = qopt.outlier_split %d mode <static> outliers [5, 22] : tensor<?x?x64xf32> -> tensor<?x?x64xf32>, tensor<?x?x2xf32>, tensor<2xi32>
  // CHECK: qopt.outlier_split %{{.*}} mode <dynamic> threshold 6.000000e+00 : tensor<?x?x64xf32> -> tensor<?x?x64xf32>, tensor<?x?x?xf32>, tensor<?xi32>
  %b2, %t2, %c2 = qopt.outlier_split %x mode <dynamic> threshold 6.0 : tensor<?x?x64xf32> -> tensor<?x?x64xf32>, tensor<?x?x?xf32>, tensor<?xi32>
  // CHECK: qopt.dynamic_quantize %{{.*}} : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
  %codes, %scale = qopt.dynamic_quantize %b : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
  // CHECK: qopt.dynamic_quantize %{{.*}} factors(%{{.*}} : tensor<64xf32>) : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
  %codes2, %scale2 = qopt.dynamic_quantize %x factors(%s : tensor<64xf32>) : tensor<?x?x64xf32> -> tensor<?x?x64xi8>, tensor<?x?xf32>
  // CHECK: qopt.quantized_matmul %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor
  %y0 = qopt.quantized_matmul %codes, %scale, %w, %ws : tensor<?x?x64xi8>, tensor<?x?xf32>, tensor<64x8xi8>, tensor<8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.quantized_matmul {{.*}} tail(%{{.*}} : tensor<?x?x2xf32>) tail_weight(%{{.*}} : tensor<2x8xf16>) bias(%{{.*}} : tensor<8xf32>) : tensor
  %y1 = qopt.quantized_matmul %codes, %scale, %w, %ws tail(%t : tensor<?x?x2xf32>) tail_weight(%t16 : tensor<2x8xf16>) bias(%bias : tensor<8xf32>) : tensor<?x?x64xi8>, tensor<?x?xf32>, tensor<64x8xi8>, tensor<8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.quantized_matmul {{.*}} tail(%{{.*}} : tensor<?x?x?xf32>) tail_weight(%{{.*}} : tensor<64x8xf32>) columns(%{{.*}} : tensor<?xi32>) : tensor
  %y2 = qopt.quantized_matmul %codes, %scale, %w, %ws tail(%t2 : tensor<?x?x?xf32>) tail_weight(%all : tensor<64x8xf32>) columns(%c2 : tensor<?xi32>) : tensor<?x?x64xi8>, tensor<?x?xf32>, tensor<64x8xi8>, tensor<8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.quantize %{{.*}}, %{{.*}} zero_point(%{{.*}} : tensor<i32>) factors(%{{.*}} : tensor<64xf32>) granularity <tensor> : tensor<?x?x64xf32>, tensor<f32> -> tensor<?x?x64xui8>
  %u = qopt.quantize %x, %one zero_point(%z : tensor<i32>) factors(%s : tensor<64xf32>) granularity <tensor> : tensor<?x?x64xf32>, tensor<f32> -> tensor<?x?x64xui8>
  // CHECK: qopt.dynamic_quantize %{{.*}} granularity <tensor> : tensor<?x?x64xf32> -> tensor<?x?x64xui8>, tensor<f32>, tensor<i32>
  %u2, %s2, %z2 = qopt.dynamic_quantize %x granularity <tensor> : tensor<?x?x64xf32> -> tensor<?x?x64xui8>, tensor<f32>, tensor<i32>
  // CHECK: qopt.dynamic_quantize %{{.*}} : tensor<?x?x64xf32> -> tensor<?x?x64xui8>, tensor<?x?xf32>, tensor<?x?xi32>
  %u3, %s3, %z3 = qopt.dynamic_quantize %x : tensor<?x?x64xf32> -> tensor<?x?x64xui8>, tensor<?x?xf32>, tensor<?x?xi32>
  // CHECK: qopt.quantized_matmul %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} zero_point(%{{.*}} : tensor<i32>) : tensor<?x?x64xui8>, tensor<f32>, tensor<64x8xi8>, tensor<f32> -> tensor<?x?x8xf32>
  %y3 = qopt.quantized_matmul %u, %one, %w, %one zero_point(%z : tensor<i32>) : tensor<?x?x64xui8>, tensor<f32>, tensor<64x8xi8>, tensor<f32> -> tensor<?x?x8xf32>
  // The last group is short. The tail meets the codes of the weight.
  // CHECK: qopt.quantized_matmul %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} group 24 zero_point(%{{.*}} : tensor<?x?xi32>) tail(%{{.*}} : tensor<?x?x?xf32>) columns(%{{.*}} : tensor<?xi32>) : tensor
  %y4 = qopt.quantized_matmul %u3, %s3, %w, %wg group 24 zero_point(%z3 : tensor<?x?xi32>) tail(%t2 : tensor<?x?x?xf32>) columns(%c2 : tensor<?xi32>) : tensor<?x?x64xui8>, tensor<?x?xf32>, tensor<64x8xi8>, tensor<3x8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.weight_only_matmul %{{.*}}, %{{.*}}, %{{.*}} group 24 bias(%{{.*}} : tensor<8xf32>) : tensor<?x?x64xf32>, tensor<64x8xi8>, tensor<3x8xf32> -> tensor<?x?x8xf32>
  %y5 = qopt.weight_only_matmul %x, %w, %wg group 24 bias(%bias : tensor<8xf32>) : tensor<?x?x64xf32>, tensor<64x8xi8>, tensor<3x8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.weight_only_matmul %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x64xf32>, tensor<64x8xi8>, tensor<8xf32> -> tensor<?x?x8xf32>
  %y6 = qopt.weight_only_matmul %x, %w, %ws : tensor<?x?x64xf32>, tensor<64x8xi8>, tensor<8xf32> -> tensor<?x?x8xf32>
  // CHECK: qopt.observe %{{.*}} tap 3 "node" : tensor<?x?x64xf32>
  qopt.observe %x tap 3 "node" : tensor<?x?x64xf32>
  return
}

// CHECK-LABEL: @attributes
// CHECK-SAME: #qopt.granularity<token>
// CHECK-SAME: #qopt.outlier_mode<dynamic>
// CHECK-SAME: #qopt.scheme<weight_bits = 8, weight_granularity = tensor, activation_granularity = token, outliers = dynamic, threshold = 6.000000e+00 : f32>
func.func @attributes() attributes {
    a = #qopt.granularity<token>, b = #qopt.outlier_mode<dynamic>,
    c = #qopt.scheme<weight_bits = 8, weight_granularity = tensor, activation_granularity = token, outliers = dynamic, threshold = 6.0 : f32>} {
  return
}

// Destination style on tensors.
// CHECK-LABEL: @kernels
func.func @kernels(%x: tensor<?x100xf32>, %mask: tensor<100xf32>, %codes: tensor<?x128xi8>, %scales: tensor<?xf32>,
                   %columns: tensor<100xi32>, %count: tensor<1xi32>, %bias: tensor<40xf32>, %out: tensor<?x40xf32>,
                   %tail: tensor<?x?xf32>) -> tensor<?x40xf32> {
  // CHECK: qopt.weight dense<1> : tensor<100x40xi8> : tensor<100x40xi8>
  %w = qopt.weight dense<1> : tensor<100x40xi8> : tensor<100x40xi8>
  // CHECK: qopt.weight dense<1.000000e+00> : tensor<40xf32> at 64 : tensor<40xf32>
  %ws = qopt.weight dense<1.0> : tensor<40xf32> at 64 : tensor<40xf32>
  %wt = qopt.weight dense<1.0> : tensor<100x40xf16> : tensor<100x40xf16>
  // CHECK: qopt.find_outliers ins(%{{.*}} : tensor<?x100xf32>) outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<100xf32>, tensor<100xi32>, tensor<1xi32>) threshold 6.000000e+00 ->
  %m, %c, %n = qopt.find_outliers ins(%x : tensor<?x100xf32>) outs(%mask, %columns, %count : tensor<100xf32>, tensor<100xi32>, tensor<1xi32>) threshold 6.0 -> tensor<100xf32>, tensor<100xi32>, tensor<1xi32>
  // CHECK: qopt.quantize_rows ins(%{{.*}} : tensor<?x100xf32>) mask(%{{.*}} : tensor<100xf32>) outs(%{{.*}}, %{{.*}} : tensor<?x128xi8>, tensor<?xf32>) -> tensor<?x128xi8>, tensor<?xf32>
  %q, %s = qopt.quantize_rows ins(%x : tensor<?x100xf32>) mask(%m : tensor<100xf32>) outs(%codes, %scales : tensor<?x128xi8>, tensor<?xf32>) -> tensor<?x128xi8>, tensor<?xf32>
  // CHECK: qopt.matmul ins({{.*}}) row_scales({{.*}}) column_scales({{.*}}) tail({{.*}}) tail_rows({{.*}}) columns({{.*}}) with(%{{.*}} : tensor<40xf32>) outs(%{{.*}} : tensor<?x40xf32>) epilogue {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32):
  // CHECK-NEXT:   %[[SUM:.*]] = arith.addf %[[ACC]], %[[BIAS]] : f32
  // CHECK-NEXT:   qopt.yield %[[SUM]] : f32
  // CHECK-NEXT: } -> tensor<?x40xf32>
  %y = qopt.matmul ins(%q, %w : tensor<?x128xi8>, tensor<100x40xi8>) row_scales(%s : tensor<?xf32>) column_scales(%ws : tensor<40xf32>)
      tail(%tail : tensor<?x?xf32>) tail_rows(%wt : tensor<100x40xf16>) columns(%c : tensor<100xi32>)
      with(%bias : tensor<40xf32>) outs(%out : tensor<?x40xf32>) epilogue {
    ^bb0(%acc: f32, %b: f32):
      %sum = arith.addf %acc, %b : f32
      qopt.yield %sum : f32
  } -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// The same on memrefs, packed, without results; and what talks to the runtime.
// CHECK-LABEL: @memrefs
func.func @memrefs(%x: memref<?x100xf32>, %codes: memref<?x128xi8>, %scales: memref<?xf32>, %w: memref<2x2x2x16x64xi8>,
                   %ws: memref<40xf32>, %sums: memref<64xi32>, %ok: i1, %n: index) {
  // CHECK: qopt.require %{{.*}}, "{0} is not {1}"(%{{.*}}, %{{.*}})
  qopt.require %ok, "{0} is not {1}"(%n, %n)
  // CHECK: qopt.output 0(%{{.*}}) : memref<?x40xf32>
  %out = qopt.output 0(%n) : memref<?x40xf32>
  // CHECK: qopt.quantize_rows ins(%{{.*}} : memref<?x100xf32>) outs(%{{.*}}, %{{.*}} : memref<?x128xi8>, memref<?xf32>){{$}}
  qopt.quantize_rows ins(%x : memref<?x100xf32>) outs(%codes, %scales : memref<?x128xi8>, memref<?xf32>)
  // CHECK: qopt.matmul ins({{.*}}) row_scales({{.*}}) column_scales({{.*}}) sums(%{{.*}} : memref<64xi32>) outs
  qopt.matmul ins(%codes, %w : memref<?x128xi8>, memref<2x2x2x16x64xi8>) row_scales(%scales : memref<?xf32>) column_scales(%ws : memref<40xf32>)
      sums(%sums : memref<64xi32>) outs(%out : memref<?x40xf32>) epilogue {
    ^bb0(%acc: f32):
      qopt.yield %acc : f32
  }
  // CHECK: qopt.parallel_call @rows(%{{.*}} grain %{{.*}}) args(%{{.*}} : memref<?x40xf32>)
  qopt.parallel_call @rows(%n grain %n) args(%out : memref<?x40xf32>)
  return
}
func.func private @rows(index, index, memref<?x40xf32>)
